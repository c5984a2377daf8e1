"""Folding of rows: which of them each fold is trained, validated and tested on, by scikit-learn's splitters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

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

    @property
    def places(self) -> list[tuple[int, int]]:
        """Repeat and fold of each member of the fit, from 1 on."""
        return [(repeat + 1, fold + 1) for repeat in range(self.repeats) for fold in range(self.folds)]

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
            [{'train': 4, 'val': 2, 'test': 6}, {'train': 4, 'val': 2, 'test': 6}]
        """
        self._check_classes(targets, class_names)

        def drawn() -> Iterator[dict[str, Rows]]:
            for seed in self._seeds:
                for train, test in StratifiedKFold(self.folds, shuffle=True, random_state=seed).split(targets, targets):
                    rows = stratified_rows(targets[train], class_names, self.val_share, 0.0, seed)
                    yield {"train": np.sort(train[rows["train"]]), "val": np.sort(train[rows["val"]]), "test": test}

        return list(drawn())

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
