"""Slices: how well held-out rows of each class, and of each category of each nominal column, are told."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from litclf.data.base import ClassificationDataModule
from litclf.studies.folds import OutOfFold
from litclf.utilities.statistics import wilson

_FEWEST = 5
"""Rows below which nothing can be said of a slice."""

_MOST = 50
"""Categories of a column of which each is a slice: those with the most rows."""


def slices(held: OutOfFold, data: ClassificationDataModule) -> pd.DataFrame:
    """Accuracy of each slice of at least five rows with Wilson's 95 % interval, the worst first.

    Args:
        held: What rows were taken for by models that they were held out of.
        data: The data that they are rows of.

    Returns:
        A row for each slice: its ``column`` (the class is ``class``), its ``value``, its rows, their accuracy and its
        interval, and the class that most of its errors were taken for.
    """
    known = held.predicted >= 0
    labels = np.array(held.class_names, dtype=object)[held.targets]
    found = []
    for column, values in [("class", labels), *_nominal(data)]:
        counts = pd.Series(values[known]).value_counts()
        for value in counts[counts >= _FEWEST].index[:_MOST]:
            found.append({"column": column, "value": value, **_told(held, known & (values == value))})
    names = ["column", "value", "rows", "accuracy", "accuracy_low", "accuracy_high", "mostly_taken_for"]
    table = pd.DataFrame(found, columns=names)
    return table.sort_values(["accuracy", "accuracy_high"], kind="stable", ignore_index=True)


def _told(held: OutOfFold, rows: NDArray[np.bool_]) -> dict[str, object]:
    right = held.predicted[rows] == held.targets[rows]
    wrong = held.predicted[rows][~right]
    low, high = wilson(float(right.mean()), len(right))
    mostly = held.class_names[int(np.bincount(wrong).argmax())] if len(wrong) else ""
    own = {"rows": len(right), "accuracy": float(right.mean()), "accuracy_low": low, "accuracy_high": high}
    return own | {"mostly_taken_for": mostly}


def _nominal(data: ClassificationDataModule) -> Iterator[tuple[str, NDArray[np.object_]]]:
    """The nominal columns of a table, and the category of each row, empty where it is missing."""
    for column in getattr(data.preparation, "categories", {}):
        values = data.drawn_column(column)
        yield column, np.array(["" if pd.isna(value) else str(value) for value in values], dtype=object)
