"""Rows of a table as the inputs of a network: numbers standardised, categories one-hot, missing values marked."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from litclf.preprocessing.base import Preparation
from litclf.preprocessing.values import blanked, likeness, parsed_numbers, texts_in
from litclf.preprocessing.written import Written, written_numbers
from litclf.utilities.errors import InputError, nearest
from litclf.utilities.text import listed, short

_LARGEST = float(np.finfo(np.float32).max)


class UnseenCategoryWarning(UserWarning):
    """A category that the training rows did not have; all its inputs are zero."""


class TablePreparation(Preparation):
    """Rows with numbers and categories, by what a scikit-learn ColumnTransformer learned from the training rows.

    The inputs are, in this order: the numbers, less their mean and divided by their scale; for each number that was
    missing in a training row, 1 where it is missing and else 0; for each category, 1 where the row has it and else 0.
    A missing number is filled in; in a column that no training row lacked, nothing marks it. A missing category is a
    category of its own where a training row had none. A category that no training row had gets zeros, with a warning
    for the first one of each column. Last come the bins of numbers that have edges: how far through each the number
    is, in [0, 1], so that what a network makes of a number may change from bin to bin.

    Args:
        columns: Names of the columns, in the order of a row.
        numbers: For each column of numbers ``fill``, what stands in for a missing value; ``mean`` and ``scale``,
            positive; ``indicator``, whether missing values are marked; ``written``, the fields of
            :class:`~litclf.preprocessing.values.Written` where its texts are no plain numbers; and ``edges`` of its
            bins, ascending, where it has any.
        categories: For each other column its categories, as text; None stands for a missing value.
        missing: Words that stand for a missing value, besides an empty text.

    Example:
        >>> age = {"fill": 40.0, "mean": 40.0, "scale": 10.0, "indicator": True}
        >>> preparation = TablePreparation(["age", "sex"], {"age": age}, {"sex": ["f", "m"]})
        >>> preparation.features
        ['age', 'age is missing', 'sex = f', 'sex = m']
        >>> preparation.inputs(pd.DataFrame({"sex": ["m", "f"], "age": [50, None]}))
        tensor([[1., 0., 0., 1.],
                [0., 1., 1., 0.]])
        >>> TablePreparation(["age"], {"age": age | {"edges": [20.0, 40.0, 60.0]}}, {}).inputs([[45]])[0, 2:]
        tensor([1.0000, 0.2500])

    Source: bins are the piecewise-linear encoding of Gorishniy et al., 2022.
    """

    kind = "table"

    def __init__(
        self,
        columns: Sequence[str],
        numbers: Mapping[str, Mapping[str, Any]],
        categories: Mapping[str, Sequence[str | None]],
        missing: Sequence[str] = (),
    ) -> None:
        if set(columns) != numbers.keys() | categories.keys():
            raise ValueError(f"columns {list(columns)} are not those of numbers and categories")
        self.columns = list(columns)
        self.numbers = {name: dict(numbers[name]) for name in columns if name in numbers}
        self.categories = {name: list(categories[name]) for name in columns if name in categories}
        self._settings = np.array([[n["mean"], n["scale"], n["fill"]] for n in self.numbers.values()]).reshape(-1, 3)
        self.missing = list(missing)
        self._written = {name: Written(**own["written"]) for name, own in self.numbers.items() if "written" in own}
        self._edges = {
            place: np.array(own["edges"]) for place, own in enumerate(self.numbers.values()) if "edges" in own
        }
        self._marked = [name for name, number in self.numbers.items() if number["indicator"]]
        self._warned: set[str] = set()

    def to_dict(self) -> dict[str, Any]:
        """The columns, and what is known of each."""
        known = {"columns": self.columns, "numbers": self.numbers, "categories": self.categories}
        return {"kind": self.kind, **known, **({"missing": self.missing} if self.missing else {})}

    @property
    def plain_numbers(self) -> list[str]:
        """Columns of numbers that are written without marks and units."""
        return [name for name in self.numbers if name not in self._written]

    @property
    def features(self) -> list[str]:
        """Names of the network's inputs, in their order."""
        marks = [f"{name} is missing" for name in self._marked]
        shares = [
            f"{name} is missing" if category is None else f"{name} = {category}"
            for name, categories in self.categories.items()
            for category in categories
        ]
        names = list(self.numbers)
        bins = [
            f"{names[place]} from {low:g} to {high:g}"
            for place, edges in self._edges.items()
            for low, high in pairwise(edges)
        ]
        return [*self.numbers, *marks, *shares, *bins]

    @property
    def sources(self) -> list[str]:
        """The column that each of the network's inputs comes from, in their order."""
        shares = [name for name, categories in self.categories.items() for _ in categories]
        names = list(self.numbers)
        bins = [names[place] for place, edges in self._edges.items() for _ in edges[1:]]
        return [*self.numbers, *self._marked, *shares, *bins]

    def inputs(self, raw: Any) -> Tensor:
        """The network's inputs, float32 of shape ``(N, len(features))``.

        Args:
            raw: A DataFrame, whose columns are found by their names, whatever their order and whatever stands beside
                them; or rows, each a mapping of names to values or the values in the order of ``columns``; one mapping
                is one row. None, NaN and empty text are missing values.

        Raises:
            InputError: If a column is missing or a value does not fit; it names row and column.
        """
        frame = self._frame(raw)
        if self.missing:
            frame = pd.DataFrame({name: blanked(frame[name], self.missing) for name in self.columns})
        numbers = np.empty((len(frame), len(self.numbers)))
        for place, name in enumerate(self.numbers):
            numbers[:, place] = numbers_of(frame[name], self._written.get(name))
        missing = np.isnan(numbers)
        marks = missing[:, [place for place, number in enumerate(self.numbers.values()) if number["indicator"]]]
        mean, scale, fill = self._settings.T
        filled = np.where(missing, fill, numbers)
        bins = [shares_of_bins(filled[:, place], edges) for place, edges in self._edges.items()]
        values = (filled - mean) / scale
        shares = [self._one_hot(frame[name]) for name in self.categories]
        with np.errstate(over="ignore"):  # too far from the mean becomes infinite, which is refused with its row
            inputs = np.concatenate([values, marks, *shares, *bins], axis=1, dtype=np.float32, casting="unsafe")
        wrong = np.argwhere(~np.isfinite(inputs[:, : len(self.numbers)]))
        if len(wrong):
            row, place = wrong[0]
            column = frame[list(self.numbers)[place]]
            raise _refusal(column, int(row), "is too far from the values in training", "mend the value")
        return torch.from_numpy(inputs)

    def _frame(self, raw: Any) -> pd.DataFrame:
        raw = [raw] if isinstance(raw, Mapping) else raw
        if isinstance(raw, pd.DataFrame):
            frame = raw if all(isinstance(name, str) for name in raw.columns) else raw.rename(columns=str)
        elif len(raw) and isinstance(raw[0], Mapping):
            frame = pd.DataFrame(list(raw))
        else:
            frame = self._unnamed(raw)
        there = Counter(frame.columns)
        for name in self.columns:
            number = there[name]
            if number > 1:
                raise InputError("input", f"has {number} columns {name}", "rename all but one")
            if not number:
                others = [str(other) for other in frame.columns if other not in self.columns]
                near = nearest(name, others)
                fix = f"is it {near}? rename it to {name}" if near else f"add it, left empty where {name} is not known"
                raise InputError("input", f"has no column {name}", fix)
        return frame

    def _unnamed(self, rows: Any) -> pd.DataFrame:
        for number, row in enumerate(rows):
            length = len(row) if isinstance(row, Sequence | np.ndarray) and not isinstance(row, str) else 1
            if length != len(self.columns):
                rule = f"row {number} must hold {len(self.columns)} values, got {length}"
                raise InputError("input", rule, f"pass {listed(self.columns)}")
        return pd.DataFrame(rows, columns=self.columns)

    def _one_hot(self, column: pd.Series[Any]) -> NDArray[np.float32]:
        known = self.categories[str(column.name)]
        texts = texts_in(column)
        found = texts.places(known)
        unseen = [place for place in np.flatnonzero(found < 0) if texts.values[place] is not None]
        if unseen and column.name not in self._warned:
            self._warned.add(str(column.name))
            text = str(texts.values[unseen[0]])
            row = int(np.flatnonzero(texts.codes == unseen[0])[0])
            same = [name for name in known if name is not None and likeness(name) == likeness(text)]
            message = (
                f"{_place(column, row)}: {short(text)} was in no training row, and counts as none of the categories"
            )
            like = f"; did you mean {same[0]!r}?" if same else ""
            warnings.warn(message + like, UnseenCategoryWarning, stacklevel=3)
        return cast("NDArray[np.float32]", (found[texts.codes][:, None] == np.arange(len(known))).astype(np.float32))


