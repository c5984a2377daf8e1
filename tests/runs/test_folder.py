import multiprocessing
import time

import pytest
import torch

from litclf.runs.find import checkpoints_in
from litclf.runs.folder import checkpoint_to_resume, locked, new_folder, removed_if_refused
from litclf.utilities.errors import InputError


def checkpoint(path, step):
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"state_dict": {}, "hyper_parameters": {}, "global_step": step}, path)
    return path


def test_numbers_go_on_after_the_largest_whatever_else_is_there(tmp_path):
    for name in ("version_3", "version_10", "version_x", "other"):
        (tmp_path / name).mkdir()
    assert new_folder(tmp_path).name == "version_11"


def test_the_latest_checkpoint_of_the_newest_run_is_meant(tmp_path):
    checkpoint(tmp_path / "version_9" / "checkpoints" / "last.ckpt", 100)
    best = checkpoint(tmp_path / "version_10" / "checkpoints" / "best.ckpt", 20)
    assert checkpoint_to_resume("last", tmp_path) == best
    last = checkpoint(tmp_path / "version_10" / "checkpoints" / "last.ckpt", 20)
    assert checkpoint_to_resume("last", tmp_path) == checkpoint_to_resume(tmp_path / "version_10") == last
    later = checkpoint(tmp_path / "version_10" / "checkpoints" / "step=30.ckpt", 30)
    assert checkpoint_to_resume(tmp_path) == later
    assert checkpoint_to_resume(best) == best


def test_what_a_killed_process_was_writing_is_no_checkpoint(tmp_path):
    checkpoint(tmp_path / "checkpoints" / ".123.best.ckpt", 20)
    assert checkpoints_in(tmp_path / "checkpoints") == []
    with pytest.raises(InputError, match="there is no checkpoint in"):
        checkpoint_to_resume(tmp_path)


def hold(folder, held):
    with locked(folder):
        held.set()
        time.sleep(60)


def test_a_lock_holds_against_other_processes_and_ends_with_its_own(tmp_path):
    context = multiprocessing.get_context("fork")
    held = context.Event()
    other = context.Process(target=hold, args=(tmp_path, held))
    other.start()
    assert held.wait(10)
    with pytest.raises(InputError, match=f"is being trained by process {other.pid}"), locked(tmp_path):
        pass
    other.kill()
    other.join()
    with locked(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_only_the_folder_of_a_run_that_never_trained_is_removed(tmp_path):
    for name, written in (("unused", "config.yaml"), ("used", "metrics.csv")):
        (tmp_path / name).mkdir()
        (tmp_path / name / written).write_text("")
        with pytest.raises(InputError), locked(tmp_path / name), removed_if_refused(tmp_path / name):
            raise InputError("engine", "cannot serve", "pass auto")
    assert [path.name for path in tmp_path.iterdir()] == ["used"]
