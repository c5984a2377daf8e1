import struct
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from sklearn.model_selection import train_test_split
from torchvision import datasets

from litclf import InputError, MNISTDataModule
from tests.data.contract import BatchedContract

FAMILY = ("MNIST", "FashionMNIST", "KMNIST")
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
REAL = Path(__file__).parents[3] / "shared" / "data"


def write_idx(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack(f">{array.ndim + 1}I", 0x0800 + array.ndim, *array.shape) + array.tobytes())


def make_family(folder, dataset="MNIST", train=60, test=20):
    stream = np.random.default_rng(0)
    made = []
    for name, size in (("train", train), ("t10k", test)):
        images = stream.integers(0, 256, (size, 28, 28), dtype=np.uint8)
        labels = (np.arange(size) % 10).astype(np.uint8)
        write_idx(folder / dataset / "raw" / f"{name}-images-idx3-ubyte", images)
        write_idx(folder / dataset / "raw" / f"{name}-labels-idx1-ubyte", labels)
        made += [images, labels]
    return made


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    def fail(*_args, **_kwargs):
        raise URLError("no network in tests")

    monkeypatch.setattr("torchvision.datasets.mnist.download_and_extract_archive", fail)


class TestContract(BatchedContract):
    kind = MNISTDataModule

    @pytest.fixture
    def settings(self, tmp_path):
        make_family(tmp_path)
        return {"data_dir": str(tmp_path), "val_size": 20}


@pytest.mark.parametrize("dataset", FAMILY)
def test_family_is_read_as_uint8_and_handed_out_as_pixels_in_0_to_1(dataset, tmp_path):
    images, labels, test_images, test_labels = make_family(tmp_path, dataset)
    data = MNISTDataModule(dataset, str(tmp_path), val_size=0, batch_size=None)
    data.setup("fit")
    assert data.splits["train"].x.dtype == torch.uint8
    for loader, expected_x, expected_y in (
        (data.train_dataloader(), images, labels),
        (data.test_dataloader(), test_images, test_labels),
    ):
        ((x, y),) = loader
        assert (x.dtype, y.dtype, x.shape) == (torch.float32, torch.int64, (len(expected_y), 1, 28, 28))
        assert np.array_equal(x.squeeze(1), expected_x.astype(np.float32) / np.float32(255))
        assert np.array_equal(y, expected_y)
    assert data.splits["train"].x.dtype == torch.uint8
    assert data.val_dataloader() == []
    assert (data.num_classes, data.input_shape) == (10, (1, 28, 28))


@pytest.mark.parametrize(("dataset", "first"), [("MNIST", "zero"), ("FashionMNIST", "T-shirt/top"), ("KMNIST", "o")])
def test_classes_have_their_names(dataset, first):
    assert MNISTDataModule(dataset).class_names[0] == first


def test_validation_is_carved_out_of_the_training_images_by_the_seed(tmp_path):
    images, labels, *_ = make_family(tmp_path)
    rows, val_rows = train_test_split(np.arange(60), test_size=15, random_state=3)
    splits = MNISTDataModule(data_dir=str(tmp_path), val_size=15, seed=3).splits
    for split, chosen in (("train", rows), ("val", val_rows)):
        assert np.array_equal(splits[split].x.squeeze(1), images[chosen])
        assert np.array_equal(splits[split].y, labels[chosen])


def test_the_test_split_is_the_official_one_whatever_the_seed(tmp_path):
    *_, test_images, test_labels = make_family(tmp_path)
    for seed in (0, 1):
        test = MNISTDataModule(data_dir=str(tmp_path), val_size=5, seed=seed).splits["test"]
        assert np.array_equal(test.x.squeeze(1), test_images)
        assert np.array_equal(test.y, test_labels)


def test_validation_larger_than_the_training_images_is_refused(tmp_path):
    make_family(tmp_path)
    with pytest.raises(InputError, match=r"^val_size: must be below the 60 training images, got 60"):
        MNISTDataModule(data_dir=str(tmp_path), val_size=60).setup("fit")


@pytest.mark.parametrize("dataset", FAMILY)
def test_missing_files_are_named_with_their_folder(dataset, tmp_path):
    make_family(tmp_path, dataset)
    raw = tmp_path / dataset / "raw"
    (raw / FILES[0]).unlink()
    (raw / FILES[3]).unlink()
    with pytest.raises(InputError) as error:
        MNISTDataModule(dataset, str(tmp_path)).setup("fit")
    assert str(error.value).startswith(f"data_dir: {raw} lacks {FILES[0]}, {FILES[3]}, and downloading failed; fix: ")
    assert "\n" not in str(error.value)


def test_nothing_is_downloaded_where_all_files_are_there(tmp_path):
    make_family(tmp_path)
    MNISTDataModule(data_dir=str(tmp_path)).prepare_data()


