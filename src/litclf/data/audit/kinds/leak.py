"""Leak: a column that alone gives the class away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.model_selection import StratifiedKFold
from sklearn.tree import DecisionTreeClassifier

from litclf.data.audit.findings import Finding, verb
from litclf.data.audit.looks import Rows
from litclf.data.sources.roles import numbers_rows
from litclf.utilities.text import pasted

KINDS = ("leak",)

_GIVES_AWAY = 0.995
"""Share of rows whose class one column tells, from which on it is suspected to be made of the class."""

_NUMBERING = 0.7
"""The same of a column that numbers the rows, beyond what chance tells: it should tell nothing at all."""

_FOLDS = 3
_SAMPLED = 3000
"""Rows that the search for such columns looks at; more would tell the same, later."""

_FEW = 50
"""Distinct numbers up to which each may stand for a class of its own, where several rows have it."""

_LEAST = 20
"""Rows below which one column may tell the classes apart by chance."""


def find(rows: Rows) -> list[Finding]:
    """Columns that tell the class of held-out training rows."""
    held_out = HeldOut.of(rows.targets["train"])
    if held_out is None or not rows.columns:
        return []
    findings = []
    leaks = [name for name, own in rows.columns.items() if held_out.tells_class(own)]
    if leaks:
        rule = verb(leaks, "gives the class away: alone it tells", "give the class away: each alone tells")
        findings.append(Finding("leak", leaks, f"{rule} at least 99.5 % of held-out rows"))
    plain = [look for look in rows.in_file if look.told.kind == "number" and look.told.written is None]
    for name in (look.name for look in plain if numbers_rows(look.values)):
        share = held_out.share_told(rows.columns[name], 2 * held_out.num_classes)
        chance = 1 / held_out.num_classes
        if name not in leaks and share - chance > _NUMBERING * (1 - chance):
            rule = f"has a number of its own in each row, and tells the class of {share:.0%} of held-out rows"
            fix = pasted("--data.drop", [name.removeprefix("column ")])
            findings.append(Finding("leak", [name], f"{rule}, as where rows were numbered in their order: pass {fix}"))
    return findings


def tells_class(column: NDArray[np.float32], targets: NDArray[np.int64]) -> bool:
    """Whether one column alone tells the class of 99.5 % of rows that a small tree has not seen, classes weighed alike.

    Args:
        column: Its values, shape ``(N,)`` or, of categories, ``(N, features)``.
        targets: The class of each row, shape ``(N,)``.

    Example:
        >>> y = np.arange(100) % 2
        >>> tells_class(y * 3.0, y), tells_class(np.arange(100.0), y)
        (True, False)
    """
    held_out = HeldOut.of(targets)
    return held_out is not None and held_out.tells_class(column)


@dataclass(frozen=True)
class HeldOut:
    """Rows in folds, each of which is held out of a tree once.

    Attributes:
        rows: Their places.
        classes: Their classes, from 0 on.
        folds: Training and held-out places among them.
    """

    rows: NDArray[np.int64]
    classes: NDArray[np.int64]
    folds: list[tuple[NDArray[np.int64], NDArray[np.int64]]]

    @classmethod
    def of(cls, targets: NDArray[np.int64]) -> HeldOut | None:
        """Rows of classes that each fold has; None where they are too few to tell anything."""
        rows = np.random.default_rng(0).permutation(len(targets))[:_SAMPLED]
        rows = rows[np.bincount(targets[rows])[targets[rows]] >= _FOLDS]
        known, classes = np.unique(targets[rows], return_inverse=True)
        if len(rows) < _LEAST or len(known) < 2:
            return None
        folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0).split(rows[:, None], classes)
        return cls(rows, classes, list(folds))

    @property
    def num_classes(self) -> int:
        """Classes among the rows."""
        return int(self.classes.max()) + 1

    def tells_class(self, column: NDArray[np.float32]) -> bool:
        """Whether a column tells nearly all classes."""
        num_rows, own = len(self.rows), column[self.rows]
        if is_category := own.ndim > 1 and bool(np.isin(own, (0, 1)).all()):
            own = np.where(own.any(axis=1), own.argmax(axis=1), -1)
        values, codes = np.unique(own, axis=0, return_inverse=True)
        if len(values) < 2:
            return False
        several = is_category or len(values) <= min(_FEW, num_rows // _FOLDS)
        leaves = len(values) if several else 2 * self.num_classes
        # It is only tried where so few leaves can do: in the order of the values, classes take turns seldom.
        turns = int(np.count_nonzero(np.diff(self.classes[np.lexsort((self.classes, codes))])))
        if turns >= leaves + 4 * (1 - _GIVES_AWAY) * num_rows:
            return False
        return (self.share_by_value(codes) if several else self.share_told(column, leaves)) >= _GIVES_AWAY

    def share_by_value(self, codes: NDArray[np.int64]) -> float:
        """Share of held-out rows whose class is the most frequent one of their value, classes weighed alike.

        It is what a tree with a leaf for each value tells, at once.
        """
        predicted = np.empty(len(self.rows), dtype=np.int64)
        shape = (int(codes.max()) + 1, self.num_classes)
        for train, held_out in self.folds:
            counts = np.bincount(codes[train] * shape[1] + self.classes[train], minlength=shape[0] * shape[1])
            predicted[held_out] = counts.reshape(shape).argmax(axis=1)[codes[held_out]]
        return self._share(predicted)

    def share_told(self, column: NDArray[np.float32], leaves: int) -> float:
        """Share of held-out rows whose class a tree tells by a column, classes weighed alike."""
        inputs = np.ascontiguousarray(column[self.rows].reshape(len(self.rows), -1), dtype=np.float32)
        predicted = np.empty(len(self.rows), dtype=np.int64)
        tree = DecisionTreeClassifier(max_leaf_nodes=leaves, random_state=0)
        with config_context(assume_finite=True, skip_parameter_validation=True):
            for train, held_out in self.folds:
                predicted[held_out] = tree.fit(inputs[train], self.classes[train]).predict(inputs[held_out])
        return self._share(predicted)

    def _share(self, predicted: NDArray[np.int64]) -> float:
        told, all_rows = (np.bincount(self.classes[which]) for which in (predicted == self.classes, slice(None)))
        return float((np.pad(told, (0, len(all_rows) - len(told))) / all_rows).mean())
