"""The images preset on scikit-learn's handwritten digits, written as 8 x 8 PNG files into class folders."""

import json

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import litclf.data.images  # noqa: F401  its short name is found once it is loaded
from litclf.cli.main import main


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return write_digits(tmp_path_factory.mktemp("digits"))


def write_digits(root, every=1):
    digits = load_digits()
    for row in range(0, len(digits.target), every):
        folder = root / str(digits.target[row])
        folder.mkdir(exist_ok=True)
        Image.fromarray(np.round(digits.images[row] * 255 / 16).astype(np.uint8)).save(folder / f"{row:04d}.png")
    return str(root)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_digits_are_told_apart_in_98_of_100(seed, digits, tmp_path):
    args = ["fit", "-c", "images", "--data.path", digits, "--data.test_size", "0.2", "--data.seed", str(seed)]
    args += ["--seed_everything", str(seed), "--threads", "1", "--trainer.default_root_dir", str(tmp_path)]
    assert main(args) == 0
    metrics = json.loads((tmp_path / "lightning_logs" / "images" / "version_0" / "metrics.json").read_text())
    assert metrics["test/accuracy"] >= 0.98


@pytest.mark.slow  # two fits with all their pictures
def test_images_that_fit_no_memory_are_trained_and_shown_as_those_that_do(tmp_path, capsys):
    (tmp_path / "digits").mkdir()
    digits = write_digits(tmp_path / "digits", every=6)
    args = ["fit", "-c", "images", "--data.path", digits, "--data.size", "8", "--data.max_shift", "0"]
    args += ["--data.val_size", "0.4", "--data.test_size", "0.4", "--data.steps_per_execution", "1"]
    args += ["--model.hidden_dims", "[4]", "--trainer.max_epochs", "1", "--trainer.default_root_dir", str(tmp_path)]
    args += ["--data.num_workers", "0"]
    for name, budget in (("resident", "100"), ("streamed", "0")):
        assert main([*args, "--name", name, "--data.memory_budget", budget]) == 0
    resident, streamed = (tmp_path / "lightning_logs" / name / "version_0" for name in ("resident", "streamed"))
    for file in ("predictions.png", "worst.png", "samples.json", "gradients.png", "confusion_matrix.csv"):
        assert (streamed / file).read_bytes() == (resident / file).read_bytes(), file
    assert "above --data.memory_budget 0: read anew in each pass" in capsys.readouterr().out
