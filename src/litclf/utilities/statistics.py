"""Statistics: intervals and tests of what was measured on few samples or few seeds.

:mod:`scipy.stats` takes a second to load, so each function that needs it loads it when it is called.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist, mean
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CONFIDENCE = 0.95

_FEW = 8
"""Values below which nothing can be said of their distribution."""


def wilson(accuracy: float, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of an accuracy in [0, 1] that was measured on ``count`` samples, one or more.

    Each report has some, so that none waits for :mod:`scipy.stats`.

    Example:
        >>> [round(bound, 4) for bound in wilson(1.0, 100)]
        [0.963, 1.0]
    """
    share, z = round(accuracy * count) / count, NormalDist().inv_cdf((1 + _CONFIDENCE) / 2)
    middle, half = share + z**2 / (2 * count), z * math.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    low, high = ((middle + side * half) / (1 + z**2 / count) for side in (-1, 1))
    return (0.0 if share == 0 else low), (1.0 if share == 1 else high)


def student(values: Sequence[float]) -> tuple[float, float]:
    """Student's 95 % interval of the mean of ``values``, of which there are two or more.

    Example:
        >>> [round(bound, 4) for bound in student([1.0, 2.0, 3.0])]
        [-0.4841, 4.4841]
    """
    from scipy.stats import sem, t

    middle, half = mean(values), sem(values) * t.ppf((1 + _CONFIDENCE) / 2, len(values) - 1)
    return float(middle - half), float(middle + half)


def nadeau_bengio(values: Sequence[float], overlap: float) -> tuple[float, float]:
    """A 95 % interval of the mean of what folds were tested with, two or more.

    Their training sets overlap, so they vary together, and Student's interval would be too narrow: the variance of the
    mean is taken as ``(1 / J + overlap)`` times that of the ``J`` values, with ``J - 1`` degrees of freedom.

    Args:
        values: What was measured in each fold of each repeat.
        overlap: Rows that a fold is tested on for each that it is trained on: ``1 / (k - 1)`` with ``k`` folds.

    Source: Nadeau and Bengio, Inference for the Generalization Error, 2003.

    Example:
        >>> [round(bound, 4) for bound in nadeau_bengio([0.9, 0.95, 1.0], 0.5)]
        [0.7536, 1.1464]
    """
    from statistics import mean, variance

    from scipy.stats import t

    error = ((1 / len(values) + overlap) * variance(values)) ** 0.5
    half = error * t.ppf((1 + _CONFIDENCE) / 2, len(values) - 1)
    return float(mean(values) - half), float(mean(values) + half)


def mcnemar(only_first: int, only_second: int) -> float:
    """McNemar's exact p-value, two-sided: of two equally good ones, either is alone right by the toss of a coin.

    Args:
        only_first: Samples that only the first classifier gets right.
        only_second: Samples that only the second gets right.

    Example:
        >>> mcnemar(8, 2)
        0.109375
    """
    from scipy.stats import binomtest

    alone = only_first + only_second
    return float(binomtest(only_first, alone).pvalue) if alone else 1.0


def paired_interval(only_first: int, only_second: int, count: int) -> tuple[float, float]:
    """A 95 % interval of how much more often the first of two classifiers is right, on the same samples.

    Wald's, with half a sample added to each of the four cells: it keeps what it promises on few samples too, and has a
    width where the two never differ.

    Args:
        only_first: Samples that only the first classifier gets right.
        only_second: Samples that only the second gets right.
        count: All samples, one or more.

    Source: Agresti and Min, Simple improved confidence intervals for comparing matched proportions, 2005.

    Example:
        >>> [round(bound, 3) for bound in paired_interval(8, 2, 100)]
        [-0.004, 0.122]
    """
    first, second, total, z = (
        only_first + 0.5,
        only_second + 0.5,
        count + 2,
        NormalDist().inv_cdf((1 + _CONFIDENCE) / 2),
    )
    middle = (first - second) / total
    half = z * math.sqrt(first + second - (first - second) ** 2 / total) / total
    return middle - half, middle + half


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's p-values: how often chance alone would bring one so small among so many, at most.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted


def interval_of_mean(values: Sequence[float]) -> tuple[float, float, str]:
    """A 95 % interval of the mean of ``values``, and what it was made by.

    Student's t; where Shapiro and Wilk's test finds eight or more values far from normal (p below 0.01), the bootstrap,
    bias-corrected and accelerated, of 9999 samples that are drawn the same each time. Of a single value there is none.

    Returns:
        Lower and upper end, and ``student``, ``bootstrap``, or ``none``.

    Example:
        >>> low, high, how = interval_of_mean([0.5] * 30 + [1.0] * 2)
        >>> how, low < 0.53125 < high
        ('bootstrap', True)
    """
    if len(values) < 2:
        return (float("nan"), float("nan"), "none")
    if max(values) == min(values):
        return (float(values[0]), float(values[0]), "student")
    from scipy.stats import bootstrap, shapiro

    if len(values) < _FEW or shapiro(values).pvalue >= 0.01:
        return (*student(values), "student")
    import numpy as np

    drawn = bootstrap((values,), np.mean, confidence_level=_CONFIDENCE, rng=np.random.default_rng(0))
    return float(drawn.confidence_interval.low), float(drawn.confidence_interval.high), "bootstrap"


