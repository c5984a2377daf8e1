"""The images preset on scikit-learn's handwritten digits, written as 8 x 8 PNG files into class folders."""

import json

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import litclf.data.images  # noqa: F401  its short name is found once it is loaded
from litclf.__main__ import main


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    root, digits = tmp_path_factory.mktemp("digits"), load_digits()
    for row, (image, target) in enumerate(zip(digits.images, digits.target, strict=True)):
        (root / str(target)).mkdir(exist_ok=True)
        Image.fromarray(np.round(image * 255 / 16).astype(np.uint8)).save(root / str(target) / f"{row:04d}.png")
    return str(root)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_digits_are_told_apart_in_98_of_100(seed, digits, tmp_path):
    args = ["fit", "-c", "images", "--data.path", digits, "--data.test_size", "0.2", "--data.seed", str(seed)]
    args += ["--seed_everything", str(seed), "--threads", "1", "--trainer.default_root_dir", str(tmp_path)]
    assert main(args) == 0
    metrics = json.loads((tmp_path / "lightning_logs" / "images" / "version_0" / "metrics.json").read_text())
    assert metrics["test/accuracy"] >= 0.98
