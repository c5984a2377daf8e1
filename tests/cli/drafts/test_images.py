import numpy as np
import pytest
import yaml
from PIL import Image

from litclf import BinaryClassifier, MulticlassClassifier
from litclf.cli.drafts.images import draft_images
from litclf.data.images import ImagesDataModule
from litclf.utilities.errors import InputError


def make_folder(root, classes=("cat", "개", "말"), number=20, sizes=((8, 8),), colour=False, splits=("",)):
    stream = np.random.default_rng(0)
    for split in splits:
        for name in classes:
            (root / split / name).mkdir(parents=True)
            for row in range(number):
                width, height = sizes[row % len(sizes)]
                pixels = stream.integers(0, 256, (height, width, 3) if colour else (height, width), dtype=np.uint8)
                Image.fromarray(pixels).save(root / split / name / f"{row}.png")
    return str(root)


def drafted(folder):
    return yaml.safe_load(draft_images(folder, "a.yaml"))


@pytest.mark.parametrize(
    ("sizes", "size"),
    [
        ([(30, 20), (40, 40)], 28),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in (([(8, 8)], 28), ([(32, 24)], None))),
        pytest.param([(100, 80)], 64, marks=pytest.mark.slow),
    ],
)
def test_draft_trains_whatever_the_sizes(sizes, size, tmp_path, make_trainer):
    settings = drafted(make_folder(tmp_path / 'a "그림" folder', sizes=sizes))
    assert settings["model"]["class_path"] == "MulticlassClassifier"
    assert settings["data"]["init_args"]["size"] == size
    data = ImagesDataModule(**settings["data"]["init_args"])
    model = MulticlassClassifier(**settings["model"]["init_args"])
    make_trainer(max_epochs=1).fit(model, datamodule=data)
    assert model.hparams["class_names"] == ["cat", "개", "말"]


@pytest.mark.parametrize(("sizes", "size"), [([(8, 8)], 28), ([(32, 24)], None), ([(100, 80)], 64)])
def test_size_is_that_of_all_images_or_what_a_network_can_take(sizes, size, tmp_path):
    assert drafted(make_folder(tmp_path, number=5, sizes=sizes))["data"]["init_args"]["size"] == size


def test_two_classes_give_the_binary_model_and_colours_three_channels(tmp_path, make_trainer):
    settings = drafted(make_folder(tmp_path, classes=("a", "b"), colour=True))
    assert settings["model"]["class_path"] == "BinaryClassifier"
    assert settings["data"]["init_args"]["channels"] == 3
    data = ImagesDataModule(**settings["data"]["init_args"])
    make_trainer(max_epochs=1).fit(BinaryClassifier(**settings["model"]["init_args"]), datamodule=data)


def test_shares_are_drafted_for_splits_without_a_folder_only(tmp_path):
    settings = drafted(make_folder(tmp_path, splits=("train", "test")))
    assert "test_size" not in settings["data"]["init_args"]
    assert settings["data"]["init_args"]["val_size"] == 0.1


@pytest.mark.parametrize(("number", "share"), [(40, 0.1), (5, 0.2), (4, 0.3), (2, 0.0)])
def test_shares_leave_every_split_an_image_of_each_class(number, share, tmp_path):
    init_args = drafted(make_folder(tmp_path, number=number))["data"]["init_args"]
    assert init_args["val_size"] == init_args["test_size"] == share
    ImagesDataModule(**init_args)


def test_first_line_describes_the_data(tmp_path):
    assert draft_images(make_folder(tmp_path), "a.yaml").splitlines()[0] == "# 60 images in 3 classes: cat, 개, 말."


def test_unusable_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"^path: .*one must hold two class folders or more, got 1"):
        draft_images(make_folder(tmp_path / "one", classes=("cat",)), "a.yaml")
