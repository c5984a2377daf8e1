import pytest
import torch

from litclf import InputError, TableDataModule

ROWS, TARGETS = [[1, 2], [2, 3], [3, 1], [4, 3]], [0, 0, 2, 1]


def test_rows_are_taken_as_they_are():
    data = TableDataModule(ROWS, TARGETS)
    x, y = data.splits["train"]
    assert (x.dtype, x.tolist(), y.dtype, y.tolist()) == (torch.float32, ROWS, torch.int64, TARGETS)
    assert (data.input_shape, data.class_names) == ((2,), ("class 0", "class 1", "class 2"))


def test_holdout_is_halved_and_keeps_every_row():
    splits = TableDataModule(ROWS, TARGETS, holdout=0.5).splits
    assert {name: len(split.y) for name, split in splits.items()} == {"train": 2, "val": 1, "test": 1}
    assert sorted(row for split in splits.values() for row in split.x.tolist()) == ROWS


@pytest.mark.parametrize(
    ("rows", "targets", "message"),
    [
        ([], [], "rows: must hold at least one row"),
        ([[]], [0], "rows: must hold at least one row"),
        ([[1], [2]], [0], "targets: must be one a row, got 1 for 2 rows"),
        ([[1], [2, 3]], [0, 1], r"rows: row 1 must hold 1 finite numbers as row 0 does, got \[2, 3\]"),
        ([[1], [float("nan")]], [0, 1], r"rows: row 1 must hold 1 finite numbers as row 0 does, got \[nan\]"),
        ([[1], [2]], [0, 0], r"targets: must be classes from 0 on, at least two, got \[0, 0\]"),
        ([[1], [2]], [-1, 1], r"targets: must be classes from 0 on, at least two, got \[-1, 1\]"),
    ],
)
def test_what_does_not_fit_together_is_refused(rows, targets, message):
    with pytest.raises(InputError, match=f"^{message}"):
        TableDataModule(rows, targets)


def test_holdout_that_leaves_nothing_to_train_on_is_refused():
    with pytest.raises(InputError, match=r"^holdout: .*0\.9"):
        TableDataModule(ROWS, TARGETS, holdout=0.9).setup("fit")
