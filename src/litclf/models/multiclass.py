"""Multiclass classifier: several classes, a logit each."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassCalibrationError

from litclf.models.classifier import Classifier
from litclf.models.metrics import MeanAUROC, MeanF1, MeanPrecision, MeanRecall


class MulticlassClassifier(Classifier):
    """Tells classes apart by a logit each, with cross-entropy.

    ``forward`` returns logits of shape ``(N, num_classes)``. Accuracy counts samples; F1, precision, recall and the
    area under the ROC curve are means over the classes that have samples. For the arguments see
    :class:`~litclf.models.classifier.Classifier`.

    Source: :func:`torch.nn.functional.cross_entropy`.

    Example:
        >>> import torch
        >>> model = MulticlassClassifier(hidden_dims=[8], input_shape=[2], num_classes=4)
        >>> model(torch.zeros(3, 2)).shape
        torch.Size([3, 4])
    """

    def loss(self, logits: Tensor, y: Tensor, weights: Tensor | None = None) -> Tensor:
        """Mean cross-entropy, in nats, of each sample times its weight where there are any."""
        return (
            F.cross_entropy(logits, y)
            if weights is None
            else (F.cross_entropy(logits, y, reduction="none") * weights).mean()
        )

    def metrics(self, num_classes: int) -> MetricCollection:
        """Accuracy, F1, precision, recall, area under the ROC curve and calibration error."""
        return MetricCollection(
            {
                "accuracy": MulticlassAccuracy(num_classes, average="micro", validate_args=False),
                "f1": MeanF1(num_classes),
                "precision": MeanPrecision(num_classes),
                "recall": MeanRecall(num_classes),
                "auroc": MeanAUROC(num_classes, validate_args=False),
                "calibration_error": MulticlassCalibrationError(num_classes, n_bins=15, validate_args=False),
            },
            compute_groups=[["accuracy"], ["f1", "precision", "recall"], ["auroc"], ["calibration_error"]],
        )
