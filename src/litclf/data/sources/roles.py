"""Column roles: the target, what counts or names rows, and what a program added."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from litclf.preprocessing.values import parsed_numbers
from litclf.utilities.errors import InputError, nearest
from litclf.utilities.text import listed, pasted

_LEAST_ROWS = 10
"""Rows below which whole numbers may all differ by chance."""

_HEAD = 1000

_ADDED = re.compile(r"Unnamed: \d+(\.\d+)?|__index_level_\d+__")
"""Names that programs give to columns without one."""

TARGET_NAMES = (
    "target",
    "label",
    "labels",
    "class",
    "species",
    "category",
    "diagnosis",
    "outcome",
    "y",
    "정답",
    "라벨",
)
"""Usual names of the column of the class, the likeliest first."""


def nameless_columns(frame: pd.DataFrame) -> dict[str, str]:
    """Columns that a program added without a name and that are left out of training, and why.

    They are an index that pandas stored or row names that R wrote, and what delimiters at the ends of lines make.

    Example:
        >>> nameless_columns(pd.DataFrame({"Unnamed: 0": ["7", "9"], "x": ["1", "2"], "Unnamed: 2": [None, None]}))
        {'Unnamed: 0': 'is an index without a name', 'Unnamed: 2': 'has neither a name nor a value'}
    """
    reasons = {}
    for name in filter(_ADDED.fullmatch, frame.columns):
        values = frame[name]
        if re.fullmatch(r"Unnamed: \d+", name) and not values.notna().any():
            reasons[name] = "has neither a name nor a value"
        elif re.fullmatch(r"Unnamed: 0(\.\d+)?|__index_level_\d+__", name) and not values.isna().any():
            numbers, wrong = parsed_numbers(values)
            if values.is_unique and (len(wrong) or (numbers == np.floor(numbers)).all()):
                reasons[name] = "is an index without a name"
    return reasons


def counts_rows(column: pd.Series[Any]) -> bool:
    """Whether a column does nothing but count the rows of a file, from any number on.

    Example:
        >>> counts_rows(pd.Series(["1", "2", "3"])), counts_rows(pd.Series(["1", "2", "2"]))
        (True, False)
    """
    return all(_counts(rows) for rows in _head_and_all(column))


def _counts(column: pd.Series[Any]) -> bool:
    numbers, wrong = parsed_numbers(column)
    known = not len(wrong) and len(numbers) > 1 and np.isfinite(numbers).all()
    return bool(known and (np.diff(numbers) == 1).all())


def _head_and_all(column: pd.Series[Any]) -> Iterator[pd.Series[Any]]:
    """The first of many rows, by which most columns are told, and then all of them."""
    if len(column) > _HEAD:
        yield column.iloc[:_HEAD]
    yield column


def numbers_rows(column: pd.Series[Any]) -> bool:
    """Whether a column has a whole number of its own in each row, as ids and shuffled row numbers are.

    Example:
        >>> numbers_rows(pd.Series(range(100, 0, -3))), numbers_rows(pd.Series([1, 2, 3] * 10))
        (True, False)
    """
    if len(column) < _LEAST_ROWS or column.isna().any():
        return False
    return all(_all_differ(rows) for rows in _head_and_all(column))


def _all_differ(column: pd.Series[Any]) -> bool:
    if pd.api.types.is_bool_dtype(column.dtype) or not column.is_unique:
        return False
    numbers, wrong = parsed_numbers(column)
    return not len(wrong) and bool((numbers == np.floor(numbers)).all())


def guess_target(frame: pd.DataFrame) -> str:
    """The column that most likely holds the class: one of a usual name, else the last one.

    Example:
        >>> [guess_target(pd.DataFrame(columns=names)) for names in (["id", "Species", "width"], ["a", "b"])]
        ['Species', 'b']
    """
    names = {name.lower(): name for name in reversed(frame.columns)}
    return next((names[name] for name in TARGET_NAMES if name in names), str(frame.columns[-1]))


def check_column(name: str, frame: pd.DataFrame, where: str, what: str) -> None:
    """Refuses a column that a table does not have, and proposes the nearest.

    Raises:
        InputError: Under the argument ``where``.
    """
    if name not in frame.columns:
        near = nearest(name, map(str, frame.columns))
        fix = f"did you mean {near}?" if near else f"pass one of {listed(frame.columns, 10)}"
        if near == f"'{name}'":
            fix = "quotes around names and values must be double ones"
        elif len(frame.columns) == 1:
            fix = "each line is one value: write commas between values"
        several = [part.strip() for part in name.split(",")]
        if where in ("drop", "categorical") and len(several) > 1 and set(several) <= set(frame.columns):
            fix = f"pass several as {pasted(f'--data.{where}', several)}"
        raise InputError(where, f"{what} has no column {name!r}", fix)
