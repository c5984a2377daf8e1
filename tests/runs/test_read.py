import math
import os
from pathlib import Path

import pytest

from litclf.runs.read import find_run, read_folder
from litclf.utilities.errors import InputError


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Versions 2 and 10 of a run, and a version 11 in which nothing has been written yet."""
    monkeypatch.chdir(tmp_path)
    for number in (2, 10):
        checkpoints = Path(f"logs/circles/version_{number}/checkpoints")
        checkpoints.mkdir(parents=True)
        (checkpoints / "best.ckpt").touch()
        (checkpoints.parent / "config.yaml").touch()
    Path("logs/circles/version_11").mkdir()
    return Path("logs/circles")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("version_2", "version_2"),
        ("version_2/checkpoints/best.ckpt", "version_2"),
        ("version_2/config.yaml", "version_2"),
        (".", "version_10"),
    ],
)
def test_a_run_is_meant_by_its_folder_its_files_or_the_folder_of_its_versions(runs, given, found):
    assert find_run(runs / given) == runs / found


def test_a_checkpoint_is_found_from_within_its_folder(runs, monkeypatch):
    here = (runs / "version_2").resolve()
    monkeypatch.chdir(here / "checkpoints")
    assert find_run(Path("best.ckpt")).resolve() == here


def test_what_is_not_there_is_refused_with_the_nearest_that_is(runs):
    with pytest.raises(InputError, match=r"circle: does not exist; fix: did you mean logs.circles\?"):
        find_run(runs.parent / "circle")
    with pytest.raises(InputError, match=r"nowhere.at.all: does not exist; fix: pass a run folder"):
        find_run(Path("nowhere/at/all"))


@pytest.mark.parametrize("given", ["..", "version_11", "version_2/checkpoints"])
def test_a_folder_without_a_run_is_refused(runs, given):
    with pytest.raises(InputError, match="it is no run folder"):
        find_run(runs / given)


def test_an_empty_folder_reads_as_nothing(tmp_path):
    run = read_folder(tmp_path)
    assert (run.config, run.history.metrics, run.history.facts, run.history.rows, run.samples) == ("", {}, {}, [], {})


def test_cells_that_are_empty_are_left_out_and_others_are_numbers(make_run):
    folder = make_run()
    (folder / "metrics.csv").write_text("step,train/loss,val/loss\r\n9,nan,\r\n19,,0.5\r\n")
    first, second = read_folder(folder).history.rows
    assert first.keys() == {"step", "train/loss"}
    assert math.isnan(first["train/loss"])
    assert second == {"step": 19, "val/loss": 0.5}


def test_a_row_cut_short_by_the_end_of_the_run_is_read_as_far_as_it_goes(make_run):
    folder = make_run()
    (folder / "metrics.csv").write_text("step,train/loss,val/loss\r\n9,0.5")
    assert read_folder(folder).history.rows == [{"step": 9, "train/loss": 0.5}]


def test_samples_hold_no_number_that_json_does_not_know(make_run):
    folder = make_run()
    (folder / "samples.json").write_text('{"worst": [NaN, -Infinity, 1.5]}')
    assert read_folder(folder).samples == {"worst": [None, None, 1.5]}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("metrics.json", "{", "is no JSON"),
        ("metrics.json", "[]", "must hold an object, got list"),
        ("samples.json", "\xff", "is no JSON"),
        ("metrics.csv", "step,loss\n1,high\n", "is no table of numbers"),
        ("metrics.csv", "step\n1,2\n", "is no table of numbers"),
    ],
)
def test_a_damaged_file_is_named(make_run, name, content, message):
    folder = make_run()
    (folder / name).write_text(content, encoding="latin-1")
    with pytest.raises(InputError, match=message) as refused:
        read_folder(folder)
    assert refused.value.where == os.fspath(folder / name)
