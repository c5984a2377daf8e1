"""Members compared: whether the seeds of one fit give better models than those of another, in pairs where they can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import mean

from litclf.utilities.differences import Difference, paired_difference, unpaired_difference

Scores = Mapping[int, float]
"""A test metric of each member that has not diverged, by its seed."""

LOWER_IS_BETTER = {"test/accuracy": False, "test/loss": True}
"""The metrics that members are compared by."""


@dataclass(frozen=True)
class SeedDifference:
    """How two fits differ in one metric over their members.

    Attributes:
        metric: Its log key.
        means: Mean over the members of the first fit, and of the second.
        counts: How many members of each were taken.
        paired: Whether they were compared seed by seed.
        difference: The first less the second.
        adjusted: Its p-value, by Holm for all that are looked at.
    """

    metric: str
    means: tuple[float, float]
    counts: tuple[int, int]
    paired: bool
    difference: Difference
    adjusted: float = 1.0

    @property
    def better(self) -> int:
        """Place of the fit whose members are the better ones in the mean, 0 or 1."""
        return int((self.difference.mean > 0) == LOWER_IS_BETTER[self.metric])


def compare_seeds(first: Mapping[str, Scores], second: Mapping[str, Scores]) -> list[SeedDifference]:
    """Both fits compared over their members, by each metric.

    Seed by seed where the seeds of one are all among those of the other; those that have diverged do not count.

    Args:
        first: Scores of the first fit by log key; a fit of one network has those of its own seed.
        second: Of the second.

    Returns:
        Nothing where neither has more than one, or one has none.

    Example:
        >>> first, second = {42: 0.9, 43: 0.8, 44: 0.85}, {42: 0.8, 43: 0.75, 44: 0.7}
        >>> (told,) = compare_seeds({"test/accuracy": first}, {"test/accuracy": second})
        >>> told.paired, told.better, round(told.difference.mean, 3)
        (True, 0, 0.1)
    """
    told = []
    for metric in first.keys() & second.keys():
        one, other = first[metric], second[metric]
        if max(len(one), len(other)) < 2 or not one or not other:
            continue
        common = sorted(one.keys() & other.keys())
        paired = len(common) > 1 and len(common) == min(len(one), len(other))
        left = [one[seed] for seed in common] if paired else list(one.values())
        right = [other[seed] for seed in common] if paired else list(other.values())
        difference = (paired_difference if paired else unpaired_difference)(left, right)
        told.append(SeedDifference(metric, (mean(left), mean(right)), (len(left), len(right)), paired, difference))
    return sorted(told, key=lambda own: own.metric)
