import numpy as np
import pytest
import torch
from PIL import Image

from litclf import InputError, RestorationDataModule
from litclf.preprocessing.corruption import Corruption
from tests.data.contract import DataModuleContract


class TestContract(DataModuleContract):
    kind = RestorationDataModule

    @pytest.fixture
    def settings(self):
        return {"size": 4}


def test_x_is_the_corrupted_and_y_the_original_image(tmp_path):
    pixels = np.arange(16, dtype=np.uint8).reshape(4, 4) * 10
    Image.fromarray(pixels).save(tmp_path / "image.png")
    x, y = RestorationDataModule(str(tmp_path / "image.png"), size=4, rounds=3).splits["train"]
    torch.testing.assert_close(y, torch.from_numpy(pixels.reshape(1, -1) / np.float32(255)))
    assert torch.equal(x, Corruption(3)(y))
    assert not torch.allclose(x, y)


def test_a_wide_image_is_cut_to_its_middle(tmp_path):
    pixels = np.zeros((4, 8), dtype=np.uint8)
    pixels[:, 2:6] = 255
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    assert RestorationDataModule(str(tmp_path / "wide.png"), size=4).splits["train"].y.tolist() == [[1.0] * 16]


def test_default_is_a_photograph_that_comes_with_scikit_learn():
    splits = RestorationDataModule(size=10).splits
    assert splits["train"].y.shape == (1, 100)
    assert 0 <= splits["train"].y.min() < splits["train"].y.max() <= 1
    assert splits["val"] is splits["train"]
    assert len(splits["test"].y) == 0


def test_file_that_is_missing_or_no_image_is_refused(tmp_path):
    (tmp_path / "text.png").write_text("no image")
    for name in ("text.png", "missing.png"):
        with pytest.raises(InputError, match=f"^image: cannot read .*{name}"):
            RestorationDataModule(str(tmp_path / name)).setup("fit")


@pytest.mark.parametrize(("name", "value"), [("size", 1), ("rounds", 0)])
def test_argument_out_of_range_is_refused(name, value):
    with pytest.raises(InputError, match=f"^{name}: must be .*, got {value}; fix: "):
        RestorationDataModule(**{name: value})
