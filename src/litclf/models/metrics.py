"""Metrics of classes that mean what they say: of the class that is named, and over classes that have samples.

What has no meaning on a split, such as the recall of a class without samples, is not a number.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics import Metric, MetricCollection
from torchmetrics.utilities.data import dim_zero_cat

NAMES = ("accuracy", "f1", "precision", "recall", "auroc", "calibration_error")

_BINS = 15


class ClassMetrics(Metric):
    """Accuracy, F1, precision, recall, area under the ROC curve and calibration error, by name.

    All are made of the same scores, which are kept until then: six metrics that each count for themselves cost thirty
    times as much on a small split.

    Of two classes told apart by one score, F1, precision and recall are of the positive class; of several classes
    they are means over those that have samples, and so is the area of each class against the rest. The calibration
    error is the expected one, in 15 bins: of the probability of class 1, or of the most probable class.

    Args:
        num_classes: Number of classes.
        binary: Whether scores are the probability of class 1, of shape ``(N,)``; else one of each class, ``(N, C)``.

    Attributes:
        positive: Of two classes, the one that is measured.

    Example:
        >>> metrics = ClassMetrics(2, binary=True)
        >>> metrics.update(torch.tensor([0.9, 0.8, 0.1]), torch.tensor([1, 0, 0]))
        >>> metrics.positive = 0
        >>> float(metrics.compute()["recall"])
        0.5
    """

    full_state_update = False
    scores: list[Tensor]
    targets: list[Tensor]

    def __init__(self, num_classes: int, binary: bool) -> None:
        super().__init__()
        self.num_classes, self.binary = num_classes, binary
        self.positive = 1
        self.add_state("scores", [], dist_reduce_fx="cat")
        self.add_state("targets", [], dist_reduce_fx="cat")

    def keys(self) -> tuple[str, ...]:
        """The names of the metrics."""
        return NAMES

    def update(self, scores: Tensor, targets: Tensor) -> None:
        """Takes the scores of a batch and its targets, int64 of shape ``(N,)``."""
        self.scores.append(scores)
        self.targets.append(targets)

    def compute(self) -> dict[str, Tensor]:
        """The values of all that was seen, 0-dimensional, by name."""
        scores, targets = dim_zero_cat(self.scores), dim_zero_cat(self.targets)
        predicted = (scores > 0.5).long() if self.binary else scores.argmax(dim=1)
        sure = scores if self.binary else scores.amax(dim=1)
        right = targets if self.binary else (predicted == targets).long()
        counts = self._counts(predicted, targets)
        values = [counts.trace() / counts.sum(), *self._by_class(counts), self._mean_area(scores, targets, counts)]
        values.append(_calibration_error(sure.cpu(), right.cpu()))
        return dict(zip(NAMES, torch.tensor(values, device=scores.device).unbind(), strict=True))

    def _counts(self, predicted: Tensor, targets: Tensor) -> NDArray[np.int64]:
        """How many samples of each class, a row each, were taken for which."""
        cells = (targets * self.num_classes + predicted).cpu().numpy()
        return np.bincount(cells, minlength=self.num_classes**2).reshape(self.num_classes, self.num_classes)

    def _by_class(self, counts: NDArray[np.int64]) -> list[float]:
        """F1, precision and recall: of the positive class, or means over the classes that have samples."""
        hits, samples, predictions = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
        there = samples > 0
        if self.binary:
            there &= np.arange(2) == self.positive
        if not there.any():
            return [math.nan] * 3
        hits, samples, predictions = hits[there], samples[there], predictions[there]
        shares = (2 * hits / (samples + predictions), hits / np.maximum(predictions, 1), hits / samples)
        return [float(share.mean()) for share in shares]

    def _mean_area(self, scores: Tensor, targets: Tensor, counts: NDArray[np.int64]) -> float:
        """Mean area under the ROC curve of the classes that have samples, each against the rest."""
        if self.binary:
            return _area(scores, targets == 1)
        there = np.flatnonzero(counts.sum(axis=1)).tolist()
        return float(np.mean([_area(scores[:, number], targets == number) for number in there]))


def was_updated(metrics: Metric | MetricCollection) -> bool:
    """Whether metrics were given samples since they were last reset.

    Example:
        >>> metrics = ClassMetrics(2, binary=True)
        >>> metrics.update(torch.tensor([0.9]), torch.tensor([1])), was_updated(metrics), metrics.reset()
        (None, True, None)
        >>> was_updated(metrics)
        False
    """
    return any(one.update_called for one in metrics.modules() if isinstance(one, Metric))


def _area(scores: Tensor, is_class: Tensor) -> float:
    """Share of pairs, of a sample of a class and one of the rest, that ``scores`` order rightly; equal ones by half.

    That is the area under the ROC curve; not a number where there is no pair.

    Example:
        >>> _area(torch.tensor([0.1, 0.4, 0.4, 0.8]), torch.tensor([False, True, False, True]))
        0.875
    """
    own, rest = scores[is_class], scores[~is_class].sort().values
    pairs = len(own) * len(rest)
    ordered = torch.searchsorted(rest, own) + torch.searchsorted(rest, own, right=True)
    return int(ordered.sum()) / (2 * pairs) if pairs else math.nan


def _calibration_error(sure: Tensor, right: Tensor) -> float:
    """Mean distance, over samples, of the mean probability from the share that is right in the same of 15 bins.

    Args:
        sure: Probability of what is ``right`` with 1, shape ``(N,)``, on the CPU.
        right: 0 or 1, shape ``(N,)``, on the CPU.
    """
    edges = torch.linspace(0, 1, _BINS + 1, dtype=sure.dtype)
    bins = (torch.bucketize(sure, edges, right=True) - 1).numpy()
    gaps = np.bincount(bins, (right - sure.double()).numpy())
    return float(np.abs(gaps).sum() / len(right))
