"""Fits with members by command: marks of a preset and of one's own, and what is refused."""

import json
from pathlib import Path

import pytest

from litclf.cli.main import main

pytestmark = pytest.mark.usefixtures("in_empty_folder")
QUICK = ["--trainer.max_epochs", "1", "--pictures", "false", "--trainer.enable_progress_bar", "false"]


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
