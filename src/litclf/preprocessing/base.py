"""Preparation: from raw inputs to those of a network; kept in the checkpoint as plain numbers and strings."""

from __future__ import annotations

import importlib
import inspect
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from litclf.utilities.errors import InputError, nearest
from litclf.utilities.text import listed

_HOMES = {
    "array": ("litclf.preprocessing.base", "ArrayPreparation"),
    "image": ("litclf.preprocessing.image", "ImagePreparation"),
    "table": ("litclf.preprocessing.table", "TablePreparation"),
}
"""Where each kind is defined; loaded on first use, since tables and images need libraries of their own."""


class Preparation(ABC):
    """Turns raw inputs into a network's, the same at training, prediction and export.

    A DataModule has one as ``preparation``; the model keeps its :meth:`to_dict` among its hyperparameters.

    Attributes:
        kind: What the raw inputs are: ``array``, ``image`` or ``table``.
    """

    kind: ClassVar[str]

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings, lists and dicts that :func:`preparation_from` rebuilds this from."""

    @abstractmethod
    def inputs(self, raw: Any) -> Tensor:
        """Network inputs, float32 of shape ``(N, *input_shape)``, of raw ones.

        Raises:
            InputError: If the raw inputs do not fit; it names row and column, or the file.
        """


class ArrayPreparation(Preparation):
    """Rows of numbers, taken as they are.

    Args:
        columns: Names of the numbers of a row.

    Example:
        >>> ArrayPreparation(["x1", "x2"]).inputs([[-1, 1]])
        tensor([[-1.,  1.]])
    """

    kind = "array"

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = list(columns)

    def to_dict(self) -> dict[str, Any]:
        """The names of the columns."""
        return {"kind": self.kind, "columns": self.columns}

    @property
    def sources(self) -> list[str]:
        """The column that each of the network's inputs comes from: its own."""
        return self.columns

    def inputs(self, raw: Any) -> Tensor:
        """The rows, float32 of shape ``(N, len(columns))``.

        Args:
            raw: Rows of numbers, shape ``(N, len(columns))``; or a DataFrame, whose columns are found by their names,
                whatever their order and whatever stands beside them.

        Raises:
            InputError: If a column is missing or a value is no finite number; it names row and column.
        """
        if hasattr(raw, "columns") and hasattr(raw, "index"):
            return self._checked(self._of_frame(raw), raw)
        try:
            rows = np.asarray(raw, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise InputError("input", f"must be rows of numbers: {error}", "mend the values") from error
        if rows.ndim != 2 or rows.shape[1] != len(self.columns):
            rule = f"must be rows of {len(self.columns)} numbers, got shape {list(rows.shape)}"
            raise InputError("input", rule, f"pass {listed(self.columns)}")
        return self._checked(rows)

    def _of_frame(self, frame: Any) -> NDArray[np.float32]:
        missing = [name for name in self.columns if name not in frame.columns]
        if missing:
            others = [str(name) for name in frame.columns if name not in self.columns]
            near = nearest(missing[0], others)
            rule = f"has no column {listed(missing)}, but {listed(frame.columns)}"
            fix = f"is it {near}? rename it to {missing[0]}" if near else f"name its columns {listed(self.columns)}"
            raise InputError("input", rule, fix)
        rows = np.empty((len(frame), len(self.columns)), dtype=np.float32)
        for number, name in enumerate(self.columns):
            with np.errstate(over="ignore"):  # too large becomes infinite, which is refused with its row
                rows[:, number] = _column(frame, name)
        return rows

    def _checked(self, rows: NDArray[np.float32], frame: Any = None) -> Tensor:
        wrong = np.argwhere(~np.isfinite(rows))
        if len(wrong):
            row, column = wrong[0]
            name, got = self.columns[column], rows[row, column]
            where = f"row {row}"
            if frame is not None:
                where = f"{frame.index.name or 'row'} {frame.index[row]}"
                got = got if np.isnan(got) else frame[name].iloc[row]
            rule = f"{where}, column {name} must be a finite number, got {got}"
            raise InputError("input", rule, "mend the value, or leave the row out")
        return torch.from_numpy(rows)


def preparation_from(described: Any) -> Preparation:
    """The preparation that :meth:`Preparation.to_dict` described: ``kind``, and the arguments of its class.

    Raises:
        InputError: If it describes none.

    Example:
        >>> preparation_from({"kind": "array", "columns": ["x1", "x2"]}).inputs([[0, 1]])
        tensor([[0., 1.]])
    """
    kind = described.get("kind") if isinstance(described, dict) else None
    if kind not in _HOMES:
        rule = f"must be of kind {', '.join(_HOMES)}, got {kind!r}"
        raise InputError("preparation", rule, "pass a checkpoint that litclf wrote")
    module, name = _HOMES[kind]
    preparation: type[Preparation] = getattr(importlib.import_module(module), name)
    arguments = {key: value for key, value in described.items() if key != "kind"}
    try:
        inspect.signature(preparation).bind(**arguments)
        return preparation(**arguments)
    except (TypeError, ValueError, KeyError) as error:
        rule = f"does not describe a {name}: {' '.join(str(error).split())}"
        raise InputError("preparation", rule, "pass a checkpoint that litclf wrote") from error


def _column(frame: Any, name: str) -> NDArray[np.float64]:
    """A column of a DataFrame as numbers, also of text."""
    import pyarrow as pa  # whoever has a DataFrame can wait for it

    values = frame[name]
    try:
        # Fifteen times as fast on text as NumPy and pandas are.
        return np.asarray(pa.array(values).cast(pa.float64()).to_numpy(zero_copy_only=False))
    except pa.ArrowException:
        pass
    numbers = np.empty(len(values))
    for row, value in enumerate(values):
        try:
            numbers[row] = value
        except (TypeError, ValueError) as error:
            rule = f"{frame.index.name or 'row'} {frame.index[row]}, column {name} must be a number, got {value!r}"
            raise InputError("input", rule, "mend the value, or leave the row out") from error
    return numbers
