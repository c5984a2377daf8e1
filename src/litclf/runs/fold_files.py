"""Fold files: what a cross-validation leaves in its run folder beside what a fit does, as its page shows it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litclf.utilities.errors import InputError

TABLES = ("cv", "oof", "classes", "slices", "importance", "label_errors", "learning_curve")
"""The tables, each of which is ``NAME.csv``; the first two are always there."""

_SIDES = (("test",), ("train", "val"))

Row = Mapping[str, str]


@dataclass(frozen=True)
class FoldFiles:
    """The files of a cross-validation.

    Attributes:
        settings: How the rows were parted, as ``metrics.json`` has it under ``folds``.
        tables: The rows of each of :data:`TABLES`; none of one that was not written.

    Example:
        >>> rows = [{"row": "a", "label": "cat", "predicted": "dog", "p(cat)": "0.25", "p(dog)": "0.75"}]
        >>> files = FoldFiles({}, {"oof": [*rows, {**rows[0], "predicted": "", "p(cat)": "", "p(dog)": ""}]})
        >>> files.class_names, files.held_out, files.probabilities.tolist(), files.targets.tolist()
        (['cat', 'dog'], ['a'], [[0.25, 0.75]], [0])
    """

    settings: Mapping[str, Any]
    tables: Mapping[str, Sequence[Row]]

    @property
    def overlap(self) -> float:
        """Rows that a fold was tested on for each that it learned from, in training or validation."""
        tested, learned = (
            sum(int(row[f"{name}_rows"]) for row in self.tables["cv"] for name in names) for names in _SIDES
        )
        return tested / learned

    @property
    def class_names(self) -> list[str]:
        """Names of the classes."""
        first = next(iter(self.tables["oof"]), {})
        return [key[2:-1] for key in first if key.startswith("p(") and key.endswith(")")]

    @property
    def held_out(self) -> list[str]:
        """What the rows that were held out are called, N of them."""
        return [row["row"] for row in self._known]

    @property
    def targets(self) -> NDArray[np.int64]:
        """The number of the class of each row that was held out, shape ``(N,)``."""
        numbers = {name: number for number, name in enumerate(self.class_names)}
        return np.array([numbers[row["label"]] for row in self._known], dtype=np.int64)

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """The probability of each class for each row that was held out, shape ``(N, C)``."""
        keys = [f"p({name})" for name in self.class_names]
        return np.array([[float(row[key]) for key in keys] for row in self._known]).reshape(-1, len(keys))

    @property
    def _known(self) -> list[Row]:
        return [row for row in self.tables["oof"] if row["predicted"]]


def read_folds(path: Path, settings: Any) -> FoldFiles | None:
    """Reads the tables of the cross-validation in the run folder ``path``; None of another run.

    Args:
        path: The run folder.
        settings: What its ``metrics.json`` has under ``folds``.

    Raises:
        InputError: If a table is damaged.
    """
    tables = {name: _rows_of(path / f"{name}.csv") for name in TABLES}
    if not tables["cv"] or not tables["oof"]:
        return None
    parts = {f"{name}s": max(int(row[name]) for row in tables["cv"]) for name in ("fold", "repeat")}
    return FoldFiles({**parts, **(settings or {})}, tables)


def parting(settings: Mapping[str, Any]) -> str:
    """How rows were parted, in words.

    Args:
        settings: The numbers of ``folds`` and ``repeats``, and the columns that ``groups`` and ``order_by`` name, if
            any.

    Example:
        >>> parting({"folds": 5, "repeats": 2, "groups": "patient"})
        '5 folds, 2 times, stratified, whole groups of patient held out'
    """
    times = f", {settings['repeats']} times" if settings["repeats"] > 1 else ""
    how, groups = "stratified", settings.get("groups")
    if settings.get("order_by") is not None:
        how = f"each tested on what follows its training by {settings['order_by']}"
    elif groups is not None:
        how = f"stratified, whole groups of {groups} held out"
    return f"{settings['folds']} folds{times}, {how}"


def _rows_of(path: Path) -> list[Row]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        rows: list[Row] = list(csv.DictReader(file))
    if any(None in row or None in row.values() for row in rows):
        raise InputError(str(path), "has rows of more or fewer cells than its first", "mend or remove the file")
    return rows
