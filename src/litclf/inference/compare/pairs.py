"""Pairs of classifiers: whether two differ by more than chance, by McNemar's exact test on the same test samples.

Of members it is their mean probability that is tested so; the members are compared by their seeds beside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from litclf.inference.compare.contender import Contender, differing_settings, shown
from litclf.inference.compare.members import SeedDifference, compare_seeds
from litclf.utilities.statistics import holm, mcnemar

LEVEL = 0.05
"""The p-value below which a difference is called larger than chance explains."""

_WALK = {"data.batch_size", "data.repeat", "data.steps_per_execution"}
"""How the training split is walked, which decides nothing about the test split."""


class Counts(NamedTuple):
    """How many test samples two classifiers get right.

    Attributes:
        both: Both are right.
        only_first: The first is right and the second wrong.
        only_second: The second is right and the first wrong.
        neither: Both are wrong.
    """

    both: int
    only_first: int
    only_second: int
    neither: int

    @property
    def p_value(self) -> float:
        """McNemar's exact p-value, two-sided, from the samples that only one gets right.

        Example:
            >>> Counts(both=90, only_first=8, only_second=2, neither=0).p_value
            0.109375
        """
        return mcnemar(self.only_first, self.only_second)


@dataclass(frozen=True)
class Pair:
    """Two runs that were tested on the same samples.

    Attributes:
        first: Name of the first run.
        second: Name of the second run.
        counts: How many samples each gets right.
        adjusted: The p-value, by Holm for the number of pairs compared.
        seeds: How they differ over their members, by each metric; empty where both are of one network.
    """

    first: str
    second: str
    counts: Counts
    adjusted: float
    seeds: tuple[SeedDifference, ...] = ()

    @property
    def verdict(self) -> str:
        """What the p-value says, in one sentence."""
        p = f"p = {self.adjusted:.2g}"
        if self.adjusted >= LEVEL:
            return f"These test samples do not tell the two apart ({p})."
        better = self.first if self.counts.only_first > self.counts.only_second else self.second
        return f"The difference is larger than chance explains ({p}): {better} is the better one."


@dataclass(frozen=True)
class NoPair:
    """Two runs that no p-value can be given for.

    Attributes:
        first: Name of the first run.
        second: Name of the second run.
        reason: Why, in one sentence.
    """

    first: str
    second: str
    reason: str


def count(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Counts:
    """Counts from whether each sample is right, bool of shape ``(N,)`` for each classifier.

    Example:
        >>> count(np.array([True, True, False]), np.array([True, False, False]))
        Counts(both=1, only_first=1, only_second=0, neither=1)
    """
    return Counts(
        int((first & second).sum()),
        int((first & ~second).sum()),
        int((~first & second).sum()),
        int((~first & ~second).sum()),
    )


def compare_pairs(contenders: Sequence[Contender]) -> list[Pair | NoPair]:
    """Every pair of runs, in the order given."""
    pairs = list(combinations(contenders, 2))
    reasons = [_obstacle(first, second) for first, second in pairs]
    counts = [
        None if reason or first.test is None or second.test is None else count(first.test.right, second.test.right)
        for (first, second), reason in zip(pairs, reasons, strict=True)
    ]
    seeds = _adjusted(
        [
            [] if own is None else compare_seeds(first.scores, second.scores)
            for (first, second), own in zip(pairs, counts, strict=True)
        ]
    )
    adjusted = iter(holm([own.p_value for own in counts if own is not None]))
    return [
        NoPair(first.name, second.name, reason)
        if own is None
        else Pair(first.name, second.name, own, next(adjusted), differences)
        for (first, second), own, reason, differences in zip(pairs, counts, reasons, seeds, strict=True)
    ]


def _adjusted(seeds: Sequence[Sequence[SeedDifference]]) -> list[tuple[SeedDifference, ...]]:
    """The differences over members of each pair, with p-values by Holm for all that are looked at."""
    adjusted = iter(holm([own.difference.p_value for pair in seeds for own in pair]))
    return [tuple(replace(own, adjusted=next(adjusted)) for own in pair) for pair in seeds]


def _obstacle(first: Contender, second: Contender) -> str:
    """Why the two cannot be compared sample by sample; empty where they can."""
    if first.test is None or second.test is None:
        return f"No p-value: {(first if first.test is None else second).name} is no classifier with a test split."
    if first.settings["data"] == second.settings["data"] and first.test.same_samples(second.test):
        return ""
    differing = differing_settings([first, second])
    # Another kind of data has other arguments, which say nothing beside it.
    names = ["data"] if "data" in differing else [name for name in differing if name.startswith("data.")]
    because = ", ".join(
        f"{name} is {shown(differing[name][0])} and {shown(differing[name][1])}" for name in names if name not in _WALK
    )
    return f"No p-value: the two were tested on different samples{f' ({because})' if because else ''}."
