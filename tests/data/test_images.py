import json

import numpy as np
import pytest
import torch
from PIL import Image

from litclf import MulticlassClassifier
from litclf.data.audit.images import check_images
from litclf.data.images import ImagesDataModule
from litclf.engines.execution import Execution
from litclf.preprocessing.image import ImagePreparation
from litclf.utilities.errors import InputError
from tests.data.contract import BatchedContract
from tests.preprocessing.png_files import png_of

CLASSES = ("cat", "개", "말")


def make_folder(root, number=20, size=(6, 8), colour=False, splits=("",)):
    """A folder of random images in three classes; returns the array of each file."""
    stream, arrays = np.random.default_rng(0), {}
    for split in splits:
        for name in CLASSES:
            for row in range(number):
                path = root / split / name / f"{row:03d}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                arrays[path] = stream.integers(0, 256, (*size, 3) if colour else size, dtype=np.uint8)
                Image.fromarray(arrays[path]).save(path)
    return arrays


@pytest.fixture
def folder(tmp_path):
    make_folder(tmp_path / "images")
    return tmp_path / "images"


class TestContract(BatchedContract):
    kind = ImagesDataModule

    @pytest.fixture
    def settings(self, folder):
        return {"path": str(folder), "val_size": 0.2, "test_size": 0.2}


class TestStreamedContract(TestContract):
    @pytest.fixture
    def settings(self, folder):
        return {"path": str(folder), "val_size": 0.2, "test_size": 0.2, "memory_budget": 0, "num_workers": 0}


@pytest.mark.parametrize(("colour", "channels"), [(False, 1), (True, 3)])
def test_images_are_decoded_once_into_uint8_and_handed_out_in_0_to_1(colour, channels, tmp_path):
    arrays = make_folder(tmp_path, colour=colour)
    data = ImagesDataModule(str(tmp_path), batch_size=None)
    assert (data.input_shape, data.class_names, data.streamed) == ((channels, 6, 8), CLASSES, False)
    for split in ("train", "val", "test"):
        x, y = data.splits[split]
        assert x.dtype == torch.uint8
        for path, pixels, target in zip(data.files[split].paths, x, y, strict=True):
            assert path.parent.name == CLASSES[target]
            assert np.array_equal(pixels.permute(1, 2, 0).squeeze(-1), arrays[path])
    ((x, y),) = data.train_dataloader()
    assert (x.dtype, y.dtype, x.shape) == (torch.float32, torch.int64, (48, channels, 6, 8))
    assert torch.equal(x, data.splits["train"].x.float() / 255)
    assert [len(data.splits[split].y) for split in ("train", "val", "test")] == [48, 6, 6]


def test_split_folders_are_the_splits(tmp_path):
    make_folder(tmp_path, number=4, splits=("train", "valid", "test"))
    data = ImagesDataModule(str(tmp_path), val_size=0.5, test_size=0.5)
    assert [len(data.splits[split].y) for split in ("train", "val", "test")] == [12, 12, 12]
    assert {path.parts[-3] for path in data.files["val"].paths} == {"valid"}


@pytest.mark.parametrize(("size", "shape"), [(12, (1, 12, 12)), ([4, 5], (1, 4, 5))])
def test_size_stretches_as_the_preparation_does(size, shape, folder):
    data = ImagesDataModule(str(folder), size=size)
    assert data.input_shape == shape
    expected = data.preparation.inputs(data.files["test"].paths)
    assert torch.equal(data.prepare(data.splits["test"].x), expected)


def test_preparation_tells_sizes_apart_unless_a_size_is_given(folder):
    assert ImagesDataModule(str(folder)).preparation.to_dict() == ImagePreparation(6, 8, 1).to_dict()
    assert ImagesDataModule(str(folder), size=6, channels=3).preparation.to_dict() == (
        ImagePreparation(6, 6, 3, resize=True).to_dict()
    )


