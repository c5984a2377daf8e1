"""Cross-validation, against single fits on the splits of each fold: the same bits; and what it leaves, by hand."""

import csv
import json

import numpy as np
import pytest
import torch
import yaml
from scipy import stats
from sklearn.metrics import accuracy_score, recall_score
from sklearn.model_selection import StratifiedKFold

from litclf import BinaryClassifier, BlobsDataModule, CirclesDataModule, MulticlassClassifier, cross_validate, fit
from litclf.data.sources.folding import Folding
from litclf.runs.checkpoint import Checkpoint

SETTINGS = {"max_epochs": 3, "enable_progress_bar": False}


def make_model(**settings):
    return MulticlassClassifier(
        **{"hidden_dims": [6], "optimizer": "adam", "lr": 0.02, "lr_schedule": "onecycle"} | settings
    )


def make_data(**settings):
    return BlobsDataModule(**{"num_samples": 122, "batch_size": 8, "holdout": 0.3, "repeat": 2} | settings)


def folds_of(data, folds, repeats=1):
    counts = {name: len(split.y) for name, split in data.splits.items()}
    share = counts["val"] / (counts["train"] + counts["val"])
    return Folding(folds, repeats, share, data.seed).stratified(data.drawn_targets, data.class_names)


def weights_of(folder, name, prefix):
    state = Checkpoint.read(folder / "checkpoints" / f"{name}.ckpt").weights
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


