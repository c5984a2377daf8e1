"""Runs with members compared by their seeds, against SciPy on what each member reached."""

import csv
import json
from statistics import mean, stdev

import numpy as np
import pytest
from scipy import stats

from litclf import BinaryClassifier, CirclesDataModule, fit
from litclf.cli.compare import main
from litclf.inference.compare.contender import contenders, differing_settings
from litclf.inference.compare.members import compare_seeds
from litclf.inference.compare.pairs import compare_pairs
from litclf.utilities.statistics import holm
from litclf.visualization.plots import comparison

FAST = {"batch_size": None, "repeat": 50, "steps_per_execution": 50}
QUIET = {"max_epochs": 2, "threads": 1, "enable_progress_bar": False}
METRICS = ["test/accuracy", "test/loss"]


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    """Runs on the same data: of five seeds, of these in a smaller network, of fewer, of others, and of one."""
    root = tmp_path_factory.mktemp("several")

    def run(name, width, **members):
        model = BinaryClassifier(hidden_dims=[width], lr=0.05, optimizer="adam")
        data = CirclesDataModule(num_samples=400, noise=0.15, holdout=0.5, **FAST)
        return fit(model, data, name=name, default_root_dir=root, **QUIET, **members).folder

    return {
        "wide": run("wide", 16, members=5),
        "narrow": run("narrow", 3, members=5),
        "others": run("others", 3, members=4, members_from=100),
        "fewer": run("fewer", 3, members=3),
        "single": run("single", 3),
    }


def rows_of(folder):
    with (folder / "members.csv").open(newline="") as file:
        return {int(row["seed"]): row for row in csv.DictReader(file)}


def compared(several, *names):
    return contenders([several[name] for name in names])


def test_scores_are_what_the_fit_measured_of_each_member(several):
    (wide,) = compared(several, "wide")
    for metric in METRICS:
        expected = {seed: float(row[metric]) for seed, row in rows_of(several["wide"]).items()}
        assert wide.scores[metric] == pytest.approx(expected, abs=1e-6)
    (single,) = compared(several, "single")
    assert single.scores["test/accuracy"] == {42: pytest.approx(single.run.metrics["test/accuracy"])}


def test_members_of_the_same_seeds_are_compared_in_pairs(several):
    (pair,) = compare_pairs(compared(several, "wide", "narrow"))
    assert [own.metric for own in pair.seeds] == METRICS
    for own in pair.seeds:
        first, second = (
            [float(row[own.metric]) for row in rows_of(several[name]).values()] for name in ("wide", "narrow")
        )
        assert (own.paired, own.counts, own.difference.test) == (True, (5, 5), "paired t test")
        assert own.difference.p_value == pytest.approx(stats.ttest_rel(first, second).pvalue, rel=1e-3)
        assert own.means == pytest.approx((sum(first) / 5, sum(second) / 5), abs=1e-6)
    p_values = [own.difference.p_value for own in pair.seeds]
    assert [own.adjusted for own in pair.seeds] == holm(p_values)
    assert pair.seeds[1].better == 0


def test_fewer_seeds_are_compared_with_the_same_of_the_others(several):
    (pair,) = compare_pairs(compared(several, "wide", "fewer"))
    assert {(own.paired, own.counts) for own in pair.seeds} == {(True, (3, 3))}
    wide = rows_of(several["wide"])
    assert pair.seeds[0].means[0] == pytest.approx(sum(float(wide[seed]["test/accuracy"]) for seed in (42, 43, 44)) / 3)


def test_members_of_other_seeds_are_compared_by_welch(several):
    (pair,) = compare_pairs(compared(several, "wide", "others"))
    for own in pair.seeds:
        first, second = (
            [float(row[own.metric]) for row in rows_of(several[name]).values()] for name in ("wide", "others")
        )
        assert (own.paired, own.counts, own.difference.test) == (False, (5, 4), "Welch's t test")
        assert own.difference.p_value == pytest.approx(stats.ttest_ind(first, second, equal_var=False).pvalue, rel=1e-3)


