"""Points on the command line: what is told of one, and its picture."""

import importlib.util

import numpy as np
import pandas as pd
import pytest

from litclf import BinaryClassifier, BlobsDataModule, MulticlassClassifier, fit
from litclf.cli.predict import main
from litclf.data.table import TableDataModule
from litclf.inference.model import load
from litclf.inference.plane import _raw_numbers

QUIET = {"max_epochs": 1, "enable_progress_bar": False}
DRAWS = pytest.mark.skipif(importlib.util.find_spec("litclf.visualization.plots") is None, reason="draws")


@DRAWS
def test_of_many_classes_a_point_is_told_the_most_probable(tmp_path, capsys):
    data = BlobsDataModule(num_samples=1000, centers=25)
    folder = fit(MulticlassClassifier(hidden_dims=[4]), data, default_root_dir=tmp_path, **QUIET).folder
    capsys.readouterr()
    assert main(["--ckpt_path", str(folder), "--point=1,2"]) == 0
    rows = [line.split("  ", 1) for line in capsys.readouterr().out.splitlines()]
    told = {name.removeprefix("probability of "): float(value) for name, value in rows if name.startswith("prob")}
    (shares,) = load(folder).predict([[1, 2]]).probabilities
    assert list(told.values()) == pytest.approx(sorted(shares, reverse=True)[:20], abs=1e-6)
    assert rows[1][1].split() == next(iter(told)).split()
    assert [rows[-2][0], rows[-2][1].strip()] == ["less probable", "5 classes more"]


@DRAWS
def test_a_point_of_a_table_of_two_numbers_is_drawn_in_its_own_units(tmp_path, capsys):
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"weight": rng.normal(5000, 100, 200), "height": rng.normal(0.01, 0.001, 200)})
    rows["kind"] = np.where(rows["weight"] > 5000, "heavy", "light")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    data = TableDataModule(
        path=str(tmp_path / "rows.csv"), target="kind", batch_size=None, repeat=30, steps_per_execution=30
    )
    folder = fit(BinaryClassifier(lr=0.5), data, default_root_dir=tmp_path, **QUIET).folder
    assert main(["--ckpt_path", str(folder), "--point=5200,0.01"]) == 0
    assert "picture               " in capsys.readouterr().out
    assert (folder / "point.png").read_bytes().startswith(b"\x89PNG")
    raw = _raw_numbers(load(folder).preparation, data.splits["train"].x.numpy())
    np.testing.assert_allclose(raw, data.files.frames["train"][["weight", "height"]].astype(float), rtol=1e-5)
    (folder / "point.png").unlink()
    assert main(["--ckpt_path", str(folder), "--point=,0.01"]) == 0  # a missing number lies nowhere in the plane
    assert not (folder / "point.png").exists()
