"""Binary classifier: two classes, one logit."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from litclf.models.classifier import Classifier
from litclf.utilities.errors import InputError


class BinaryClassifier(Classifier):
    """Tells two classes apart by one logit, with binary cross-entropy.

    ``forward`` returns logits of shape ``(N,)``; class 1 is predicted where its probability is above one half. F1,
    precision and recall are of the positive class. For the arguments see :class:`~litclf.models.classifier.Classifier`.

    Source: :func:`torch.nn.functional.binary_cross_entropy_with_logits`.

    Example:
        >>> import torch
        >>> model = BinaryClassifier(hidden_dims=[10, 10], input_shape=[2], num_classes=2)
        >>> model(torch.zeros(3, 2)).shape
        torch.Size([3])
    """

    binary = True

    def num_logits(self, num_classes: int) -> int:
        """One logit, for two classes only."""
        if num_classes != 2:
            raise InputError(
                "model", f"BinaryClassifier needs 2 classes, got {num_classes}", "pass --model MulticlassClassifier"
            )
        return 1

    def shaped(self, outputs: Tensor) -> Tensor:
        """Logits of shape ``(N,)``."""
        return outputs.flatten()

    def loss(self, logits: Tensor, y: Tensor, targets: Tensor | None = None) -> Tensor:
        """Mean binary cross-entropy, in nats; of what each of the two classes counts, where ``targets`` say so."""
        if targets is None:
            return F.binary_cross_entropy_with_logits(logits, y.to(logits.dtype))
        return (targets[:, 1] * F.softplus(-logits) + targets[:, 0] * F.softplus(logits)).mean()
