"""Cross-validations compared fold by fold, against the corrected resampled t test by hand."""

import csv
import json

import numpy as np
import pytest
from scipy import stats

from litclf import BlobsDataModule, MulticlassClassifier, cross_validate
from litclf.cli.main import main
from litclf.inference.compare.folds import compare_folds, fold_runs
from litclf.inference.compare.pairs import NoPair
from litclf.utilities.statistics import holm

SETTINGS = {"max_epochs": 3, "enable_progress_bar": False}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Three cross-validations of the same rows: of a network, of one that learns nothing, and in other folds."""
    root = tmp_path_factory.mktemp("folds")

    def make(name, lr, folds=4):
        model, data = MulticlassClassifier(hidden_dims=[8], lr=lr), BlobsDataModule(num_samples=120, batch_size=8)
        settings = SETTINGS | {"default_root_dir": root, "name": name, "folds": folds}
        return cross_validate(model, data, repeats=2, **settings).run.folder

    return {"good": make("good", 0.1), "bad": make("bad", 1e-6), "other": make("other", 0.1, folds=3)}


def values_of(folder, metric):
    with (folder / "cv.csv").open(newline="") as file:
        return np.array([float(row[metric]) for row in csv.DictReader(file)])


def test_the_difference_is_that_of_nadeau_and_bengio(folders):
    pairs = compare_folds(fold_runs([folders["good"], folders["bad"]]))
    assert [pair.metric for pair in pairs] == ["test/accuracy", "test/loss"]
    raw = []
    for pair in pairs:
        differences = values_of(folders["good"], pair.metric) - values_of(folders["bad"], pair.metric)
        error = np.sqrt((1 / 8 + 1 / 3) * np.var(differences, ddof=1))
        low, high = stats.t.interval(0.95, 7, differences.mean(), error)
        raw.append(2 * stats.t.sf(abs(differences.mean()) / error, 7))
        assert (pair.difference.low, pair.difference.high) == (pytest.approx(low), pytest.approx(high))
        assert pair.difference.p_value == pytest.approx(raw[-1])
        assert pair.better == "good_cv/version_0"
    assert [pair.adjusted for pair in pairs] == pytest.approx(holm(raw))


def test_other_folds_have_no_p_value(folders):
    (pair,) = compare_folds(fold_runs([folders["good"], folders["other"]]))
    assert isinstance(pair, NoPair)
    assert pair.reason.endswith("on other folds: 4 folds, 2 times, stratified, and 3 folds, 2 times, stratified.")


def test_the_command_prints_and_writes_the_differences(folders, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["compare", str(folders["good"].parent), str(folders["bad"].parent)]) == 0
    out = capsys.readouterr().out
    assert "good_cv/version_0 is the better one." in out
    assert "lr" in out.partition("mean over the folds")[0]
    content = json.loads((tmp_path / "lightning_logs" / "compare" / "version_0" / "comparison.json").read_text())
    assert content["pairs"][0]["folds"] == 8
    with (tmp_path / "lightning_logs" / "compare" / "version_0" / "comparison.csv").open(newline="") as file:
        rows = {row[1]: row[2:] for row in csv.reader(file)}
    expected = [str(values_of(folders[name], "test/accuracy")[5]) for name in ("good", "bad")]
    assert rows["test/accuracy of fold 2 of repeat 2"] == expected


@pytest.mark.parametrize(
    ("others", "said"),
    [(["good"], "is given twice; fix: name other runs"), (["plain"], "is of a cross-validation, whose models each")],
)
def test_what_cannot_be_compared_is_refused_with_nothing_written(others, said, folders, circles_run, tmp_path, capsys):
    paths = {"good": folders["good"], "plain": circles_run.folder}
    output = tmp_path / "out"
    assert main(["compare", str(folders["good"]), *(str(paths[name]) for name in others), "--output", str(output)]) == 2
    assert said in capsys.readouterr().err
    assert not output.exists()