def test_members_are_compared_with_one_network(several):
    (pair,) = compare_pairs(compared(several, "narrow", "single"))
    assert {(own.paired, own.counts) for own in pair.seeds} == {(False, (5, 1))}
    assert {own.difference.test for own in pair.seeds} == {"Student's t test of a single value"}


def test_two_single_networks_have_no_seeds_to_compare(contend):
    (pair,) = compare_pairs(contend("relu", "linear"))
    assert pair.seeds == ()


def test_seeds_that_diverged_in_one_are_left_out_of_the_pairs():
    whole = {42: 0.9, 43: 0.8, 44: 0.7}
    (told,) = compare_seeds({"test/accuracy": whole}, {"test/accuracy": {42: 0.8, 44: 0.65}})
    assert (told.paired, told.counts, told.difference.mean) == (True, (2, 2), pytest.approx(0.075))
    (told,) = compare_seeds({"test/accuracy": {42: 0.8, 43: 0.6}}, {"test/accuracy": {42: 0.8, 44: 0.65}})
    assert not told.paired
    assert compare_seeds({"test/accuracy": whole}, {"test/accuracy": {}}) == []


def test_settings_tell_of_members(several):
    differing = differing_settings(compared(several, "wide", "fewer", "others", "single"))
    assert differing["members"] == [5, 3, 4, 1]
    assert differing["members_from"] == [42, 42, 100, ""]


def test_all_is_printed_and_written(several, tmp_path, capsys):
    names = ("wide", "narrow", "others", "single")
    assert main([*(str(several[name]) for name in names), "--output", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "5 seeds in pairs, paired t test: p = " in printed
    assert "5 against 4, Welch's t test: p = " in printed
    assert "wide/version_0  5 members, test/accuracy " in printed
    assert "ensemble/accuracy" in printed
    own = [float(row["test/accuracy"]) for row in rows_of(several["wide"]).values()]
    (metric,) = [line for line in printed.splitlines() if line.startswith("test/accuracy ")]
    assert f" {mean(own):.4f} ± {stdev(own):.4f} " in metric
    assert metric.count("±") == 3  # the last is of one network
    content = json.loads((tmp_path / "out" / "comparison.json").read_text())
    pairs = compare_pairs(compared(several, *names))
    for told, pair in zip(content["pairs"], pairs, strict=True):
        for own in pair.seeds:
            assert told["members"][own.metric]["difference"]["p_value"] == own.difference.p_value
            assert told["members"][own.metric]["p_value_holm"] == own.adjusted
    with (tmp_path / "out" / "comparison.csv").open(newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file) if row["kind"] == "member"}
    assert len(rows) == 2 * 9
    expected = rows_of(several["wide"])[44]["test/loss"]
    assert float(rows["test/loss of seed 44"]["wide/version_0"]) == pytest.approx(float(expected), abs=1e-6)
    assert rows["test/loss of seed 44"]["others/version_0"] == ""


def test_members_are_drawn_behind_the_means_of_their_runs(several, tmp_path, monkeypatch):
    drawn, draw = [], comparison.draw_comparison
    monkeypatch.setattr(comparison, "draw_comparison", lambda *given: drawn.extend(given) or draw(*given))
    assert main([*(str(several[name]) for name in ("fewer", "single")), "--output", str(tmp_path / "out")]) == 0
    _, planes, members = drawn
    assert [len(planes[f"{name}/version_0"].members) for name in ("fewer", "single")] == [3, 0]
    together = np.mean(planes["fewer/version_0"].members, axis=0)
    np.testing.assert_allclose(planes["fewer/version_0"].probabilities, together, atol=1e-6)
    assert list(members) == ["fewer/version_0"]
    steps, values = members["fewer/version_0"].curves["val/loss"]
    with (several["fewer"] / "member_curves.csv").open(newline="") as file:
        expected = [float(row["val/loss"]) for row in csv.DictReader(file)]
    assert steps == [50, 100]
    assert values.flatten().tolist() == expected
