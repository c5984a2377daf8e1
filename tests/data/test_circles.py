import numpy as np
import pytest
import torch
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split

from litclf import CirclesDataModule, InputError
from tests.data.contract import BatchedContract


class TestContract(BatchedContract):
    kind = CirclesDataModule

    @pytest.fixture
    def settings(self):
        return {"num_samples": 40}


def test_rows_are_those_of_scikit_learn():
    x, y = make_circles(1000, noise=0.03, random_state=42)
    x_train, x_held, y_train, y_held = train_test_split(x, y, test_size=0.2, random_state=42)
    splits = CirclesDataModule().splits
    for split, (rows, targets) in {
        "train": (x_train, y_train),
        "val": (x_held[:100], y_held[:100]),
        "test": (x_held[100:], y_held[100:]),
    }.items():
        assert (splits[split].x.dtype, splits[split].y.dtype) == (torch.float32, torch.int64)
        assert np.array_equal(splits[split].x, rows.astype(np.float32))
        assert np.array_equal(splits[split].y, targets)


def test_the_outer_circle_is_class_0():
    x, y = CirclesDataModule(num_samples=50, noise=0, factor=0.5, holdout=0).splits["train"]
    torch.testing.assert_close(x.norm(dim=1), 1 - 0.5 * y)
    assert CirclesDataModule().class_names == ("outer", "inner")


def test_without_holdout_all_is_for_training():
    splits = CirclesDataModule(num_samples=20, holdout=0).splits
    assert {name: len(split.y) for name, split in splits.items()} == {"train": 20, "val": 0, "test": 0}


@pytest.mark.parametrize(
    ("name", "value"),
    [("num_samples", 9), ("noise", -0.1), ("factor", 1.0), ("holdout", 1.0), ("holdout", -0.2)],
)
def test_argument_out_of_range_is_refused(name, value):
    with pytest.raises(InputError, match=f"^{name}: must be .*, got {value}; fix: "):
        CirclesDataModule(**{name: value})


def test_holdout_that_leaves_nothing_to_train_on_is_refused():
    with pytest.raises(InputError, match=r"^holdout: .*0\.99"):
        CirclesDataModule(num_samples=10, holdout=0.99).setup("fit")