def test_what_is_missing_is_downloaded(tmp_path, monkeypatch):
    asked = []

    def download(*_args, filename, **_rest):
        asked.append(filename)
        if len(asked) == 4:
            make_family(tmp_path)

    monkeypatch.setattr("torchvision.datasets.mnist.download_and_extract_archive", download)
    data = MNISTDataModule(data_dir=str(tmp_path), val_size=5)
    data.prepare_data()
    assert asked == [f"{name}.gz" for name in FILES]
    assert len(data.splits["train"].y) == 55


def truncate(path):
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize(
    ("part", "file", "damage"),
    [
        ("train", FILES[0], truncate),
        ("train", FILES[0], lambda path: path.write_bytes(b"")),
        ("train", FILES[0], lambda path: path.write_bytes(b"<html>not found</html>")),
        ("train", FILES[0], lambda path: write_idx(path, np.zeros((60, 14, 14), np.uint8))),
        ("train", FILES[0], lambda path: write_idx(path, np.zeros(60, np.uint8))),
        ("train", FILES[1], lambda path: write_idx(path, np.zeros(59, np.uint8))),
        ("train", FILES[1], lambda path: write_idx(path, np.full(60, 10, np.uint8))),
        ("train", FILES[1], lambda path: write_idx(path, np.zeros((60, 28, 28), np.uint8))),
        ("t10k", FILES[2], truncate),
        ("t10k", FILES[3], lambda path: write_idx(path, np.zeros(0, np.uint8))),
    ],
)
def test_damaged_file_is_refused_with_its_folder(part, file, damage, tmp_path):
    make_family(tmp_path)
    damage(tmp_path / "MNIST" / "raw" / file)
    with pytest.raises(InputError) as error:
        MNISTDataModule(data_dir=str(tmp_path), val_size=5).setup("fit")
    assert str(error.value).startswith(f"data_dir: the {part} files in {tmp_path / 'MNIST' / 'raw'} are damaged: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "value"), [("dataset", "'EMNIST'"), ("val_size", -1), ("max_shift", 28), ("max_shift", -1)]
)
def test_argument_out_of_range_is_refused(name, value):
    with pytest.raises(InputError, match=f"^{name}: must be .*, got {value}; fix: "):
        MNISTDataModule(**{name: value.strip("'") if isinstance(value, str) else value})


def shift_slowly(image, down, right):
    shifted = torch.zeros_like(image)
    for row in range(28):
        for column in range(28):
            if 0 <= row - down < 28 and 0 <= column - right < 28:
                shifted[0, row, column] = image[0, row - down, column - right]
    return shifted


def test_shift_equals_a_slow_loop():
    data = MNISTDataModule(max_shift=3)
    assert data.augments
    draws = torch.tensor([[0, 0], [3, -3], [-2, 1], [-3, -3]])
    x = torch.rand(4, 1, 28, 28)
    expected = torch.stack([shift_slowly(image, *draw.tolist()) for image, draw in zip(x, draws, strict=True)])
    assert torch.equal(data.augment(x, draws), expected)


def test_shifts_reach_the_largest_each_way():
    draws = MNISTDataModule(max_shift=2).draw_augmentation(np.random.default_rng(0), 1000)
    assert draws.shape == (1000, 2)
    assert draws.unique().tolist() == [-2, -1, 0, 1, 2]
    assert not MNISTDataModule().augments


def test_training_images_are_shifted_alike_whatever_k_and_the_others_never(tmp_path):
    make_family(tmp_path)
    batches = []
    for most in (1, 4):
        data = MNISTDataModule(
            data_dir=str(tmp_path), val_size=10, max_shift=2, batch_size=16, repeat=2, steps_per_execution=most
        )
        executions = list(data.train_dataloader())
        batches.append([pair for item in executions for pair in (item.batches() if most > 1 else [item])])
        ((val_x, _),) = data.val_dataloader()
        assert torch.equal(val_x, data.prepare(data.splits["val"].x))
    assert len(batches[0]) == len(batches[1]) == 8
    for one, many in zip(*batches, strict=True):
        assert torch.equal(one[0], many[0])
        assert torch.equal(one[1], many[1])
    unshifted = {image.numpy().tobytes() for image in data.prepare(data.splits["train"].x)}
    assert any(image.numpy().tobytes() not in unshifted for image in batches[0][0][0])


@pytest.mark.skipif(not (REAL / "MNIST" / "raw").is_dir(), reason=f"MNIST is not in {REAL}")
def test_real_mnist_is_that_of_torchvision():
    splits = MNISTDataModule(data_dir=str(REAL)).splits
    assert {name: tuple(split.x.shape) for name, split in splits.items()} == {
        "train": (55_000, 1, 28, 28),
        "val": (5_000, 1, 28, 28),
        "test": (10_000, 1, 28, 28),
    }
    official = datasets.MNIST(str(REAL), train=False)
    assert torch.equal(splits["test"].x.squeeze(1), official.data)
    assert torch.equal(splits["test"].y, official.targets)
    counts = (splits["train"].y.bincount() + splits["val"].y.bincount()).tolist()
    assert counts == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
