"""A small table given in place."""

from __future__ import annotations

import math

import numpy as np

from litclf.checks import InputError, share
from litclf.data.base import ClassificationDataModule, Split
from litclf.data.synthetic import split_holdout


class TableDataModule(ClassificationDataModule):
    """Rows of numbers with a class each.

    Batches are ``(x, y)``: ``x`` float32 of shape ``(N, columns)``, in the table's own units; ``y`` int64 of shape
    ``(N,)``, in [0, num_classes).

    Args:
        rows: The numbers of each row, all rows of the same length.
        targets: The class of each row, from 0 on.
        holdout: Share of rows held out of training, in [0, 1); half of them for validation, half for the test.
        batch_size: Samples of a mini-batch; None for full-batch steps.
        repeat: Passes over the training set in one Trainer epoch.
        steps_per_execution: Most optimizer steps that run as one Trainer batch.
        seed: Seed of the split.

    Raises:
        InputError: If rows and targets do not fit together; the message names the row.

    Example:
        >>> TableDataModule(rows=[[1, 2], [2, 3], [4, 3]], targets=[0, 0, 1]).input_shape
        (2,)
    """

    def __init__(
        self,
        rows: list[list[float]],
        targets: list[int],
        holdout: float = 0.0,
        batch_size: int | None = None,
        repeat: int = 1,
        steps_per_execution: int = 1,
        seed: int = 42,
    ) -> None:
        super().__init__(batch_size, repeat, steps_per_execution, seed)
        share("holdout", holdout)
        if not rows or not rows[0]:
            raise InputError("rows", "must hold at least one row of at least one number", "pass [[1, 2], [2, 3]]")
        if len(rows) != len(targets):
            raise InputError(
                "targets", f"must be one a row, got {len(targets)} for {len(rows)} rows", "add or drop some"
            )
        for number, row in enumerate(rows):
            if len(row) != len(rows[0]) or not all(math.isfinite(value) for value in row):
                rule = f"row {number} must hold {len(rows[0])} finite numbers as row 0 does, got {row}"
                raise InputError("rows", rule, "mend that row")
        if min(targets) < 0 or max(targets) < 1:
            raise InputError(
                "targets", f"must be classes from 0 on, at least two, got {targets}", "number them 0, 1, ..."
            )
        self.save_hyperparameters()
        self.rows, self.targets, self.holdout = rows, targets, holdout
        self.input_shape = (len(rows[0]),)
        self.class_names = tuple(f"class {k}" for k in range(max(targets) + 1))

    def load(self) -> dict[str, Split]:
        """Splits the rows."""
        return split_holdout(
            np.array(self.rows, dtype=np.float64), np.array(self.targets, dtype=np.int64), self.holdout, self.seed
        )
