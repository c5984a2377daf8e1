"""What a path means that somebody typed: a run, its tested checkpoint, or those that it may go on from."""

import json
import os
import shutil
from pathlib import Path

import pytest

from litclf import InputError
from litclf.runs.find import checkpoints_in, find_latest, find_run, find_tested, run_folder, told_version


def test_the_run_folder_is_where_the_config_lies(tmp_path):
    run = tmp_path / "version_3"
    (run / "checkpoints").mkdir(parents=True)
    (run / "config.yaml").write_text("")
    assert run_folder(run / "checkpoints" / "best.ckpt") == run
    assert run_folder(tmp_path / "moved.ckpt") == tmp_path


def test_the_run_folder_is_found_from_inside(tmp_path, monkeypatch):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "config.yaml").write_text("")
    monkeypatch.chdir(tmp_path / "checkpoints")
    assert run_folder(Path("best.ckpt")).resolve() == tmp_path.resolve()


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


@pytest.fixture
def folder(tmp_path):
    """A run that has kept its best and its last checkpoint."""
    folder = tmp_path / "circles" / "version_0"
    (folder / "checkpoints").mkdir(parents=True)
    for name in ("best", "last"):
        (folder / "checkpoints" / f"{name}.ckpt").touch()
    return folder


@pytest.fixture
def best(folder):
    return folder / "checkpoints" / "best.ckpt"


@pytest.mark.parametrize("what", ["", "..", "checkpoints/best.ckpt"], ids=["folder", "parent", "checkpoint"])
def test_a_checkpoint_is_named_in_three_ways(what, folder, best):
    assert find_tested((folder / what).resolve()) == best.resolve()


def test_a_parent_means_its_latest_version_with_a_checkpoint(folder):
    for number in (9, 10):
        shutil.copytree(folder, folder.parent / f"version_{number}")
    (folder.parent / "version_11").mkdir()
    assert find_tested(folder.parent).parents[1].name == "version_10"


def test_the_last_checkpoint_stands_in_for_a_best_one(folder, best):
    best.unlink()
    assert find_tested(folder).name == "last.ckpt"


def test_a_best_checkpoint_of_another_name_is_found(folder, best):
    best.rename(best.with_name("mine.ckpt"))
    path = folder / "metrics.json"
    path.write_text(json.dumps({"best": {"path": "mine.ckpt"}}))
    assert find_tested(folder).name == "mine.ckpt"


def test_other_checkpoints_are_not_chosen_from(folder, best):
    for name in ("best", "last"):
        best.with_name(f"{name}.ckpt").rename(best.with_name(f"old-{name}.ckpt"))
    with pytest.raises(InputError, match=r"holds neither best\.ckpt nor last\.ckpt"):
        find_tested(folder)


def test_a_folder_without_a_checkpoint_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no run with a checkpoint"):
        find_tested(tmp_path)
    with pytest.raises(InputError, match="there is no file"):
        find_tested(tmp_path / "nowhere")


def test_what_a_killed_process_was_writing_is_no_checkpoint(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / ".123.best.ckpt").touch()
    assert checkpoints_in(tmp_path / "checkpoints") == []
    with pytest.raises(InputError, match="there is no checkpoint in"):
        find_latest(tmp_path)


def test_the_latest_may_be_the_last_or_what_was_written_since(folder, best):
    newest = folder.with_name("version_10")
    shutil.copytree(folder, newest)
    last, since, before = (newest / "checkpoints" / f"{name}.ckpt" for name in ("last", "since", "best"))
    since.touch()
    for path, time in ((before, 1), (last, 2), (since, 3)):
        os.utime(path, (time, time))
    assert find_latest("last", folder.parent) == find_latest(folder.parent) == [last, since]
    last.unlink()
    assert find_latest(newest) == [before, since]
    assert find_latest(best) == [best]


def test_of_several_versions_it_is_told_which_was_taken(runs):
    assert told_version(runs, runs / "version_10") == (
        "logs/circles/version_10 of 3 is taken, the latest; pass logs/circles/best for the best on validation data"
    )
    assert told_version(Path("last"), runs / "version_11").startswith(
        "logs/circles/version_11 of 3 is taken, the latest;"
    )
    assert told_version(runs / "version_2", runs / "version_2") is None
    assert told_version(runs / "version_2/checkpoints/best.ckpt", runs / "version_2") is None
    assert told_version(runs / "best", runs / "version_2") == (
        "logs/circles/version_2 of 3 is taken, the best on validation data"
    )


def test_the_best_of_several_can_be_asked_for(runs):
    for number, accuracy in ((2, 0.9), (10, 0.8)):
        (runs / f"version_{number}/metrics.csv").write_text(f"step,val/accuracy\n9,{accuracy}\n")
        (runs / f"version_{number}/checkpoints/last.ckpt").touch()
    assert find_run(runs / "best") == runs / "version_2"
    assert find_tested(runs / "best") == runs / "version_2/checkpoints/best.ckpt"
    assert runs / "version_2/checkpoints/last.ckpt" in find_latest(runs / "best")


def test_without_metrics_there_is_no_best(runs):
    with pytest.raises(InputError, match="best: there is no version with metrics; fix: pass the folder of one"):
        find_run(runs / "best")


def test_a_folder_that_is_called_best_is_itself(runs):
    shutil.copytree(runs / "version_10", runs / "best")
    assert find_run(runs / "best") == runs / "best"