def test_one_image_in_colour_makes_the_folder_one_in_colour(folder):
    Image.new("RGB", (8, 6), "red").save(folder / "cat" / "000.png")
    assert ImagesDataModule(str(folder), test_size=0, val_size=0).input_shape[0] == 3
    assert ImagesDataModule(str(folder), channels=1).input_shape[0] == 1


def test_image_of_another_size_is_refused_by_name(folder):
    Image.new("L", (9, 9)).save(folder / "말" / "004.png")
    with pytest.raises(InputError, match=r"말/004\.png: must have 8 x 6 pixels, got 9 x 9; fix: .*--data\.size"):
        _ = ImagesDataModule(str(folder)).splits
    assert ImagesDataModule(str(folder), size=8).splits["train"].x.shape[1:] == (1, 8, 8)


@pytest.mark.parametrize("memory_budget", [2000, 0])
def test_truncated_image_is_refused_by_name(memory_budget, folder):
    path = folder / "개" / "007.png"
    path.write_bytes(path.read_bytes()[:-30])
    data = ImagesDataModule(str(folder), memory_budget=memory_budget, test_size=0, val_size=0, size=6, channels=1)
    with pytest.raises(InputError, match=r"개/007\.png: cannot be read: .*; fix: replace it") as error:
        list(data.train_dataloader())
    assert "\n" not in str(error.value)


def test_damage_found_while_looking_at_the_folder_names_the_argument_and_the_file(folder):
    (folder / "cat" / "000.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"^path: .*cat/000\.png is no image, whatever its name says; fix: "):
        ImagesDataModule(str(folder), val_size=0, test_size=0)


def test_first_of_many_problems_is_told_with_their_number(folder):
    for name in ("a", "b"):
        (folder / name).mkdir()
    with pytest.raises(InputError, match=r"^path: .*/a holds no images \(and 1 more\); fix: add some"):
        ImagesDataModule(str(folder))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"white": 0}, "white: must be positive, got 0"),
        ({"size": 0}, "size: must be positive, got 0"),
        ({"size": [1, 2, 3]}, r"size: must be a number, or height and width, got \[1, 2, 3\]"),
        ({"channels": 2}, "channels: must be 1 or 3, got 2"),
        ({"val_size": 1}, "val_size: must be at least 0 and below 1, got 1"),
        ({"test_size": -0.1}, "test_size: must be at least 0 and below 1, got -0.1"),
        ({"max_shift": -1}, "max_shift: must be zero or more, got -1"),
        ({"max_shift": 6}, "max_shift: must be below the 6 pixels of an image, got 6"),
        ({"num_workers": -1}, "num_workers: must be zero or more, got -1"),
        ({"memory_budget": -1}, "memory_budget: must be zero or more, got -1"),
        ({"memory_budget": 0, "batch_size": None}, "batch_size: must be a number where .* do not fit memory_budget 0"),
        ({"path": "nowhere"}, "path: nowhere does not exist; fix: pass a folder"),
    ],
)
def test_argument_out_of_range_is_refused(settings, message, folder):
    with pytest.raises(InputError, match=f"^{message}"):
        ImagesDataModule(**{"path": str(folder), **settings})


@pytest.mark.parametrize(("bits", "said"), [(8, 255), (10, 1023), (12, 4095), (14, 16383), (16, None)])
def test_images_that_use_little_of_sixteen_bits_are_said_and_read_by_their_white(bits, said, tmp_path):
    stream = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for row in range(10):
            values = stream.integers(0, 2**bits, (16, 16), dtype=np.uint16)
            values[0, 0] = 2**bits - 1
            Image.fromarray(values).save(tmp_path / name / f"{row}.png")
    data = ImagesDataModule(str(tmp_path))
    assert [*data.notes] == list(check_images(tmp_path).notes)
    if said is None:
        assert data.notes == ()
        return
    (note,) = data.notes
    assert note == (
        f"images of 16 bits reach {said} of 65535 at most, and look black: "
        f"pass --data.white {said} where {said} is white"
    )
    mended = ImagesDataModule(str(tmp_path), white=said)
    assert mended.notes == ()
    assert data.splits["train"].x.max() == said // 257
    assert mended.splits["train"].x.max() == 255
    (note,) = ImagesDataModule(str(tmp_path), white=said - 1).notes
    assert note == f"images of 16 bits reach {said}: what is above --data.white {said - 1} is white"


