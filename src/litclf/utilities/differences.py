"""Differences of means: whether chance explains that of what was measured of a few seeds and of a few others."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import mean, variance
from typing import Any, NamedTuple

from litclf.utilities.statistics import interval_of_mean, nadeau_bengio


class Difference(NamedTuple):
    """A difference of two means, and whether chance explains it.

    Attributes:
        mean: The first mean less the second.
        low: Lower end of its 95 % interval; not a number where there is none.
        high: Upper end of it.
        p_value: Two-sided.
        test: What the p-value is of.
    """

    mean: float
    low: float
    high: float
    p_value: float
    test: str


def paired_difference(first: Sequence[float], second: Sequence[float]) -> Difference:
    """The difference of values that belong to each other one by one, two or more.

    By the paired t test; by Wilcoxon's signed ranks, exactly for 13 and fewer, where the differences are all the same,
    or far from normal as :func:`interval_of_mean` judges it, which makes the interval.

    Example:
        >>> paired_difference([0.9, 0.8, 0.7], [0.8, 0.7, 0.7]).test
        'paired t test'
    """
    from scipy.stats import PermutationMethod, ttest_1samp, wilcoxon

    # Differences that are the same but for rounding are the same.
    differences = [round(one - other, 12) for one, other in zip(first, second, strict=True)]
    low, high, how = interval_of_mean(differences)
    if how == "student" and low < high:
        with _hardly_varying():
            p_value = float(ttest_1samp(differences, 0).pvalue)
        return Difference(mean(differences), low, high, p_value, "paired t test")
    told = [own for own in differences if own]
    method: Any = PermutationMethod() if len(told) <= 13 else "auto"
    p_value = float(wilcoxon(told, method=method).pvalue) if told else 1.0
    return Difference(mean(differences), low, high, p_value, "Wilcoxon's signed ranks")


@contextmanager
def _hardly_varying() -> Iterator[None]:
    """Keeps back SciPy's warning of values that are all but the same, whose variance is as good as zero."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Precision loss occurred", RuntimeWarning)
        yield


def unpaired_difference(first: Sequence[float], second: Sequence[float]) -> Difference:
    """The difference of the means of values that have nothing to do with each other; of one side there may be one.

    By Welch's t test; by Student's where one side is a single value; by ranks (Mann and Whitney) where each side has
    one value only, however often.

    Example:
        >>> unpaired_difference([0.9, 0.8, 0.85], [0.7, 0.6]).test
        "Welch's t test"
    """
    from scipy.stats import mannwhitneyu, ttest_ind

    single, middle = 1 in (len(first), len(second)), mean(first) - mean(second)
    if len(set(first)) == len(set(second)) == 1:
        p_value = mannwhitneyu(first, second, method="exact").pvalue if middle else 1.0
        return Difference(middle, middle, middle, float(p_value), "Mann and Whitney's ranks")
    with _hardly_varying():
        found = ttest_ind(first, second, equal_var=single)
    low, high = found.confidence_interval(0.95)
    test = "Student's t test of a single value" if single else "Welch's t test"
    return Difference(middle, float(low), float(high), float(found.pvalue), test)


def fold_difference(first: Sequence[float], second: Sequence[float], overlap: float) -> Difference:
    """The difference of what two models reached on the same folds, two or more, one by one.

    By the corrected resampled t test: the folds' training sets overlap, so that the variance of the mean is taken as
    :func:`~litclf.utilities.statistics.nadeau_bengio` takes it.

    Args:
        first: What the first reached in each fold.
        second: What the second reached there.
        overlap: Rows that a fold is tested on for each that it is trained on.

    Source: Nadeau and Bengio, Inference for the Generalization Error, 2003.

    Example:
        >>> found = fold_difference([0.9, 0.8, 0.85], [0.8, 0.75, 0.7], overlap=0.5)
        >>> round(found.mean, 3), found.low < 0 < found.high, round(found.p_value, 3)
        (0.1, True, 0.16)
    """
    from scipy.stats import t

    differences = [round(one - other, 12) for one, other in zip(first, second, strict=True)]
    middle, (low, high) = mean(differences), nadeau_bengio(differences, overlap)
    error = ((1 / len(differences) + overlap) * variance(differences)) ** 0.5
    p_value = 2 * float(t.sf(abs(middle) / error, len(differences) - 1)) if error else float(not middle)
    return Difference(middle, low, high, p_value, "corrected resampled t test")
