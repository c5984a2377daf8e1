"""Member history: what the files of a run tell of each member of its fit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Row = Mapping[str, float]


@dataclass(frozen=True)
class MemberHistory:
    """Members of a run, in the order of their seeds.

    Attributes:
        rows: The rows of ``members.csv``, without their empty cells.
        moments: The rows of ``member_curves.csv``, without their empty cells.

    Example:
        >>> moments = [{"step": 9, "seed": seed, "val/loss": seed / 10} for seed in (1, 2)]
        >>> history = MemberHistory([{"seed": 1, "test/accuracy": 0.9}, {"seed": 2}], moments)
        >>> history.values("test/accuracy").tolist(), history.curve("val/loss")
        ([0.9, nan], ([9], array([[0.1, 0.2]])))
    """

    rows: Sequence[Row]
    moments: Sequence[Row]

    @cached_property
    def seeds(self) -> list[int]:
        """The seed of each."""
        return [int(row["seed"]) for row in self.rows]

    def values(self, key: str) -> NDArray[np.float64]:
        """What each was worth when it was best, shape ``(M,)``; not a number where that is not known."""
        return np.array([row.get(key, math.nan) for row in self.rows])

    def curve(self, key: str) -> tuple[list[int], NDArray[np.float64]]:
        """Optimizer steps, from 0, at which ``key`` was measured, T of them, and its values, shape ``(T, M)``."""
        found: dict[int, dict[int, float]] = {}
        for row in self.moments:
            if key in row:
                found.setdefault(int(row["step"]), {})[int(row["seed"])] = row[key]
        values = [[own.get(seed, math.nan) for seed in self.seeds] for own in found.values()]
        return list(found), np.array(values).reshape(len(found), len(self.seeds))
