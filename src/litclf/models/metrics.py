"""Metrics of classes that mean what they say: of the class that is named, and over classes that have samples.

What has no meaning on a split, such as the recall of a class without samples, is not a number.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor
from torchmetrics.classification import (
    BinaryAUROC,
    BinaryStatScores,
    MulticlassAUROC,
    MulticlassF1Score,
    MulticlassPrecision,
    MulticlassRecall,
    MulticlassStatScores,
)
from torchmetrics.functional.classification import binary_auroc
from torchmetrics.utilities.data import dim_zero_cat


class OfClass(BinaryStatScores):
    """F1, precision or recall of one of two classes; not a number where it has no samples.

    Args:
        name: ``f1``, ``precision`` or ``recall``.

    Attributes:
        positive: The class, 0 or 1.

    Example:
        >>> recall = OfClass("recall")
        >>> recall.update(torch.tensor([0.9, 0.8, 0.1]), torch.tensor([1, 0, 0]))
        >>> recall.positive = 0
        >>> float(recall.compute())
        0.5
    """

    def __init__(self, name: str) -> None:
        super().__init__(validate_args=False)
        self.name = name
        self.positive = 1

    def compute(self) -> Tensor:
        """The value of all that was seen."""
        counts = [cast(Tensor, count) for count in (self.tp, self.fp, self.tn, self.fn)]
        tp, wrong, tn, missed = map(float, counts)
        if self.positive == 0:
            tp, wrong, missed = tn, missed, wrong
        if not tp + missed:
            return torch.tensor(torch.nan)
        of = {"f1": 2 * tp + wrong + missed, "precision": tp + wrong, "recall": tp + missed}[self.name]
        share = (2 * tp if self.name == "f1" else tp) / of if of else 0.0
        return torch.tensor(share, device=counts[0].device)


class AUROC(BinaryAUROC):
    """Area under the ROC curve of two classes; not a number where one of them has no samples."""

    def compute(self) -> Tensor:  # type: ignore[override]  # TorchMetrics has it give the curve's area too
        """The value of all that was seen."""
        return _areas(dim_zero_cat(self.preds)[:, None], dim_zero_cat(self.target), [1])


class MeanAUROC(MulticlassAUROC):
    """Mean area under the ROC curve of each class against the rest, over the classes that have samples."""

    def compute(self) -> Tensor:  # type: ignore[override]  # as above
        """The value of all that was seen."""
        target = dim_zero_cat(self.target)
        return _areas(dim_zero_cat(self.preds), target, torch.unique(target).tolist())


def _areas(scores: Tensor, target: Tensor, classes: list[int]) -> Tensor:
    """Mean area of ``classes`` against the rest; not a number where there is no rest."""
    of_class = [(scores[:, min(number, scores.shape[1] - 1)], (target == number).long()) for number in classes]
    areas = [binary_auroc(score, y, validate_args=False) for score, y in of_class if 0 < int(y.sum()) < len(y)]
    return torch.stack(areas).mean() if areas else torch.tensor(torch.nan)


class _OverPresent(MulticlassStatScores):
    """Mean over the classes that have samples, of a metric of TorchMetrics that counts by class."""

    def __init__(self, num_classes: int) -> None:
        super().__init__(num_classes, average="none", validate_args=False)

    def compute(self) -> Tensor:
        """The value of all that was seen."""
        present = cast(Tensor, self.tp) + cast(Tensor, self.fn) > 0
        values = super().compute()
        return (values[present] / present.sum()).sum() if bool(present.any()) else torch.tensor(torch.nan)


class MeanF1(_OverPresent, MulticlassF1Score):
    """Mean F1 score of the classes that have samples.

    Example:
        >>> f1 = MeanF1(3)  # a class has no samples
        >>> f1.update(torch.tensor([0, 0, 1]), torch.tensor([0, 0, 1]))
        >>> float(f1.compute())
        1.0
    """


class MeanPrecision(_OverPresent, MulticlassPrecision):
    """Mean precision of the classes that have samples."""


class MeanRecall(_OverPresent, MulticlassRecall):
    """Mean recall of the classes that have samples."""
