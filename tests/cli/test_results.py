"""The end of a fit on the terminal: what was measured by the best checkpoint, and what the page says of it."""

import io
import json
import re
import sys

import pytest

from litclf.cli.main import main
from litclf.runs.read import read_rows
from tests.cli.printed import table_in

pytestmark = pytest.mark.usefixtures("in_empty_folder")


@pytest.fixture(scope="module")
def overfitted(tmp_path_factory):
    """What a fit printed that learned its few noisy samples by heart, and its run folder."""
    root, before = tmp_path_factory.mktemp("overfitted"), sys.stdout
    data = "--data.num_samples 60 --data.noise 0.5 --data.repeat 40 --data.holdout 0.4"
    model = "--model.hidden_dims [64,64] --model.optimizer adam --lr 0.02 --epochs 12"
    sys.stdout = io.StringIO()
    try:
        words = f"fit -c circles {data} {model} --pictures false --trainer.default_root_dir {root}"
        assert main(words.split()) == 0
        return sys.stdout.getvalue(), root / "lightning_logs/circles/version_0"
    finally:
        sys.stdout = before


def test_the_whole_table_is_of_the_best_checkpoint(overfitted):
    printed, folder = overfitted
    metrics, shown = json.loads((folder / "metrics.json").read_text()), table_in(printed)
    rows = [row for row in read_rows(folder / "metrics.csv") if row["step"] == metrics["best"]["step"] - 1]
    at_best = {key: value for row in rows for key, value in row.items()}
    for key in ("train/loss", "train/accuracy", "val/loss", "val/accuracy"):
        stage, name = key.split("/")
        assert float(shown[name, stage]) == pytest.approx(at_best[key], rel=6e-3)
    assert at_best["val/loss"] < 0.9 * metrics["val/loss"]  # the last epoch was another
    assert shown["accuracy", "test"].startswith(f"{metrics['test/accuracy']:.3f} (")
    best = int(re.search(r"^best epoch  (\d+) of 12", printed, re.M)[1])
    assert best == at_best["epoch"] + 1
    last = " ".join(printed.split()).partition(" last epoch ")[2]
    assert f"val loss {metrics['val/loss']:.3g}" in last


def test_the_gravest_findings_of_the_page_are_told(overfitted):
    printed, _ = overfitted
    found = printed.partition("\nreading     ")[2]
    assert "Overfitting from epoch" in " ".join(found.split())


def test_a_rate_far_too_high_is_no_secret(capsys):
    words = "fit -c circles --lr 1000 --epochs 1 --data.repeat 10 --pictures false"
    assert main(words.split()) == 0
    assert "learning rate 1000 is too high, try 100" in " ".join(capsys.readouterr().out.split())
