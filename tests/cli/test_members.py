"""Fits with members by command: marks of a preset and of one's own, and what is refused."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from litclf.cli.main import main

pytestmark = pytest.mark.usefixtures("in_empty_folder")
QUIET = ["--pictures", "false", "--trainer.enable_progress_bar", "false"]
QUICK = ["--trainer.max_epochs", "1", *QUIET]


def marked(out):
    return [line.split(":")[0] for line in out.splitlines() if line.startswith("mark ")]


def test_a_preset_names_the_mark_that_its_members_are_held_against(capsys):
    assert main(["fit", "-c", "circles", "--members", "2", *QUICK]) == 0
    assert marked(capsys.readouterr().out) == ["mark        test/accuracy at least 0.99"]
    told = json.loads(Path("lightning_logs/circles/version_0/metrics.json").read_text())["members"]["marks"]
    assert told["test/accuracy"]["of"] == 2
    own = ["--mark", "val/loss=0.5,train/accuracy=0.4"]
    assert main(["fit", "-c", "circles", "--members", "2", *own, *QUICK]) == 0
    assert marked(capsys.readouterr().out) == [
        "mark        val/loss at most 0.5",
        "mark        train/accuracy at least 0.4",
    ]


def test_the_mark_of_a_preset_is_none_of_a_single_fit_or_of_data_without_its_split(capsys):
    assert main(["fit", "-c", "circles", *QUICK]) == 0
    assert main(["fit", "-c", "circles", "--members", "2", "--data.holdout", "0", *QUICK]) == 0
    out = capsys.readouterr().out
    assert marked(out) == []
    assert "\ntrain/accuracy " in out  # members are told by training, where there is nothing else


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["fit", "-c", "circles", "--members", "0"], "--members: must be a whole number in [1, 10001), got 0"),
        (["fit", "-c", "circles", "--members", "-3"], "--members: must be a whole number in [1, 10001), got -3"),
        (["fit", "-c", "circles", "--members", "2.5"], "--members: "),
        (
            ["fit", "-c", "circles", "--members", "4", "--mark", "test/acuracy=0.9"],
            "--mark: has no argument test/acuracy",
        ),
        (["fit", "-c", "circles", "--members", "4", "--mark", "accuracy"], "--mark: must be a metric and a number"),
        (["fit", "-c", "circles", "--members", "4", "--mark", "test/accuracy=nan"], "--mark: must be a number"),
        (["fit", "-c", "circles", "--mark", "test/accuracy=0.9"], "--mark: is what a share of members reaches"),
        (
            ["fit", "-c", "centroids", "--members", "4", "--mark", "test/accuracy=0.9"],
            "--mark: test/accuracy is not measured: there is no test split",
        ),
    ],
)
def test_what_members_cannot_be_is_refused_in_one_line_with_nothing_written(args, told, error_line, tmp_path):
    assert error_line(*args).startswith(f"error: {told}")
    assert not list(tmp_path.iterdir())


def test_groups_that_leave_one_class_on_a_side_are_refused_with_nothing_written(capsys, tmp_path):
    each = [(n * 7 % 11, "ab"[n % 2], "pq"[n % 2]) for n in range(40)]
    (tmp_path / "rows.csv").write_text("\n".join(["x,target,site", *(",".join(map(str, row)) for row in each)]))
    assert main(["cv", "rows.csv", "--target", "target", "--groups", "site", "--folds", "2"]) == 2
    *_, last = capsys.readouterr().err.splitlines()
    assert last.startswith("error: --groups: ")
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


@pytest.mark.slow  # 32 fits of one network each, twice
@pytest.mark.parametrize(("preset", "mark"), [("circles", "test/accuracy"), ("centroids", "train/accuracy")])
def test_32_members_print_what_32_single_fits_give(preset, mark, capsys, tmp_path):
    assert main(["fit", "-c", preset, "--members", "32", *QUIET]) == 0
    out, folder = capsys.readouterr().out, tmp_path / "lightning_logs" / preset / "version_0"
    with (folder / "members.csv").open(newline="") as file:
        members = list(csv.DictReader(file))
    single = {key: [] for key in members[0] if "/" in key}
    for number, member in enumerate(members, start=1):
        assert main(["fit", "-c", preset, "--seed_everything", member["seed"], *QUIET]) == 0
        own = best_of(folder.parent / f"version_{number}")
        for key, values in single.items():
            assert float(member[key]) == pytest.approx(own[key], abs=1e-6), (member["seed"], key)
            values.append(own[key])
    assert len(members) == 32
    for key, values in single.items():
        mean, low, high = re.search(rf"^{key} +([\d.]+) +([\d.]+) to ([\d.]+)", out, re.MULTILINE).groups()
        assert float(mean) == pytest.approx(np.mean(values), abs=6e-5)
        how = stats.shapiro(values).pvalue < 0.01 if len(set(values)) > 1 else False
        expected = bootstrapped(values) if how else stats.t.interval(0.95, 31, np.mean(values), stats.sem(values))
        most = np.inf if key.endswith("loss") else 1.0
        # Single fits have written 32 bits; where many values are the same, their last digit moves a bootstrap's end.
        assert [float(low), float(high)] == pytest.approx(np.clip(expected, 0, most), abs=5e-4 if how else 6e-5)
    least = {"circles": 0.99, "centroids": 1.0}[preset]
    passed = sum(value >= least for value in single[mark])
    low, high = stats.binomtest(passed, 32).proportion_ci(method="wilson")
    share = f"{passed} of 32, {100 * passed / 32:.0f} % (95 % {100 * low:.0f} % to {100 * high:.0f} %)"
    assert f"mark        {mark} at least {least:g}: {share}" in out


def bootstrapped(values):
    found = stats.bootstrap((values,), np.mean, rng=np.random.default_rng(0))
    return found.confidence_interval


def best_of(folder):
    """What a single fit has measured of its best checkpoint."""
    metrics = json.loads((folder / "metrics.json").read_text())
    with (folder / "metrics.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if int(row["step"]) == metrics["best"]["step"] - 1]
    found = {key: float(value) for row in rows for key, value in row.items() if value}
    return found | {key: value for key, value in metrics.items() if key.startswith("test/")}
