import numpy as np
import pytest
import torch
import yaml
from sklearn.datasets import make_blobs
from sklearn.model_selection import train_test_split

from litclf import BlobsDataModule, InputError
from litclf.cli.presets import preset_path
from tests.data.contract import BatchedContract


class TestContract(BatchedContract):
    kind = BlobsDataModule

    @pytest.fixture
    def settings(self):
        return {"num_samples": 40}


def test_rows_are_those_of_scikit_learn():
    x, y = make_blobs(1000, n_features=2, centers=4, cluster_std=1.5, random_state=42)
    x_train, x_held, y_train, y_held = train_test_split(x, y, test_size=0.2, random_state=42)
    splits = BlobsDataModule().splits
    assert np.array_equal(splits["train"].x, x_train.astype(np.float32))
    assert np.array_equal(splits["train"].y, y_train)
    assert np.array_equal(torch.cat([splits["val"].x, splits["test"].x]), x_held.astype(np.float32))
    assert np.array_equal(torch.cat([splits["val"].y, splits["test"].y]), y_held)
    assert [len(splits[name].y) for name in ("val", "test")] == [100, 100]


def test_centroids_are_two_draws_from_the_same_seed():
    first = make_blobs(50, centers=[(-10, -4), (-7, -8)], cluster_std=0.5, random_state=80)
    second = make_blobs(50, centers=[(-6, -3), (-2, 4)], cluster_std=0.5, random_state=80)
    data = BlobsDataModule(**yaml.safe_load(preset_path("centroids").read_text())["data"]["init_args"])
    x, y = data.splits["train"]
    assert np.array_equal(x, np.concatenate([first[0], second[0]]).astype(np.float32))
    assert np.array_equal(y, np.concatenate([first[1], second[1] + 2]))
    assert (data.num_classes, data.input_shape) == (4, (2,))


def test_labels_merge_clusters():
    whole = BlobsDataModule(num_samples=100).splits["train"]
    merged = BlobsDataModule(num_samples=100, labels=[0, 1, 1, 0])
    assert torch.equal(merged.splits["train"].x, whole.x)
    assert torch.equal(merged.splits["train"].y, torch.tensor([0, 1, 1, 0])[whole.y])
    assert merged.class_names == ("class 0", "class 1")


def test_dimensions_come_from_num_features_or_the_centers():
    assert BlobsDataModule(num_features=5).input_shape == (5,)
    data = BlobsDataModule(num_samples=20, centers=[[0, 0, 0], [5, 5, 5]])
    assert (data.input_shape, data.splits["train"].x.shape) == ((3,), (16, 3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"centers": 0}, "centers: must be positive, got 0"),
        ({"centers": []}, r"centers: must be rows of the same length, got \[\]"),
        ({"centers": [[0, 0], [1]]}, r"centers: must be rows of the same length, got \[\[0, 0\], \[1\]\]"),
        ({"cluster_std": -1}, "cluster_std: must be zero or more, got -1"),
        ({"num_features": 0}, "num_features: must be positive, got 0"),
        ({"num_samples": 3}, "num_samples: must be at least the 4 clusters, got 3"),
        ({"groups": 0}, "groups: must be positive, got 0"),
        ({"groups": 3}, "groups: must divide clusters and samples, got 3"),
        ({"num_samples": 999, "groups": 2}, "groups: must divide clusters and samples, got 2"),
        ({"labels": [0, 1]}, r"labels: must name a class for each of 4 clusters, got \[0, 1\]"),
        ({"labels": [0, 0, 2, 2]}, r"labels: must count from 0 without a gap, got \[0, 0, 2, 2\]"),
        ({"labels": [-1, 0, 1, 2]}, r"labels: must count from 0 without a gap, got \[-1, 0, 1, 2\]"),
        ({"holdout": 1}, "holdout: must be at least 0 and below 1, got 1"),
    ],
)
def test_argument_out_of_range_is_refused(arguments, message):
    with pytest.raises(InputError, match=f"^{message}; fix: "):
        BlobsDataModule(**arguments)
