"""Sides of a fold: which rows train it and which test it, as a cross-validation was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from litclf.data.base import ClassificationDataModule
from litclf.data.sources.folding import Folding, Rows
from litclf.data.sources.roles import check_column
from litclf.data.table import TableDataModule
from litclf.preprocessing.values import parsed_numbers, texts_of
from litclf.utilities.errors import InputError
from litclf.utilities.text import pasted, short


@dataclass(frozen=True)
class Sides:
    """How the rows of some data are parted.

    Args:
        folds: Parts of the rows, each held out once a repeat.
        repeats: How often the rows are parted.
        groups: Column whose rows of one value stay on one side; None for none.
        order_by: Column of numbers or times by which a fold is tested on what comes after its training; None for none.

    Raises:
        InputError: If both columns are given.
    """

    folds: int = 5
    repeats: int = 1
    groups: str | None = None
    order_by: str | None = None

    def __post_init__(self) -> None:
        if self.groups is not None and self.order_by is not None:
            raise InputError("order_by", "cannot be kept beside groups", "pass one of them")

    def folding(self, data: ClassificationDataModule) -> Folding:
        """The folding of ``data``, with as large a share for validation as it has."""
        train, val = len(data.splits["train"].y), len(data.splits["val"].y)
        return Folding(self.folds, self.repeats, val / (train + val), data.seed)

    def of(self, data: ClassificationDataModule) -> list[dict[str, Rows]]:
        """Numbers of the rows of ``train``, ``val`` and ``test`` of each fold of each repeat.

        Raises:
            InputError: If the rows cannot be parted so.
        """
        folding, targets, names = self.folding(data), data.drawn_targets, data.class_names
        if self.order_by is not None:
            return folding.ordered(targets, names, _times(_column(data, self.order_by, "order_by")))
        if self.groups is not None:
            return folding.grouped(targets, names, _groups(_unlearned(data, self.groups)))
        return folding.stratified(targets, names)


def _column(data: ClassificationDataModule, name: str, argument: str) -> pd.Series[Any]:
    """A column of the file, learned from or not, of the rows that splits may be drawn from."""
    if not isinstance(data, TableDataModule) or data.files is None:
        raise InputError(argument, f"needs a table file with a column {name}, got {type(data).__name__}", "drop it")
    rows = data.files.drawn_rows
    check_column(name, rows, argument, data.files.name[1])
    column: pd.Series[Any] = rows[name]
    return column


def _unlearned(data: ClassificationDataModule, name: str) -> pd.Series[Any]:
    """The column of the groups, which must tell the network nothing: those of a test are new to it."""
    column = _column(data, name, "groups")
    assert isinstance(data, TableDataModule)
    if data.files is not None and name in data.files.columns:
        rule = f"column {name} is learned from, though the groups of a test are new"
        dropped = [*(data.hparams["drop"] or ()), name]
        raise InputError("groups", rule, f"pass {pasted('--data.drop', dropped)} to leave it out of the inputs")
    return column


def _groups(column: pd.Series[Any]) -> Rows:
    """The number of the group of each row."""
    texts = texts_of(column)
    if None in texts.values:
        place = int(np.flatnonzero(texts.codes == texts.values.index(None))[0])
        rule = f"{column.index.name or 'row'} {column.index[place]} has no value in column {column.name}"
        raise InputError("groups", rule, "fill it in, or leave the row out")
    return texts.codes


def _times(column: pd.Series[Any]) -> NDArray[Any]:
    """The time of each row, as a number: of dates their nanoseconds since 1970."""
    numbers: NDArray[Any]
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return _known(column, column.to_numpy("datetime64[ns]").astype(np.int64), column.isna().to_numpy())
    numbers, _ = parsed_numbers(column)
    if np.isnan(numbers).any() and pd.api.types.is_string_dtype(column.dtype):
        dates = pd.to_datetime(column, format="ISO8601", errors="coerce", utc=True)
        if dates.notna().any():
            return _known(column, dates.astype(np.int64).to_numpy(), dates.isna().to_numpy())
    return _known(column, numbers, np.isnan(numbers))


def _known(column: pd.Series[Any], times: NDArray[Any], lacking: NDArray[np.bool_]) -> NDArray[Any]:
    """The times; refuses those that one is lacking of."""
    if lacking.any():
        place = int(lacking.argmax())
        row, value = f"{column.index.name or 'row'} {column.index[place]}", column.iloc[place]
        if pd.isna(value):
            rule = f"{row} has no value in column {column.name}"
            raise InputError("order_by", rule, "fill it in, or leave the row out")
        rule = f"{row}, column {column.name} must hold a number or a date to order by, got {short(value)}"
        raise InputError("order_by", rule, "write dates as 2024-01-31, or as 2024-01-31 12:30")
    return times
