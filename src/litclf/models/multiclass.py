"""Multiclass classifier: several classes, a logit each."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from litclf.models.classifier import Classifier


class MulticlassClassifier(Classifier):
    """Tells classes apart by a logit each, with cross-entropy.

    ``forward`` returns logits of shape ``(N, num_classes)``. Accuracy counts samples; F1, precision, recall and the
    area under the ROC curve are means over the classes that have samples; of two classes F1, precision and recall are
    of the positive one. For the arguments see
    :class:`~litclf.models.classifier.Classifier`.

    Source: :func:`torch.nn.functional.cross_entropy`.

    Example:
        >>> import torch
        >>> model = MulticlassClassifier(hidden_dims=[8], input_shape=[2], num_classes=4)
        >>> model(torch.zeros(3, 2)).shape
        torch.Size([3, 4])
    """

    def loss(self, logits: Tensor, y: Tensor, targets: Tensor | None = None) -> Tensor:
        """Mean cross-entropy, in nats; of what each class counts, where ``targets`` say so."""
        return F.cross_entropy(logits, y if targets is None else targets)
