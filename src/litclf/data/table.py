"""Tables: a file of rows, or a few rows given in place."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from typing import Any, Literal, Self, cast

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from litclf.data.base import ClassificationDataModule, Split
from litclf.data.sources.columns import check_columns, check_memory
from litclf.data.sources.given import classes_in, frame_of, kept, numbers_in
from litclf.data.sources.learning import learn_columns
from litclf.data.sources.splitting import TableFiles
from litclf.data.sources.synthetic import split_holdout
from litclf.data.sources.table_file import Told
from litclf.preprocessing.table import UnseenCategoryWarning
from litclf.utilities.checks import names, share, whole
from litclf.utilities.errors import InputError
from litclf.utilities.text import short

_OF_TABLES = ("target", "split_column", "val_size", "test_size", "drop", "categorical", "missing", "bins")
_OF_FILES = ("val_path", "test_path", "encoding")
_OF_OTHERS = {
    "path": ("rows", "targets", "target_names", "holdout"),
    "a DataFrame": ("path", "holdout", *_OF_FILES),
    "rows": ("path", *_OF_TABLES, *_OF_FILES),
}
"""Arguments that would do nothing for a file, a table given in place, and plain rows of numbers."""


class TableDataModule(ClassificationDataModule):
    """Rows of a CSV, TSV or Parquet file, of a DataFrame, or of numbers given in place, with a class each.

    Batches are ``(x, y)``: ``x`` float32 of shape ``(N, features)``; ``y`` int64 of shape ``(N,)``, in [0,
    num_classes). Plain rows of numbers stay in their own units. Of a file or a DataFrame, columns of numbers are
    standardised, other columns are one-hot, and missing values are marked, as
    :class:`~litclf.preprocessing.table.TablePreparation` says; what that needs is learned from the training rows alone.
    What a column is, and which cannot be learned from, is told in ``docs/own-data.md``; such columns are refused by
    name: nothing is dropped unless ``drop`` says so. Text in the target column names the classes, in sorted order;
    whole numbers become their text.

    Args:
        rows: Without ``path``: the numbers of each row, as lists or an array of shape ``(N, features)``; or a table, as
            a DataFrame or a mapping from columns to their values. A checkpoint keeps up to 2000 values of them.
        targets: The class of each row, as a list, an array or a Series: whole numbers from 0 on, or names.
        holdout: Share of plain ``rows`` held out of training, in [0, 1); half for validation, half for the test. Of a
            table ``val_size`` and ``test_size`` say so.
        target_names: Names of the classes, where ``targets`` are their numbers; None takes them from ``targets``.
        path: The file, with a header. How text files are read is told in ``docs/own-data.md``.
        target: The column of the class of a file, or of a DataFrame without ``targets``.
        val_path: File of the validation rows; None takes them from ``path``.
        test_path: File of the test rows; None takes them from ``path``.
        split_column: Column that says ``train``, ``val`` or ``test``; None draws the splits by the seed, keeping the
            shares of the classes.
        val_size: Share of the rows drawn for validation, in [0, 1).
        test_size: Share of the rows drawn for the test, in [0, 1).
        drop: Columns to leave out, such as numbers of rows.
        categorical: Columns that hold categories, or classes, although they look like numbers or like names of rows.
        missing: Words that stand for a missing value besides the usual ones, such as ``?`` or ``-999``.
        encoding: Encoding of text files, such as ``cp1252``; None tells it by the content.
        bins: Bins of each number, 0 or at least 2: how far through each of them a number is makes inputs beside the
            number itself, for what rises and falls with it. Their edges are quantiles of the training rows.
        class_weights: Whether training weighs classes by the inverse of their share.
        batch_size: Samples of a mini-batch; None for full-batch steps.
        repeat: Passes over the training set in one Trainer epoch.
        steps_per_execution: Most optimizer steps that run as one Trainer batch; ``auto`` chooses for each fit.
        seed: Seed of the split.

    Attributes:
        class_weights: The weight of each class in training, of mean 1 over the training rows; None for no weights.

    Raises:
        InputError: If an argument, the file or a value in it cannot be used; the message names row and column.

    Example:
        >>> TableDataModule(rows=[[1, 2], [2, 3], [4, 3]], targets=[0, 0, 1]).input_shape
        (2,)
        >>> TableDataModule(rows=pd.DataFrame({"legs": [4, 2] * 9}), targets=["cat", "duck"] * 9).class_names
        ('cat', 'duck')
        >>> from pathlib import Path
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "animals.csv"
        >>> _ = path.write_text("legs,skin,animal\\n" + "4,fur,cat\\n2,feathers,duck\\n" * 10)
        >>> data = TableDataModule(path=str(path), target="animal")
        >>> data.class_names, data.preparation.features, {name: len(split.y) for name, split in data.splits.items()}
        (('cat', 'duck'), ['legs', 'skin = feathers', 'skin = fur'], {'train': 14, 'val': 2, 'test': 4})
    """

    def __init__(
        self,
        rows: Any = None,
        targets: Any = None,
        holdout: float = 0.0,
        target_names: Sequence[str] | None = None,
        path: str | None = None,
        target: str | None = None,
        val_path: str | None = None,
        test_path: str | None = None,
        split_column: str | None = None,
        val_size: float = 0.1,
        test_size: float = 0.2,
        drop: list[str] | None = None,
        categorical: list[str] | None = None,
        missing: list[str] | None = None,
        encoding: str | None = None,
        bins: int = 0,
        class_weights: bool = False,
        batch_size: int | None = 32,
        repeat: int = 1,
        steps_per_execution: int | Literal["auto"] = "auto",
        seed: int = 42,
    ) -> None:
        super().__init__(batch_size, repeat, steps_per_execution, seed)
        for name, value in (("holdout", holdout), ("val_size", val_size), ("test_size", test_size)):
            share(name, value)
        whole("bins", bins, 0, example=16)
        if bins == 1:
            raise InputError("bins", "must be 0 or at least 2, got 1: one bin is the number itself", "pass 16, or 0")
        path, val_path, test_path = (None if file is None else str(file) for file in (path, val_path, test_path))
        frame, given, classes = None if path is not None else frame_of(rows), rows, targets
        # The values of this function's arguments are what the hyperparameters are.
        rows, targets = kept(rows), kept(targets)
        kinds = [] if frame is None else [name for name, kind in frame.dtypes.items() if kind == "category"]
        categorical = names("categorical", categorical)
        categorical = [*(categorical or []), *map(str, kinds)] if kinds else categorical
        target_names, drop, missing = (
            names("target_names", target_names),
            names("drop", drop),
            names("missing", missing),
        )
        self.save_hyperparameters()
        self._check_source("path" if path is not None else "rows" if frame is None else "a DataFrame")
        # Read now: classes and features are those of the rows.
        self.files: TableFiles | None = None
        if path is not None:
            self.files = self._open(path, str(target))
        elif frame is not None:
            self.files = self._given(frame, classes, target_names)
        else:
            x = numbers_in(given)
            self._plain = (x, *classes_in(classes, len(x), target_names))
        self._splits = self.load()
        self.class_weights = self._balanced_weights() if class_weights else None

    def load(self) -> dict[str, Split]:
        """Splits the rows, or learns from the training rows of the file how all of its rows are prepared."""
        if self.files is None:
            return self._load_rows()
        files, columns = self.files, list(self.files.columns.values())
        if not columns:
            raise InputError(files.name[0], f"{files.name[1]} has no columns to learn from", "drop fewer columns")
        with files.refusals("train"):
            check_columns(columns)
            bins = self.hparams["bins"]
            check_memory(columns, sum(map(len, files.targets.values())), bins)
            preparation = learn_columns(files.frames["train"], columns, self.hparams["missing"] or (), bins)
        self.preparation = preparation
        self.class_names, self.input_shape = files.class_names, (len(preparation.features),)
        splits = {}
        with _caught(UnseenCategoryWarning) as unseen:
            for split, targets in files.targets.items():
                with files.refusals(split):
                    splits[split] = Split(preparation.inputs(files.frames[split]), torch.from_numpy(targets))
        self.notes = (*files.notes, *dict.fromkeys(unseen))
        return splits

    @property
    def has_own_test(self) -> bool:
        """Whether the test rows have a file of their own, or are marked."""
        return self.files is not None and self.files.has_own_test

    @property
    def drawn_targets(self) -> NDArray[np.int64]:
        """The number of the class of each row that splits may be drawn from, in the order of the file."""
        return super().drawn_targets if self.files is None else self.files.drawn_targets

    def drawn_from(self, row: int) -> tuple[str, int]:
        """The split that a row of :attr:`drawn_targets` lies in, and its place there."""
        return super().drawn_from(row) if self.files is None else self.files.drawn[row]

    def drawn_column(self, name: str) -> Sequence[Any]:
        """What a raw column holds in each row that splits may be drawn from."""
        assert self.files is not None  # rows of numbers have no other columns
        return list(self.files.drawn_rows[name])

    def with_rows(self, rows: Mapping[str, NDArray[np.int64]], for_loaders: bool = False) -> Self:
        """The same rows in other splits, prepared by what their own training rows say."""
        if self.files is None:
            return super().with_rows(rows, for_loaders)
        other = copy(self)
        other.files = self.files.with_rows(rows, parsed=for_loaders)
        other._splits = other.load()
        other.class_weights = None if self.class_weights is None else other._balanced_weights()
        return other

    def row_name(self, split: str, place: int) -> str:
        """What row ``place`` of a split is called where it came from, such as ``iris.csv line 17``."""
        return super().row_name(split, place) if self.files is None else self.files.row_name(split, place)

    def _check_source(self, source: str) -> None:
        """Refuses rows from two sources or none, and arguments that belong to another source."""
        given: dict[str, Any] = dict(self.hparams)
        if given["path"] is None and given["rows"] is None:
            fix = "pass --data.path TABLE.csv and --data.target COLUMN; in Python path and target, or rows and targets"
            raise InputError("path", "is missing", fix)
        named = [name for name in ("target", "targets") if given[name] is not None]
        if not named:
            fix = "pass the column of the class" if source == "path" else "pass the class of each row"
            fix += ", or the column of the class as target" * (source == "a DataFrame")
            raise InputError("target" if source == "path" else "targets", f"is missing beside {source}", fix)
        defaults = inspect.signature(TableDataModule).parameters
        foreign = [*_OF_OTHERS[source], *(["target"] if len(named) > 1 else [])]
        for name in foreign:
            if given[name] != defaults[name].default:
                beside = "targets" if name == "target" and source == "a DataFrame" else source
                raise InputError(name, f"does nothing beside {beside}, got {short(given[name])}", "drop one of them")

    def _told(self) -> Told:
        """What is said of the columns of a table."""
        drop, categorical, missing = (self.hparams[name] or () for name in ("drop", "categorical", "missing"))
        if self.hparams["target"] is not None and self.hparams["target"] in drop:
            raise InputError("drop", f"must not name the target {self.hparams['target']}", "leave it out there")
        return Told(drop=drop, categorical=categorical, missing=missing, encoding=self.hparams["encoding"])

    def _open(self, path: str, target: str) -> TableFiles:
        given = self.hparams
        paths, sizes = (given["val_path"], given["test_path"]), (given["val_size"], given["test_size"])
        return TableFiles(path, target, *paths, given["split_column"], *sizes, self.seed, self._told())

    def _given(self, frame: pd.DataFrame, targets: Any, names: list[str] | None) -> TableFiles:
        """The rows of a DataFrame, with the class of each."""
        told, target = self._told(), self.hparams["target"]
        if targets is not None:
            numbers, found = classes_in(targets, len(frame), names)
            target = next(name for name in ("target", "class of the row") if name not in frame.columns)
            frame[target] = np.array(found, dtype=object)[numbers]
            told, names = replace(told, categorical=[*told.categorical, target]), list(found)
        given = self.hparams
        sizes = (given["val_size"], given["test_size"])
        return TableFiles(frame, target, None, None, given["split_column"], *sizes, self.seed, told, names)

    def _load_rows(self) -> dict[str, Split]:
        x, y, self.class_names = self._plain
        self.input_shape = x.shape[1:]
        return split_holdout(x, y, self.hparams["holdout"], self.seed)

    def _balanced_weights(self) -> list[float]:
        counts = torch.bincount(self.splits["train"].y, minlength=self.num_classes)
        if not counts.all():
            rule = f"needs a training row of each class, {self.class_names[int(counts.argmin())]} has none"
            raise InputError("class_weights", rule, "hold fewer rows out, or pass false")
        weights: list[float] = (counts.sum() / (self.num_classes * counts.double())).tolist()
        return weights


# What a config may name: arrays, DataFrames and their like are passed in Python only.
cast(Any, TableDataModule.__init__).__annotations__.update(
    rows="list[list[float]] | dict[str, list[Any]] | None",
    targets="list[int | str] | None",
    target_names="list[str] | None",
)


@contextmanager
def _caught(kind: type[Warning]) -> Iterator[list[str]]:
    """The texts of warnings of one kind, which are then not shown; others are."""
    texts: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", kind)
        yield texts
    for warning in caught:
        if issubclass(warning.category, kind):
            texts.append(str(warning.message))
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
