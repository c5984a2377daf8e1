"""What the script of ensembles makes of data, and that what it writes is what the run has measured."""

import json
from functools import partial

import pandas as pd
import pytest
from sklearn import datasets


def test_a_set_of_scikit_learn_becomes_a_table_with_its_names(load, tmp_path):
    ensembles = load("reproduction", "ensembles")
    frame = pd.read_csv(ensembles.as_table(datasets.load_iris, tmp_path))
    assert frame.columns[0] == "sepal length (cm)"
    assert frame["class"].value_counts().to_dict() == {"setosa": 50, "versicolor": 50, "virginica": 50}
    made = pd.read_csv(ensembles.as_table(partial(datasets.make_moons, 10), tmp_path))
    assert list(made) == ["x0", "x1", "class"]
    assert set(made["class"]) == {"class 0", "class 1"}


def test_all_together_are_better_where_accuracy_is_above_and_loss_below_the_mean(load):
    outcome = load("reproduction", "ensembles").Outcome
    spread = {"mean": 0.5, "low": 0.4, "high": 0.6}
    own = outcome("set", 10, spread, spread, {"accuracy": 0.5, "loss": 0.25}, 1e-7)
    assert own.better == {"accuracy": False, "loss": True}
    mean = "0.5000 (0.4000 to 0.6000)"
    assert own.row() == ["set", "10", mean, "0.5000", mean, "0.2500", "1e-07"]


@pytest.mark.slow  # fits, and an export by PyTorch
def test_it_trains_exports_and_writes_what_was_measured(start, tmp_path, capsys):
    assert start("reproduction/ensembles.py", "--only", "iris", "--members", "3") == 0
    (own,) = json.loads((tmp_path / "ensembles.json").read_text())
    assert (own["data"], own["rows"]) == ("iris", 150)
    assert own["together"]["loss"] < own["loss"]["mean"]  # of a convex loss, whatever the members
    assert own["onnx"] <= 1e-5
    assert "together better in loss: 1 of 1" in capsys.readouterr().out