def shares_of_bins(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far through each bin values are, float64 of shape ``(N, B)``: 0 before it, 1 beyond it.

    Args:
        values: Numbers, shape ``(N,)``.
        edges: Where the bins meet, and where the first begins and the last ends, ascending, shape ``(B + 1,)``.

    Example:
        >>> shares_of_bins(np.array([-1.0, 2.5]), np.array([0.0, 2.0, 4.0])).tolist()
        [[0.0, 0.0], [1.0, 0.25]]
    """
    return np.clip((values[:, None] - edges[:-1]) / np.diff(edges), 0, 1)


def numbers_of(column: pd.Series[Any], written: Written | None = None) -> NDArray[np.float64]:
    """The values of a column as numbers, float64 of shape ``(N,)``; NaN where one is missing.

    Args:
        column: The column.
        written: How its texts are written, where not plainly.

    Raises:
        InputError: If a value is neither missing nor a finite number that float32 can hold; it names row and column.

    Example:
        >>> numbers_of(pd.Series(["1", "2.5", None], name="age"))
        array([1. , 2.5, nan])
        >>> numbers_of(pd.Series(["5 %", "7%"], name="share"), Written("%"))
        array([5., 7.])
    """
    numbers, wrong = parsed_numbers(column) if written is None else written_numbers(column, written)
    if len(wrong):
        rule = "must be a number" if written is None else f"must be a number with {written.words} as in training"
        fix = "mend the value, or leave it empty where it is missing"
        raise _refusal(column, int(wrong[0]), rule, fix)
    large = np.flatnonzero(np.abs(numbers) > _LARGEST)
    if len(large):
        raise _refusal(column, int(large[0]), "must be a finite number", "mend the value, or leave it empty")
    return numbers


def _place(column: pd.Series[Any], row: int) -> str:
    return f"{column.index.name or 'row'} {column.index[row]}, column {column.name}"


def _refusal(column: pd.Series[Any], row: int, rule: str, fix: str) -> InputError:
    return InputError("input", f"{_place(column, row)} {rule}, got {short(column.iloc[row])}", fix)
