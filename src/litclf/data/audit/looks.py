"""Looks: what a kind of findings is looked for in; rows in memory, a column of a table, a folder of images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from litclf.data.base import ClassificationDataModule
from litclf.data.sources.columns import Column as TableColumn
from litclf.data.sources.columns import held_instead
from litclf.data.sources.folders import Files
from litclf.data.sources.image_files import Problem
from litclf.data.table import TableDataModule
from litclf.preprocessing.base import ArrayPreparation
from litclf.preprocessing.table import TablePreparation
from litclf.preprocessing.values import parsed_numbers
from litclf.preprocessing.written import written_numbers


@dataclass(frozen=True)
class Column:
    """A column of a table that is to be learned from.

    Attributes:
        values: The column; its index counts the rows as the file does, and has the name of that count.
        told: What it holds.
        categorical: Whether it is said to hold categories.
    """

    values: pd.Series[Any]
    told: TableColumn
    categorical: bool = False

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """Its values as numbers, NaN where they are none; of shape ``(N,)``."""
        return self._parsed[0]

    @cached_property
    def texts(self) -> NDArray[np.int64]:
        """Places of the values that are text where numbers are looked for."""
        return self._parsed[1]

    @cached_property
    def _parsed(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        if held_instead(self.values):
            return np.full(len(self.values), np.nan), np.arange(len(self.values))
        written = self.told.written
        return parsed_numbers(self.values) if written is None else written_numbers(self.values, written)

    @property
    def name(self) -> str:
        """What it is called in a finding."""
        return f"column {self.told.name}"


@dataclass(frozen=True)
class Rows:
    """The splits of a DataModule in memory.

    Attributes:
        data: The DataModule.
        inputs: Inputs of each split, as they are stored.
        targets: The class of each sample of each split.
        columns: Training inputs by the column that they come from, shape ``(N,)`` or, of categories,
            ``(N, features)``; none where inputs are no rows, such as images.
        counts: Samples of each class.
        unit: What a sample is called.
    """

    data: ClassificationDataModule
    inputs: Mapping[str, NDArray[Any]]
    targets: Mapping[str, NDArray[np.int64]]
    columns: Mapping[str, NDArray[np.float32]]
    counts: Mapping[str, int]
    unit: str = "rows"

    @classmethod
    def of(cls, data: ClassificationDataModule) -> Rows:
        """A look at the splits of ``data``."""
        inputs = {name: split.x.cpu().numpy() for name, split in data.splits.items()}
        targets = {name: split.y.cpu().numpy() for name, split in data.splits.items()}
        numbers = np.bincount(np.concatenate(list(targets.values())), minlength=data.num_classes)
        counts = dict(zip(data.class_names, numbers.tolist(), strict=True))
        return cls(data, inputs, targets, _columns(data, inputs["train"]), counts)

    @cached_property
    def in_file(self) -> list[Column]:
        """The columns of the file that the rows come from; none where they come from none."""
        if not isinstance(self.data, TableDataModule) or self.data.files is None:
            return []
        table, told = self.data.files.table, self.data.files.columns
        named = self.data.hparams["categorical"] or ()
        return [Column(column, told[name], name in named) for name, column in table.items() if name in told]

    @property
    def standardised(self) -> bool:
        """Whether columns are brought to one scale."""
        return isinstance(self.data.preparation, TablePreparation)

    def name(self, split: str, place: int) -> str:
        """What a row is called where it came from."""
        return self.data.row_name(split, place)


class Look(NamedTuple):
    """What one image file shows.

    Attributes:
        path: The file.
        error: Why it cannot be read; empty where it can.
        size: Width and height, in pixels.
        kind: ``grey`` or ``colour``.
        blank: Whether all of its pixels are alike.
        digest: The same for images of the same pixels, whatever the format of their files.
    """

    path: Path
    error: str = ""
    size: str = ""
    kind: str = ""
    blank: bool = False
    digest: bytes = b""


@dataclass(frozen=True)
class Images:
    """A folder of images.

    Attributes:
        splits: The files of each split.
        class_names: Names of the classes.
        digests: What is the same for images of the same pixels, by file; files without are not compared.
        looks: What the files show, where they were read for it.
        problems: What is in the wrong place.
        unit: What a sample is called.
    """

    splits: Mapping[str, Files]
    class_names: Sequence[str]
    digests: Mapping[Path, bytes]
    looks: Sequence[Look] = ()
    problems: Sequence[Problem] = field(default_factory=list)
    unit: str = "images"

    @property
    def readable(self) -> list[Look]:
        """What the files show that can be read."""
        return [look for look in self.looks if not look.error]

    @property
    def totals(self) -> NDArray[np.int64]:
        """Images of each class."""
        targets = [target for files in self.splits.values() for target in files.targets]
        return np.bincount(np.array(targets, dtype=np.int64), minlength=len(self.class_names))

    @property
    def counts(self) -> dict[str, int]:
        """Images of each class that has any."""
        totals = zip(self.class_names, self.totals.tolist(), strict=True)
        return {name: number for name, number in totals if number}


def _columns(data: ClassificationDataModule, x: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
    if x.ndim != 2:
        return {}
    preparation = data.preparation
    names = [f"x{number + 1}" for number in range(x.shape[1])]
    if isinstance(preparation, TablePreparation):
        names = preparation.sources
    elif isinstance(preparation, ArrayPreparation):
        names = preparation.columns
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(name, []).append(place)
    return {f"column {name}": x[:, own[0]] if len(own) == 1 else x[:, own] for name, own in places.items()}
