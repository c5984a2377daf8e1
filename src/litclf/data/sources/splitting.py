"""Rows of tables in three splits: by files, by a column, or drawn by the seed with the shares of the classes kept."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from shlex import quote
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from litclf.data.sources.columns import check_column, class_labels, nameless_columns, sorted_classes
from litclf.data.sources.reading import TableReader
from litclf.data.sources.split_names import split_named
from litclf.data.sources.stratified import stratified_rows
from litclf.utilities.errors import InputError


class TableFiles:
    """The rows of one to three table files, in three splits.

    Args:
        path: The file of the training rows, and of those for which there is no other file.
        target: The column of the class.
        val_path: The file of the validation rows; None takes them from ``path``.
        test_path: The file of the test rows; None takes them from ``path``.
        split_column: Column of ``path`` that says ``train``, ``val`` or ``test``; None draws the splits.
        val_size: Share of the rows of ``path`` drawn for validation, where no file has them.
        test_size: Share of the rows of ``path`` drawn for the test, where no file has them.
        seed: Seed of the draw.
        as_text: Columns whose text is kept although it may look like numbers with decimal commas.
        encoding: The encoding of text files; None tells it by the content of each.

    Attributes:
        class_names: The classes, in order.
        frames: The rows of each split, as they were read.
        targets: The number of the class of each row of each split.
        notes: What a user should know of how the files were read, a sentence each.
        nameless: Columns of ``path`` that a program added without a name, and what they are.

    Raises:
        InputError: If a file or a row cannot be used; it names the argument, the file and the row.
    """

    def __init__(
        self,
        path: str,
        target: str,
        val_path: str | None = None,
        test_path: str | None = None,
        split_column: str | None = None,
        val_size: float = 0.1,
        test_size: float = 0.2,
        seed: int = 42,
        as_text: Collection[str] = (),
        encoding: str | None = None,
    ) -> None:
        self._as_text, self._encoding = as_text, encoding
        self.notes: list[str] = []
        others = {split: file for split, file in (("val", val_path), ("test", test_path)) if file is not None}
        if split_column is not None and others:
            rule = f"does nothing beside a file of its own for {' and '.join(others)}, got {split_column}"
            raise InputError("split_column", rule, "pass one or the other")
        self._files = dict.fromkeys(("train", "val", "test"), ("path", path))
        self._files.update({split: (f"{split}_path", file) for split, file in others.items()})
        table = self._read("train", target)
        self.nameless = nameless_columns(table)
        with self.refusals("train"):
            labels = class_labels(table[target])
        self.class_names = sorted_classes(labels)
        if len(self.class_names) < 2:
            rule = f"must hold two classes or more, column {target} of {path} holds {self.class_names[0]} only"
            raise InputError("target", rule, "pass another column, or a file with rows of other classes")
        targets = self._numbers(labels, table, "train")
        if split_column is None:
            sizes = (0.0 if "val" in others else val_size, 0.0 if "test" in others else test_size)
            rows = stratified_rows(targets, self.class_names, *sizes, seed)
        else:
            check_column(split_column, table, "split_column", path)
            with self.refusals("train"):
                rows = rows_by_column(table[split_column])
        self.frames = {split: table.iloc[places] for split, places in rows.items()}
        self.targets = {split: targets[places] for split, places in rows.items()}
        for split in others:
            self.frames[split] = self._read(split, target)
            with self.refusals(split):
                labels = class_labels(self.frames[split][target])
            self.targets[split] = self._numbers(labels, self.frames[split], split)
        self._check_classes()

    def row_name(self, split: str, place: int) -> str:
        """What a row of a split is called, such as ``iris.csv line 17``."""
        index = self.frames[split].index
        return f"{self._files[split][1]} {index.name} {index[place]}"

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

    def _read(self, split: str, target: str) -> pd.DataFrame:
        file = self._files[split][1]
        with self.refusals(split):
            reader = TableReader(file, self._encoding)
            frame = reader.read(self._as_text)
        self.notes += reader.notes
        if split == "train" or target in frame.columns:
            check_column(target, frame, "target", file)
            return frame
        rule = f"{file} has no column {target!r}, without which its rows are no {split} rows"
        fix = f"leave it out, and predict them once trained: litclf predict --ckpt_path RUN --input {quote(file)}"
        raise InputError(f"{split}_path", rule, fix)

    def _numbers(self, labels: NDArray[np.object_], frame: pd.DataFrame, split: str) -> NDArray[np.int64]:
        places = {name: number for number, name in enumerate(self.class_names)}
        for row, label in enumerate(labels):
            if label not in places:
                argument, file = self._files[split]
                rule = f"{file} {frame.index.name} {frame.index[row]} has class {label!r}, which no training row has"
                raise InputError(argument, rule, "mend the class, or add training rows of it")
        return np.array([places[label] for label in labels], dtype=np.int64)

    def _check_classes(self) -> None:
        counts = np.bincount(self.targets["train"], minlength=len(self.class_names))
        if not counts.all():
            rule = f"class {self.class_names[counts.argmin()]} of {self._files['train'][1]} has no training row"
            raise InputError("path", rule, "mark rows of it for training, or leave it out")


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
