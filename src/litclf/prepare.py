"""How raw inputs become those of a network; kept in the checkpoint as plain numbers and strings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from litclf.checks import InputError


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

    def inputs(self, raw: Any) -> Tensor:
        """The rows, float32 of shape ``(N, len(columns))``."""
        try:
            rows = np.asarray(raw, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise InputError("input", f"must be rows of numbers: {error}", "mend the values") from error
        if rows.ndim != 2 or rows.shape[1] != len(self.columns):
            rule = f"must be rows of {len(self.columns)} numbers, got shape {list(rows.shape)}"
            raise InputError("input", rule, f"pass {', '.join(self.columns)}")
        wrong = np.argwhere(~np.isfinite(rows))
        if len(wrong):
            row, column = wrong[0]
            rule = f"row {row}, column {self.columns[column]} must be finite, got {rows[row, column]}"
            raise InputError("input", rule, "mend the value, or leave the row out")
        return torch.from_numpy(rows)
