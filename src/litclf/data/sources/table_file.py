"""Table files: the rows, the target and what each other column is, told alike to check-data, init and a fit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from litclf.data.sources.columns import Column, look_at
from litclf.data.sources.reading import TableReader
from litclf.data.sources.roles import check_column, guess_target, nameless_columns
from litclf.preprocessing.values import blanked

NAME_FLAGS = {
    "drop": "columns to leave out, such as '[id, name]'",
    "categorical": "columns that are categories although they hold numbers, such as '[floor, year]'",
    "missing": "words that stand for a missing value, such as '[-999, unknown]'",
}
"""What is said of a table by names, and what for."""


@dataclass(frozen=True)
class Told:
    """What a user says of a table file.

    Attributes:
        target: The column of the class; None guesses it.
        split_column: The column of the splits.
        drop: Columns to leave out.
        categorical: Columns that hold categories, or classes, whatever they look like.
        missing: Words that stand for a missing value besides the usual ones.
        encoding: The encoding of a text file; None tells it by the content.
    """

    target: str | None = None
    split_column: str | None = None
    drop: Collection[str] = ()
    categorical: Collection[str] = ()
    missing: Collection[str] = ()
    encoding: str | None = None


@dataclass(frozen=True)
class TableFile:
    """A table file, and what its columns are.

    Attributes:
        frame: Its rows, of all columns; missing values are none, but words such as ``None`` are classes in the target.
        target: The column of the class.
        columns: What each column holds that is learned from, in the order of the table.
        notes: What a user should know of how it was understood, a sentence each.
        as_written: Whether the texts of the target are classes whatever they look like.
    """

    frame: pd.DataFrame
    target: str
    columns: dict[str, Column]
    notes: tuple[str, ...]
    as_written: bool = False

    @classmethod
    def read(cls, path: str, told: Told, where: str = "target") -> TableFile:
        """Reads a table file.

        Args:
            path: The file.
            told: What is said of it.
            where: What a refusal calls the target.

        Raises:
            InputError: If it cannot be read as a table, or lacks a column that it is told to have.
        """
        told = with_target(path, told)
        return cls.of(*read_frame(path, told), told, path, where)

    @classmethod
    def of(cls, frame: pd.DataFrame, notes: list[str], told: Told, path: str, where: str = "target") -> TableFile:
        """The same of rows that were read, from what is called ``path`` where something is refused."""
        for argument, names in (("drop", told.drop), ("categorical", told.categorical)):
            for name in names:
                check_column(name, frame, argument, path)
        target = str(told.target)
        nameless = nameless_columns(frame.drop(columns=[*{target, *told.categorical, *told.drop} & {*frame.columns}]))
        check_column(target, frame, where, path)
        left_out = {target, told.split_column, *told.drop, *nameless}
        columns = {
            str(name): look_at(column, name in told.categorical)
            for name, column in frame.items()
            if name not in left_out
        }
        notes = [*notes, *(f"column {name} {why}: left out" for name, why in nameless.items())]
        notes += [note for column in columns.values() for note in column.notes]
        return cls(frame, target, columns, tuple(notes), target in told.categorical)


def with_target(path: str, told: Told) -> Told:
    """What is said of a file, with the column that most likely holds the class where none is named.

    It is guessed by the names and the first rows.

    Raises:
        InputError: If the file cannot be read as a table.
    """
    if told.target is not None:
        return told
    head = next(iter(TableReader(path, told.encoding).chunks())).values
    head = head.drop(columns=[name for name in told.drop if name in head.columns and len(head.columns) > 1])
    return replace(told, target=guess_target(head.drop(columns=[*nameless_columns(head)])))


def read_frame(path: str, told: Told) -> tuple[pd.DataFrame, list[str]]:
    """The rows of a table file, and what a user should know of how they were read."""
    reader = TableReader(path, told.encoding)
    classes = [] if told.target is None else [told.target]
    frame = reader.read([*told.categorical, *told.drop], classes, told.missing)
    return without(frame, told.missing), list(reader.notes)


def without(frame: pd.DataFrame, missing: Collection[str]) -> pd.DataFrame:
    """The rows without values that stand for a missing one."""
    if not missing:
        return frame
    blank: dict[str, Any] = {name: blanked(frame[name], missing) for name in frame.columns}
    return pd.DataFrame(blank, index=frame.index)
