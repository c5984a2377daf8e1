"""Rows of tables in three splits: by files, by a column, or drawn by the seed with the shares of the classes kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from litclf.data.sources.class_names import in_order
from litclf.data.sources.classes import class_texts, words_for_missing
from litclf.data.sources.roles import check_column
from litclf.data.sources.split_names import split_named
from litclf.data.sources.stratified import lone_classes, stratified_rows
from litclf.data.sources.table_file import TableFile, Told, read_frame, without
from litclf.preprocessing.values import Texts, likeness, parsed_numbers
from litclf.utilities.errors import InputError, nearest
from litclf.utilities.text import shell_word

_GIVEN = "the DataFrame"
"""What a table that was given in place is called."""


class TableFiles:
    """The rows of one to three table files, or of a table given in place, in three splits.

    Args:
        path: The file of the training rows, and of those for which there is no other file; or the table, whose index
            counts its rows.
        target: The column of the class.
        val_path: The file of the validation rows; None takes them from ``path``.
        test_path: The file of the test rows; None takes them from ``path``.
        split_column: Column of ``path`` that says ``train``, ``val`` or ``test``; None draws the splits.
        val_size: Share of the rows of ``path`` drawn for validation, where no file has them.
        test_size: Share of the rows of ``path`` drawn for the test, where no file has them.
        seed: Seed of the draw.
        told: What else is said of the files.
        class_names: Names of the classes in order, where another is meant than that of :func:`in_order`.

    Attributes:
        class_names: The classes, in order.
        frames: The rows of each split, as they were read.
        targets: The number of the class of each row of each split.
        columns: What each column holds that is learned from, by all rows of ``path``.
        notes: What a user should know of how the files were read, a sentence each.

    Raises:
        InputError: If a file or a row cannot be used; it names the argument, the file and the row.
    """

    def __init__(
        self,
        path: str | pd.DataFrame,
        target: str,
        val_path: str | None = None,
        test_path: str | None = None,
        split_column: str | None = None,
        val_size: float = 0.1,
        test_size: float = 0.2,
        seed: int = 42,
        told: Told | None = None,
        class_names: Sequence[str] | None = None,
    ) -> None:
        told = self._told = replace(told or Told(), target=target, split_column=split_column)
        others = {split: file for split, file in (("val", val_path), ("test", test_path)) if file is not None}
        if split_column is not None and others:
            rule = f"does nothing beside a file of its own for {' and '.join(others)}, got {split_column}"
            raise InputError("split_column", rule, "pass one or the other")
        named = ("path", path) if isinstance(path, str) else ("rows", _GIVEN)
        self._files = dict.fromkeys(("train", "val", "test"), named)
        self._files.update({split: (f"{split}_path", file) for split, file in others.items()})
        with self.refusals("train"):
            if isinstance(path, str):
                file = TableFile.read(path, told)
            else:
                file = TableFile.of(without(path, told.missing), [], told, _GIVEN)
            table, texts = file.frame, self._classes(file.frame)
        self.columns = file.columns
        self.class_names = tuple(class_names or in_order(map(str, texts.values)))
        if len(self.class_names) < 2:
            rule = f"must hold two classes or more, column {target} of {named[1]} holds {self.class_names[0]} only"
            raise InputError("target", rule, "pass another column, or a file with rows of other classes")
        self.notes = [*file.notes, *words_for_missing(self.class_names, target)]
        targets = self._numbers(texts, table, "train")
        if split_column is None:
            sizes = (0.0 if "val" in others else val_size, 0.0 if "test" in others else test_size)
            rows = stratified_rows(targets, self.class_names, *sizes, seed)
        else:
            check_column(split_column, table, "split_column", named[1])
            with self.refusals("train"):
                rows = rows_by_column(table[split_column])
        self.frames = {split: table.iloc[places] for split, places in rows.items()}
        self.targets = {split: targets[places] for split, places in rows.items()}
        for split in others:
            self.frames[split] = self._read(split, target)
            with self.refusals(split):
                texts = self._classes(self.frames[split])
            self.targets[split] = self._numbers(texts, self.frames[split], split)
        self._check_classes()
        if split_column is None:
            drawn = [split for split in ("val", "test") if split not in others]
            self.notes += lone_classes(self.targets, self.class_names, drawn)

    def row_name(self, split: str, place: int) -> str:
        """What a row of a split is called, such as ``iris.csv line 17``."""
        index = self.frames[split].index
        return f"{self._files[split][1]} {index.name} {index[place]}"

    @property
    def name(self) -> tuple[str, str]:
        """The argument that named the training rows, and what they are called."""
        return self._files["train"]

    @property
    def has_own_test(self) -> bool:
        """Whether the test rows have a file of their own, or are marked."""
        return self._told.split_column is not None or self._files["test"] != self._files["train"]

    @cached_property
    def drawn(self) -> list[tuple[str, int]]:
        """Split and place of each row that splits may be drawn from: those of the training file first, in its order."""
        splits = ("train", "val") if self.has_own_test else ("train", "val", "test")
        places = [(split, place) for split in splits for place in range(len(self.targets[split]))]
        own = self._files["train"]
        return sorted(places, key=lambda row: (self._files[row[0]] != own, self.frames[row[0]].index[row[1]]))

    @property
    def drawn_targets(self) -> NDArray[np.int64]:
        """The number of the class of each row that splits may be drawn from."""
        return np.array([self.targets[split][place] for split, place in self.drawn])

    @cached_property
    def drawn_rows(self) -> pd.DataFrame:
        """The rows that splits may be drawn from."""
        starts = np.cumsum([0, *map(len, self.frames.values())])
        first = dict(zip(self.frames, starts, strict=False))
        return pd.concat(list(self.frames.values())).iloc[[first[split] + place for split, place in self.drawn]]

    @cached_property
    def _parsed_rows(self) -> pd.DataFrame:
        """As :attr:`drawn_rows`, what is learned from alone and plain numbers parsed, which takes long on text."""
        frame = self.drawn_rows[list(self.columns)]
        plain = [name for name, own in self.columns.items() if own.kind == "number" and own.written is None]
        parsed = {name: parsed_numbers(frame[name]) for name in plain}
        numbers = {name: own for name, (own, wrong) in parsed.items() if not len(wrong)}
        return frame.assign(**numbers).copy()  # in which those of a kind lie side by side: rows of it are taken at once

    def with_rows(self, rows: Mapping[str, NDArray[np.int64]], parsed: bool = False) -> TableFiles:
        """The same rows in other splits, by their numbers in :attr:`drawn`; a test not named is its own, or empty.

        Args:
            rows: The numbers of the rows of each split.
            parsed: Whether plain numbers need not be as they were read, and only what is learned from is kept.

        Raises:
            InputError: If a class has no training row.
        """
        other, targets = copy(self), self.drawn_targets
        for name in [name for name, own in vars(TableFiles).items() if isinstance(own, cached_property)]:
            vars(other).pop(name, None)  # what was kept is of these splits
        drawn = self._parsed_rows if parsed else self.drawn_rows
        other.frames = {split: drawn.iloc[places] for split, places in rows.items()}
        other.targets = {split: targets[places] for split, places in rows.items()}
        if "test" not in rows:
            end = None if self.has_own_test else 0
            other.frames["test"], other.targets["test"] = self.frames["test"].iloc[:end], self.targets["test"][:end]
        other._check_classes()
        return other

    @contextmanager
    def refusals(self, split: str) -> Iterator[None]:
        """What is refused in the rows of a split is told of its file, under the argument that named it."""
        argument, file = self._files[split]
        try:
            yield
        except InputError as error:
            if error.where not in ("input", file):
                raise
            raise InputError(argument, f"{file} {error.what}", error.fix) from error

    @property
    def table(self) -> pd.DataFrame:
        """All rows of the file of the training rows, in its order."""
        own = [frame for split, frame in self.frames.items() if self._files[split] == self._files["train"]]
        return pd.concat(own).sort_index()

    @property
    def file(self) -> TableFile:
        """The file of the training rows, as it was read."""
        target = str(self._told.target)
        return TableFile(self.table, target, self.columns, tuple(self.notes), target in self._told.categorical)

    def _read(self, split: str, target: str) -> pd.DataFrame:
        file = self._files[split][1]
        with self.refusals(split):
            frame, notes = read_frame(file, self._told)
        self.notes += notes
        if target in frame.columns:
            return frame
        rule = f"{file} has no column {target!r}, without which its rows are no {split} rows"
        fix = f"leave it out, and predict them once trained: litclf predict --ckpt_path RUN --input {shell_word(file)}"
        raise InputError(f"{split}_path", rule, fix)

    def _classes(self, frame: pd.DataFrame) -> Texts:
        target = str(self._told.target)
        return class_texts(frame[target], target in self._told.categorical)

    def _numbers(self, texts: Texts, frame: pd.DataFrame, split: str) -> NDArray[np.int64]:
        places = texts.places(self.class_names)
        for text, place in zip(texts.values, places, strict=True):
            if place < 0:
                argument, file = self._files[split]
                row = frame.index[texts.codes == texts.values.index(text)][0]
                same = [name for name in self.class_names if likeness(name) == likeness(str(text))]
                near = same[0] if same else nearest(str(text), self.class_names)
                rule = f"{file} {frame.index.name} {row} has class {text!r}, which no training row has"
                like = f"did you mean {near!r}? " if near is not None else ""
                raise InputError(argument, rule, f"{like}mend the class, or add training rows of it")
        return places[texts.codes]

    def _check_classes(self) -> None:
        counts = np.bincount(self.targets["train"], minlength=len(self.class_names))
        if not counts.all():
            rule = f"class {self.class_names[counts.argmin()]} of {self._files['train'][1]} has no training row"
            raise InputError(self._files["train"][0], rule, "mark rows of it for training, or leave it out")


def rows_by_column(column: pd.Series[Any]) -> dict[str, NDArray[np.int64]]:
    """Places of the rows of each split, by a column of ``train``, ``val`` and ``test`` in their usual spellings.

    Raises:
        InputError: If a row has none of these, or no row has ``train``; it names the row.

    Example:
        >>> {name: rows.tolist() for name, rows in rows_by_column(pd.Series(["train", "test", "Train"])).items()}
        {'train': [0, 2], 'val': [], 'test': [1]}
    """
    splits = column.astype(str).map(split_named, na_action="ignore").to_numpy(dtype=object)
    wrong = np.flatnonzero(pd.isna(splits))
    if len(wrong):
        row, value = column.index[wrong[0]], column.iloc[wrong[0]]
        rule = f"{column.index.name or 'row'} {row}, column {column.name} must be train, val or test, got {value}"
        raise InputError("input", rule, "mend it, or draw the splits: leave split_column out")
    if "train" not in splits:
        raise InputError("input", f"no row has train in column {column.name}", "mark rows for training")
    return {name: np.flatnonzero(splits == name) for name in ("train", "val", "test")}