def equal(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def check_each_is_a_single_fit(found, model, data, folds, root, seed=42):
    """Holds weights, metrics and best epoch of each member against a fit of its own on the splits of its fold."""
    table = rows_of(found.run.folder / "cv.csv")
    assert len(table) == len(folds)
    for number, (row, rows) in enumerate(zip(table, folds, strict=True)):
        single = fit(
            model(), data().with_rows(rows), seed=seed + number, name=str(number), default_root_dir=root, **SETTINGS
        )
        for name in ("best", "last"):
            own = weights_of(found.run.folder, name, f"network.members.{number}.")
            assert equal(own, weights_of(single.folder, name, "network.")), (number, name)
        for key in ("test/accuracy", "test/loss", "test/auroc"):
            assert float(row[key]) == pytest.approx(single.metrics[key], abs=1e-6)
        best = Checkpoint.read(single.folder / "checkpoints" / "best.ckpt")
        assert int(row["best_epoch"]) == best.content["epoch"] + 1


@pytest.mark.parametrize(
    ("of_data", "of_model"),
    [
        ({}, {}),  # passes of 10 and of 11 steps: 80 and 81 training rows in batches of 8
        ({"batch_size": None}, {"engine": "eager", "lr_schedule": "cosine"}),
        ({"batch_size": 100, "steps_per_execution": 3, "holdout": 0.0}, {"optimizer": "sgd", "lr_schedule": "step"}),
    ],
    ids=["unequal passes", "full batches", "without validation"],
)
def test_each_fold_is_the_single_fit_on_its_splits(of_data, of_model, tmp_path):
    found = cross_validate(make_model(**of_model), make_data(**of_data), folds=3, default_root_dir=tmp_path, **SETTINGS)
    folds = folds_of(make_data(**of_data), 3)
    check_each_is_a_single_fit(found, lambda: make_model(**of_model), lambda: make_data(**of_data), folds, tmp_path)


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """Two repeats of four folds, and a final model; only to be read."""
    root = tmp_path_factory.mktemp("usual")
    return cross_validate(make_model(), make_data(), folds=4, repeats=2, final=True, default_root_dir=root, **SETTINGS)


def test_the_folds_are_those_of_scikit_learn_and_each_row_is_held_out_once_a_repeat(usual):
    targets = make_data().drawn_targets
    for repeat, seed in enumerate((42, 43)):
        expected = np.zeros(len(targets), dtype=int)
        for number, (_, test) in enumerate(
            StratifiedKFold(4, shuffle=True, random_state=seed).split(targets, targets), start=1
        ):
            expected[test] = number
        assert usual.out_of_fold.folds[:, repeat].tolist() == expected.tolist()
    for rows in folds_of(make_data(), 4, 2):
        assert sorted(np.concatenate(list(rows.values()))) == list(range(len(targets)))


def test_a_row_is_told_of_by_the_members_that_it_was_held_out_of(usual):
    data, folds = make_data(), folds_of(make_data(), 4, 2)
    row = 17
    told = []
    for number in (number for number, rows in enumerate(folds) if row in rows["test"]):
        state = weights_of(usual.run.folder, "best", f"network.members.{number}.")
        x = torch.cat([data.splits[split].x for split in ("train", "val", "test")])[row]
        hidden = torch.relu(state["0.weight"] @ x + state["0.bias"])
        told.append(torch.softmax(state["2.weight"] @ hidden + state["2.bias"], 0))
    assert len(told) == 2
    line = rows_of(usual.run.folder / "oof.csv")[row]
    assert line["row"] == data.row_name("train", row)
    assert line["label"] == data.class_names[int(data.splits["train"].y[row])]
    written = [float(line[f"p({name})"]) for name in data.class_names]
    assert written == pytest.approx(torch.stack(told).mean(dim=0).tolist(), abs=1e-6)


def test_the_interval_is_that_of_nadeau_and_bengio(usual):
    values = [float(row["test/accuracy"]) for row in rows_of(usual.run.folder / "cv.csv")]
    told = json.loads((usual.run.folder / "metrics.json").read_text())["members"]["metrics"]["test/accuracy"]
    half = stats.t.ppf(0.975, 7) * np.sqrt((1 / 8 + 1 / 3) * np.var(values, ddof=1))
    assert told["interval"] == "nadeau-bengio"
    assert told["mean"] == pytest.approx(np.mean(values))
    assert told["low"] == pytest.approx(np.mean(values) - half)
    assert told["high"] == pytest.approx(min(np.mean(values) + half, 1.0))


def test_the_table_of_classes_is_made_of_the_rows_held_out(usual):
    rows, classes = (rows_of(usual.run.folder / f"{name}.csv") for name in ("oof", "classes"))
    labels, predicted = [row["label"] for row in rows], [row["predicted"] for row in rows]
    names = [row["class"] for row in classes]
    expected = recall_score(labels, predicted, labels=names, average=None)
    assert [float(row["recall"]) for row in classes] == pytest.approx(expected)
    assert [int(row["rows"]) for row in classes] == [labels.count(name) for name in names]
    assert usual.out_of_fold.predicted.tolist() == [names.index(name) for name in predicted]
    assert accuracy_score(labels, predicted) > 0


def test_the_final_model_is_a_fit_on_all_rows_for_the_median_of_the_best_epochs(usual, tmp_path):
    epochs = np.median([int(row["best_epoch"]) for row in rows_of(usual.run.folder / "cv.csv")])
    settings = SETTINGS | {"max_epochs": round(epochs), "default_root_dir": tmp_path}
    single = fit(make_model(), make_data(holdout=0.0), **settings)
    assert single.metrics["facts"]["num_train"] == 122
    assert equal(weights_of(usual.final.folder, "last", "network."), weights_of(single.folder, "last", "network."))
    config = yaml.safe_load((usual.final.folder / "config.yaml").read_text())
    assert config["trainer"]["max_epochs"] == round(epochs)
    assert config["data"]["init_args"]["holdout"] == 0.0
    assert usual.final.folder.parent.name == "BlobsDataModule"
    assert usual.run.folder.parent.name == "BlobsDataModule_cv"


def test_two_classes_are_folded_too(tmp_path):
    def model():
        return BinaryClassifier(hidden_dims=[4], lr=0.1)

    def data():
        return CirclesDataModule(num_samples=101, batch_size=16)

    found = cross_validate(model(), data(), folds=2, default_root_dir=tmp_path, **SETTINGS)
    assert found.out_of_fold.probabilities.sum(axis=1) == pytest.approx(1)
    check_each_is_a_single_fit(found, model, data, folds_of(data(), 2), tmp_path)