class Bands(NamedTuple):
    """What several curves are together, at each of T points; not a number where too few have a value.

    Attributes:
        mean: Their mean, shape ``(T,)``.
        low: Lower end of the middle 95 % of them.
        high: Upper end of the middle 95 % of them.
        mean_low: Lower end of Student's 95 % interval of the mean.
        mean_high: Upper end of Student's 95 % interval of the mean.
    """

    mean: NDArray[Any]
    low: NDArray[Any]
    high: NDArray[Any]
    mean_low: NDArray[Any]
    mean_high: NDArray[Any]


def bands(values: NDArray[Any]) -> Bands:
    """Mean, middle 95 % and Student's interval of the mean of M curves, shape ``(T, M)``; of those that are finite.

    Example:
        >>> import numpy as np
        >>> own = bands(np.array([[1.0, 2.0, 3.0], [5.0, np.nan, 5.0]]))
        >>> own.mean.tolist(), own.low.round(3).tolist(), own.mean_high.round(4).tolist()
        ([2.0, 5.0], [1.05, 5.0], [4.4841, 5.0])
    """
    import numpy as np
    from scipy.special import stdtrit

    kept = np.where(np.isfinite(values), values, np.nan)
    count = np.isfinite(kept).sum(axis=1)
    found = np.full((5, len(kept)), np.nan)
    some, several = count > 0, count > 1
    found[0, some] = np.nanmean(kept[some], axis=1)
    found[1:3, some] = np.nanquantile(kept[some], [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2], axis=1)
    deviation = np.nanstd(kept[several], axis=1, ddof=1) if several.any() else np.empty(0)
    half = stdtrit(count[several] - 1, (1 + _CONFIDENCE) / 2) * deviation / np.sqrt(count[several])
    found[3, several], found[4, several] = found[0, several] - half, found[0, several] + half
    return Bands(*found)


def middle(values: NDArray[Any]) -> tuple[float, float]:
    """Ends of the middle 95 % of the ``values`` that are finite, of which there are some.

    Example:
        >>> import numpy as np
        >>> [round(end, 3) for end in middle(np.array([0.0, 1.0, np.nan]))]
        [0.025, 0.975]
    """
    import numpy as np

    ordered = np.sort(values[np.isfinite(values)])
    # As `numpy.quantile` has it, in a fifth of the time: a fit asks at each epoch.
    ends = np.interp(((1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2), np.linspace(0, 1, len(ordered)), ordered)
    return float(ends[0]), float(ends[1])


def bins(values: NDArray[Any], most: int = 20) -> NDArray[Any]:
    """Edges of bins of one width for a histogram of finite ``values``.

    Shares of a count, such as accuracies, lie on no edge, and each bin has room for as many of them.

    Args:
        values: The values, one or more.
        most: Bins at most.

    Example:
        >>> import numpy as np
        >>> bins(np.array([0.98, 0.99, 0.99, 1.0])).round(4).tolist()
        [0.975, 0.985, 0.995, 1.005]
    """
    import numpy as np

    distinct = np.unique(values.round(9))
    least, reach = distinct[0], distinct[-1] - distinct[0]
    unit = np.diff(distinct).min() if len(distinct) > 1 else 0.01
    width = unit * max(1, np.ceil(round((reach / unit + 1) / most, 6)))
    return np.asarray(least - unit / 2 + width * np.arange(np.ceil(round((reach + unit) / width, 6)) + 1))


class Calibration(NamedTuple):
    """What a model says and how often it is right, in bins of equal width of what it says; empty ones hold zeros.

    Attributes:
        said: Mean probability of each bin, shape ``(bins + 1,)``: samples of probability 1 have a bin of their own.
        right: How often that comes true, shape ``(bins + 1,)``.
        share: Share of the samples in each bin, shape ``(bins + 1,)``.
        error: Expected calibration error, in [0, 1].
    """

    said: NDArray[Any]
    right: NDArray[Any]
    share: NDArray[Any]
    error: float


def calibration(
    targets: NDArray[Any], probabilities: NDArray[Any], binary: bool = False, bins: int = 15
) -> Calibration:
    """Whether probabilities mean what they say.

    The definition is that of :class:`torchmetrics.classification.CalibrationError`: a binary model's probability of
    class 1 is held against how often class 1 is true; the largest probability of a multiclass model against how often
    that class is true.

    Args:
        targets: Classes, shape ``(N,)``.
        probabilities: Of each class, shape ``(N, C)``.
        binary: Whether the model is binary.
        bins: Number of bins, at least 1.

    Example:
        >>> import numpy as np
        >>> shares = np.array([[0.8, 0.2], [0.4, 0.6]])
        >>> said, right, share, error = calibration(np.array([0, 1]), shares, binary=True, bins=2)
        >>> said, right, round(error, 6)
        (array([0.2, 0.6, 0. ]), array([0., 1., 0.]), 0.3)
    """
    import numpy as np

    if binary:
        said, right = probabilities[:, 1], targets == 1
    else:
        said, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == targets
    place = np.searchsorted(np.linspace(0, 1, bins + 1), np.clip(said, 0, 1), side="right") - 1
    counts = np.bincount(place, minlength=bins + 1)
    filled = np.maximum(counts, 1)
    confidence = np.bincount(place, weights=said, minlength=bins + 1) / filled
    accuracy = np.bincount(place, weights=right, minlength=bins + 1) / filled
    share = counts / max(1, len(targets))
    return Calibration(confidence, accuracy, share, float(np.sum(share * np.abs(accuracy - confidence))))
