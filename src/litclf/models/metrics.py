"""Metrics of classes that mean what they say: of the class that is named, and over classes that have samples.

What has no meaning on a split, such as the recall of a class without samples, is not a number.
"""

from __future__ import annotations

import math
from copy import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics import Metric, MetricCollection

from litclf.utilities.processes import gathered

NAMES = ("accuracy", "f1", "precision", "recall", "auroc", "calibration_error")

_BINS = 15


class ClassMetrics:
    """Accuracy, F1, precision, recall, area under the ROC curve and calibration error, by name.

    All are made of the same scores, which are kept until then: six metrics of TorchMetrics that each count for
    themselves cost thirty times as much on a small split. It is used as a collection of them is, over several processes
    too.

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

    def __init__(self, num_classes: int, binary: bool) -> None:
        self.num_classes, self.binary = num_classes, binary
        self.positive = 1
        self._seen: list[tuple[Tensor, Tensor]] = []

    def keys(self) -> tuple[str, ...]:
        """The names of the metrics."""
        return NAMES

    def clone(self) -> ClassMetrics:
        """Another of the same settings, which has seen nothing."""
        own = copy(self)
        own.reset()
        return own

    @property
    def update_called(self) -> bool:
        """Whether it has seen samples since it was reset."""
        return bool(self._seen)

    def reset(self) -> None:
        """Forgets what was seen."""
        self._seen = []

    def update(self, scores: Tensor, targets: Tensor) -> None:
        """Takes the scores of a batch and its targets, int64 of shape ``(N,)``."""
        self._seen.append((scores.detach(), targets))

    def compute(self) -> dict[str, Tensor]:
        """The values of all that was seen, by all processes, 0-dimensional, by name."""
        device = self._seen[0][0].device
        scores, targets = (torch.cat(parts).cpu() for parts in zip(*self._seen, strict=True))
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            scores, targets = (torch.cat(parts) for parts in zip(*gathered((scores, targets)), strict=True))
        values = self.measure(scores[None], targets)
        return {name: value[0].to(device, torch.float32) for name, value in values.items()}

    def measure(self, scores: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """The values of each of M models that have scored the same samples.

        Args:
            scores: As :meth:`update` takes them, of each model, shape ``(M, N)`` or ``(M, N, C)``, on the CPU.
            targets: int64 of shape ``(N,)``, on the CPU.

        Returns:
            float64 of shape ``(M,)``, by name.
        """
        predicted = (scores > 0.5).long() if self.binary else scores.argmax(dim=2)
        sure = scores if self.binary else scores.amax(dim=2)
        right = targets.expand_as(predicted) if self.binary else (predicted == targets).long()
        counts = self._counts(predicted, targets)
        accuracy = counts.diagonal(axis1=1, axis2=2).sum(axis=1) / len(targets)
        areas = self._areas(scores, targets, counts)
        values = (accuracy, *self._by_class(counts), areas, _calibration_errors(sure, right))
        return dict(zip(NAMES, map(torch.from_numpy, values), strict=True))

    def _counts(self, predicted: Tensor, targets: Tensor) -> NDArray[np.int64]:
        """How many samples of each class, a row each, were taken for which, shape ``(M, C, C)``."""
        models, cells = len(predicted), self.num_classes**2
        found = targets * self.num_classes + predicted + cells * torch.arange(models)[:, None]
        return np.bincount(found.flatten().numpy(), minlength=models * cells).reshape(models, *[self.num_classes] * 2)

    def _by_class(self, counts: NDArray[np.int64]) -> list[NDArray[np.float64]]:
        """F1, precision and recall: of the positive class, or means over the classes that have samples."""
        hits, samples, predictions = counts.diagonal(axis1=1, axis2=2), counts[0].sum(axis=1), counts.sum(axis=1)
        there = samples > 0
        if self.binary:
            there &= np.arange(2) == self.positive
        if not there.any():
            return [np.full(len(counts), math.nan)] * 3
        hits, samples, predictions = hits[:, there], samples[there], predictions[:, there]
        shares = (2 * hits / (samples + predictions), hits / np.maximum(predictions, 1), hits / samples)
        return [share.mean(axis=1) for share in shares]

    def _areas(self, scores: Tensor, targets: Tensor, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Mean area under the ROC curve of the classes that have samples, each against the rest, shape ``(M,)``."""
        if self.binary:
            return _areas(scores, targets == 1)
        there = np.flatnonzero(counts[0].sum(axis=1)).tolist()
        return np.asarray(np.mean([_areas(scores[:, :, number], targets == number) for number in there], axis=0))


def was_updated(metrics: ClassMetrics | MetricCollection) -> bool:
    """Whether metrics were given samples since they were last reset.

    Example:
        >>> metrics = ClassMetrics(2, binary=True)
        >>> metrics.update(torch.tensor([0.9]), torch.tensor([1])), was_updated(metrics), metrics.reset()
        (None, True, None)
        >>> was_updated(metrics)
        False
    """
    if isinstance(metrics, ClassMetrics):
        return metrics.update_called
    return any(one.update_called for one in metrics.modules() if isinstance(one, Metric))


def _areas(scores: Tensor, is_class: Tensor) -> NDArray[np.float64]:
    """Share of pairs, of a sample of a class and one of the rest, that ``scores`` order rightly; equal ones by half.

    That is the area under the ROC curve, of each row of scores; not a number where there is no pair.

    Example:
        >>> _areas(torch.tensor([[0.1, 0.4, 0.4, 0.8]]), torch.tensor([False, True, False, True]))
        array([0.875])
    """
    own, rest = scores[:, is_class].contiguous(), scores[:, ~is_class].sort(dim=1).values
    pairs = own.shape[1] * rest.shape[1]
    if not pairs:
        return np.full(len(scores), math.nan)
    ordered = torch.searchsorted(rest, own) + torch.searchsorted(rest, own, right=True)
    return np.asarray(ordered.sum(dim=1).numpy() / (2 * pairs))


def _calibration_errors(sure: Tensor, right: Tensor) -> NDArray[np.float64]:
    """Mean distance, over samples, of the mean probability from the share that is right in the same of 15 bins.

    Args:
        sure: Probability of what is ``right`` with 1, shape ``(M, N)``, on the CPU.
        right: 0 or 1, shape ``(M, N)``, on the CPU.
    """
    edges, models, bins = torch.linspace(0, 1, _BINS + 1, dtype=sure.dtype), len(sure), _BINS + 1
    found = torch.bucketize(sure, edges, right=True) - 1 + bins * torch.arange(models)[:, None]
    gaps = np.bincount(found.flatten().numpy(), (right - sure.double()).flatten().numpy(), minlength=models * bins)
    return np.asarray(np.abs(gaps.reshape(models, bins)).sum(axis=1) / sure.shape[1])
