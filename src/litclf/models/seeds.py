"""Seeds of the members of a fit: how many there are, and in what they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from litclf.utilities.checks import one_of, whole

MOST = 10_000
"""Members that a fit may have."""

Vary = Literal["both", "weights", "order"]


@dataclass(frozen=True)
class Seeds:
    """The seeds of a fit's members.

    Args:
        count: Number of members, at least 2.
        first: Seed of the first; each of the others has the next one.
        vary: What follows the seed: ``weights`` for the initial weights, ``order`` for the order of samples, or
            ``both``. What does not is the first member's in all.

    Raises:
        InputError: If an argument is out of range.

    Example:
        >>> seeds = Seeds(3, first=7, vary="weights")
        >>> seeds.all, seeds.of_weights, seeds.of_order
        ([7, 8, 9], [7, 8, 9], [7, 7, 7])
    """

    count: int
    first: int = 42
    vary: Vary = "both"

    def __post_init__(self) -> None:
        whole("members", self.count, 2, MOST + 1, example=8)
        whole("members_from", self.first, 0, 2**32 - self.count, example=42)
        one_of("vary", self.vary, ("both", "weights", "order"))

    @classmethod
    def of(cls, count: int, first: int, vary: Vary) -> Seeds | None:
        """The seeds of so many members; None for one, which is a fit as any other.

        Raises:
            InputError: If ``count`` is no whole number from 1 on, or another argument is out of range.
        """
        whole("members", count, 1, MOST + 1, example=8)
        seeds = cls(max(count, 2), first, vary)
        return seeds if count > 1 else None

    @property
    def all(self) -> list[int]:
        """The seed of each member."""
        return [self.first + number for number in range(self.count)]

    @property
    def of_weights(self) -> list[int]:
        """The seed of each member's initial weights."""
        return self.all if self.vary != "order" else [self.first] * self.count

    @property
    def of_order(self) -> list[int]:
        """The seed of each member's order of samples."""
        return self.all if self.vary != "weights" else [self.first] * self.count

    def to_dict(self) -> dict[str, Any]:
        """The seeds as plain values."""
        return {"count": self.count, "first": self.first, "vary": self.vary}
