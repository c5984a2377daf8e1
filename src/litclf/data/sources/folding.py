"""Folding of rows: which of them each fold is trained, validated and tested on, by scikit-learn's splitters."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, TimeSeriesSplit

from litclf.data.sources.stratified import stratified_rows
from litclf.utilities.checks import whole
from litclf.utilities.errors import InputError

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Folding:
    """How rows are parted into folds.

    Args:
        folds: Parts, each held out of the training of a fold and what that is tested on; at least 2.
        repeats: How often that is done, each time in other parts where they are drawn; at least 1.
        val_share: Share of a fold's rows that are not held out which its best epoch is chosen on, in [0, 1).
        seed: Seed of the first draw.

    Raises:
        InputError: If an argument is out of range.
    """

    folds: int = 5
    repeats: int = 1
    val_share: float = 0.0
    seed: int = 42

    def __post_init__(self) -> None:
        whole("folds", self.folds, 2, example=5)
        whole("repeats", self.repeats, 1, example=2)

    def stratified(self, targets: Rows, class_names: Sequence[str]) -> list[dict[str, Rows]]:
        """Rows of ``train``, ``val`` and ``test`` of each fold, the shares of the classes kept in each.

        Args:
            targets: The number of the class of each row.
            class_names: Names of the classes.

        Raises:
            InputError: If a class has fewer rows than there are folds.

        Source: :class:`sklearn.model_selection.StratifiedKFold`.

        Example:
            >>> folds = Folding(2, val_share=0.5).stratified(np.arange(12) % 2, ["a", "b"])
            >>> [{name: len(rows) for name, rows in fold.items()} for fold in folds]
            [{'train': 3, 'val': 3, 'test': 6}, {'train': 3, 'val': 3, 'test': 6}]
        """
        self._check_classes(targets, class_names)

        def drawn() -> Iterator[dict[str, Rows]]:
            for seed in self._seeds:
                for train, test in StratifiedKFold(self.folds, shuffle=True, random_state=seed).split(targets, targets):
                    rows = stratified_rows(targets[train], class_names, self.val_share, 0.0, seed)
                    yield {"train": np.sort(train[rows["train"]]), "val": np.sort(train[rows["val"]]), "test": test}

        return list(drawn())

    def grouped(self, targets: Rows, class_names: Sequence[str], groups: Rows) -> list[dict[str, Rows]]:
        """As :meth:`stratified`, with all rows of a group in the same part; also of training and validation.

        Args:
            targets: The number of the class of each row.
            class_names: Names of the classes.
            groups: The number of the group of each row, from 0 on.

        Raises:
            InputError: If there are too few groups, or a fold would be trained or tested without classes to tell apart.

        Source: :class:`sklearn.model_selection.StratifiedGroupKFold`.
        """
        self._check_classes(targets, class_names)
        count = len(np.unique(groups))
        if count < self.folds:
            rule = f"must be at least as many as there are folds, got {count} for {self.folds}"
            raise InputError("groups", rule, f"pass --folds {count}" if count > 1 else "pass another column")
        folds: list[dict[str, Rows]] = []
        for seed in self._seeds:
            for train, test in _group_parts(self.folds, targets, groups, seed):
                val = train[:0]
                if self.val_share:
                    parts = min(max(2, round(1 / self.val_share)), len(np.unique(groups[train])))
                    if parts < 2:
                        rule = f"leaves a single group to train and to validate on in fold {len(folds) + 1}"
                        fix = f"pass --folds {count}" if count > self.folds else "pass a column of more groups"
                        raise InputError("groups", rule, fix)
                    left, taken = next(_group_parts(parts, targets[train], groups[train], seed))
                    train, val = train[left], train[taken]
                folds.append({"train": train, "val": val, "test": test})
        _check_sides(folds, targets, class_names, "groups")
        return folds

    def ordered(self, targets: Rows, class_names: Sequence[str], when: NDArray[Any]) -> list[dict[str, Rows]]:
        """Rows of each fold in the order of time: tested on a part, trained on all before it, validated on the last.

        Rows of the same time are on the same side. The first part of the rows is never tested on, and repeats have the
        same parts.

        Args:
            targets: The number of the class of each row.
            class_names: Names of the classes.
            when: The time of each row.

        Raises:
            InputError: If there are too few times, or a class has no row before a part.

        Source: :class:`sklearn.model_selection.TimeSeriesSplit`.

        Example:
            >>> for fold in Folding(2).ordered(np.arange(9) % 2, ["a", "b"], np.arange(9)):
            ...     print(fold["train"].tolist(), fold["test"].tolist())
            [0, 1, 2] [3, 4, 5]
            [0, 1, 2, 3, 4, 5] [6, 7, 8]
        """
        times = np.sort(when)
        if len(times) <= self.folds:
            raise InputError("folds", f"must be below the {len(times)} rows, got {self.folds}", "pass fewer folds")
        starts = [times[test[0]] for _, test in TimeSeriesSplit(self.folds).split(times)]
        folds = []
        for start, end in zip(starts, [*starts[1:], None], strict=True):
            before, part = when < start, (when >= start) & (True if end is None else when < end)
            first_val = times[round((1 - self.val_share) * before.sum())] if self.val_share else start
            val = before & (when >= first_val)
            fold = {"train": before & ~val, "val": val, "test": part}
            folds.append({name: np.flatnonzero(rows) for name, rows in fold.items()})
        _check_sides(folds, targets, class_names, "order_by")
        return folds * self.repeats

    @property
    def _seeds(self) -> range:
        return range(self.seed, self.seed + self.repeats)

    def _check_classes(self, targets: Rows, class_names: Sequence[str]) -> None:
        counts = np.bincount(targets, minlength=len(class_names))
        rarest = int(counts.argmin())
        if counts[rarest] < self.folds:
            rule = f"must be at most the rows of the rarest class, {class_names[rarest]} has {counts[rarest]}"
            fix = f"pass {counts[rarest]}" if counts[rarest] > 1 else "add rows of it, or leave it out"
            raise InputError("folds", f"{rule}, got {self.folds}", fix)


def _group_parts(parts: int, targets: Rows, groups: Rows, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Rows on both sides of each part, whole groups alone, with the shares of the classes as near as may be."""
    splitter = StratifiedGroupKFold(parts, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a class in few rows, which is looked at by itself
        yield from splitter.split(targets, targets, groups)


def _check_sides(folds: Sequence[dict[str, Rows]], targets: Rows, class_names: Sequence[str], argument: str) -> None:
    """Refuses folds in which a class has no training row, or groups leave a single class to be tested."""
    for number, fold in enumerate(folds):
        place = f"fold {number + 1}"
        counts = np.bincount(targets[fold["train"]], minlength=len(class_names))
        if not counts.all():
            rule = f"leaves no row of class {class_names[int(counts.argmin())]} to train on in {place}"
            raise InputError(argument, rule, "pass another column, or fewer folds")
        tested = np.unique(targets[fold["test"]])
        if not len(tested):
            raise InputError(argument, f"leaves no row to test on in {place}", "pass another column, or fewer folds")
        if len(tested) < 2 and argument == "groups":
            rule = f"leaves class {class_names[tested[0]]} alone to test on in {place}"
            raise InputError(argument, rule, "pass a column whose groups have rows of several classes")
