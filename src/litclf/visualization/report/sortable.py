"""Sortable tables as the page shows them, and that of the classes of a test split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from litclf.utilities.statistics import wilson


class Cell(NamedTuple):
    """A cell of a table: text, a number, or one with its interval; None is an empty one."""

    value: str | int | float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Table:
    """A table that can be sorted.

    Attributes:
        columns: Its columns by name, and whether each holds text.
        rows: Its rows.
        lights: What is said of each row when its curves light up; empty where it has none.
    """

    columns: Sequence[tuple[str, bool]]
    rows: Sequence[Sequence[Cell]]
    lights: Sequence[str] = ()


def class_table(facts: Mapping[str, Any]) -> Table | None:
    """Precision, recall with its interval, F1 and samples of each class of the test; None where it was not counted.

    Args:
        facts: The facts of a run, with its ``confusion``: a row for each true class.

    Example:
        >>> table = class_table({"confusion": [[3, 1], [0, 2]], "class_names": ["cat", "dog"]})
        >>> [(row[0].value, row[1].value, row[2].value) for row in table.rows]
        [('cat', 1.0, 0.75), ('dog', 0.6666666666666666, 1.0)]
    """
    if not facts.get("confusion"):
        return None
    counts = np.array(facts["confusion"])
    names = [str(name) for name in facts.get("class_names") or range(len(counts))]
    rows = [_class_row(names[place], *map(int, of)) for place, of in enumerate(_counts(counts))]
    columns = ("class", "precision", "recall", "F1", "samples")
    return Table([(name, name == "class") for name in columns], rows)


def _counts(counts: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Of each class how many were right, how many were predicted, and how many there are."""
    return np.stack([counts.diagonal(), counts.sum(axis=0), counts.sum(axis=1)], axis=1)


def _class_row(name: str, right: int, predicted: int, samples: int) -> list[Cell]:
    precision = right / predicted if predicted else None
    recall = right / samples if samples else None
    interval = (None, None) if recall is None else wilson(recall, samples)
    f1 = 2 * right / (predicted + samples) if predicted + samples else None
    return [Cell(name), Cell(precision), Cell(recall, *interval), Cell(f1), Cell(samples)]