def test_dark_images_of_sixteen_bits_a_colour_are_said_with_what_helps_there(tmp_path):
    stream = np.random.default_rng(0)
    for row in range(20):
        values = stream.integers(0, 4096, (8, 8, 3)).astype(">u2")
        values[0, 0] = 4095
        pixels = b"".join(b"\0" + line.tobytes() for line in values)
        (tmp_path / "ab"[row % 2]).mkdir(exist_ok=True)
        (tmp_path / "ab"[row % 2] / f"{row}.png").write_bytes(png_of(16, 2, (8, 8), pixels))
    dark = "images of 16 bits a colour reach about 3855 of 65535 at most, and look black: "
    dark += "save them with 8 bits a colour, white as 255"
    assert ImagesDataModule(str(tmp_path)).notes == (dark,)
    useless = "images of 16 bits a colour are read as they are: --data.white is for grey ones"
    assert ImagesDataModule(str(tmp_path), white=4095).notes == (useless, dark)


def test_how_a_folder_was_read_is_noted(folder):
    (folder / "cat" / "notes.txt").touch()
    notes = ("passed over 1 file that is no image by its name (1 .txt)",)
    assert ImagesDataModule(str(folder)).notes == notes
    assert ImagesDataModule(str(folder), memory_budget=0).notes == notes


def test_shifts_and_flips_are_drawn_as_asked(folder):
    stream = np.random.default_rng(0)
    draws = ImagesDataModule(str(folder), max_shift=2, flip=True).draw_augmentation(stream, 1000)
    assert draws[:, :2].unique().tolist() == [-2, -1, 0, 1, 2]
    assert draws[:, 2].unique().tolist() == [0, 1]
    assert not ImagesDataModule(str(folder), flip=True).draw_augmentation(stream, 100)[:, :2].any()
    assert not ImagesDataModule(str(folder), max_shift=1).draw_augmentation(stream, 100)[:, 2].any()
    assert not ImagesDataModule(str(folder)).augments


def test_only_training_images_are_augmented_and_alike_whatever_k(folder):
    batches = []
    for most in (1, 4):
        data = ImagesDataModule(str(folder), max_shift=2, flip=True, batch_size=10, repeat=2, steps_per_execution=most)
        executions = list(data.train_dataloader())
        assert all(isinstance(item, Execution) == (most > 1) for item in executions)
        batches.append([pair for item in executions for pair in (item.batches() if most > 1 else [item])])
        ((val_x, _),) = data.val_dataloader()
        assert torch.equal(val_x, data.prepare(data.splits["val"].x))
    for one, many in zip(*batches, strict=True):
        assert torch.equal(one[0], many[0])
        assert torch.equal(one[1], many[1])
    stored = {image.numpy().tobytes() for image in data.prepare(data.splits["train"].x)}
    assert any(image.numpy().tobytes() not in stored for image in batches[0][0][0])


def test_large_images_are_evaluated_in_small_batches(tmp_path):
    make_folder(tmp_path, number=50, size=(300, 200))
    data = ImagesDataModule(str(tmp_path), val_size=0.6, batch_size=4)
    assert [len(y) for _, y in data.val_dataloader()] == [66, 24]


def test_hyperparameters_are_plain(folder):
    hparams = dict(ImagesDataModule(folder, size=[6, 6]).hparams)
    assert json.loads(json.dumps(hparams)) == hparams
    assert hparams["path"] == str(folder)


def test_classifier_takes_sizes_names_and_preparation(folder, make_trainer):
    data = ImagesDataModule(str(folder), steps_per_execution=5, batch_size=8)
    model = MulticlassClassifier("cnn", [4])
    make_trainer(max_epochs=1).fit(model, datamodule=data)
    assert model.hparams["class_names"] == list(CLASSES)
    assert model.hparams["input_shape"] == [1, 6, 8]
