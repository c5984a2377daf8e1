"""The MNIST presets on the real files; skipped where those are absent."""

import json
from pathlib import Path

import pytest

from litclf.cli.main import main

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "MNIST" / "raw").is_dir(), reason="the real MNIST files are not beside the checkout")
@pytest.mark.parametrize(("name", "accuracy"), [("mnist", 0.92), ("mnist-tuned", 0.92), ("mnist-cnn", 0.97)])
def test_an_mnist_preset_learns_within_an_epoch(name, accuracy, tmp_path):
    args = ["fit", "-c", name, "--data.data_dir", str(DATA), "--trainer.max_epochs", "1"]
    assert main([*args, "--trainer.default_root_dir", str(tmp_path)]) == 0
    metrics = json.loads((tmp_path / "lightning_logs" / name / "version_0" / "metrics.json").read_text())
    assert metrics["test/accuracy"] > accuracy
