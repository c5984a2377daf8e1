"""Statistics: intervals of what was measured on few samples."""

from __future__ import annotations

_CONFIDENCE = 0.95


def wilson(accuracy: float, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of an accuracy in [0, 1] that was measured on ``count`` samples.

    Example:
        >>> [round(bound, 4) for bound in wilson(1.0, 100)]
        [0.963, 1.0]
    """
    # Takes a second to load, where no fit has done so already.
    from scipy.stats import binomtest

    interval = binomtest(round(accuracy * count), count).proportion_ci(_CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)
