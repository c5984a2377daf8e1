import multiprocessing
import time

import pytest

from litclf.runs.folder import RunFolder
from litclf.runs.lock import locked
from litclf.utilities.errors import InputError


def hold(folder, held):
    with locked(folder):
        held.set()
        time.sleep(60)


def test_a_lock_holds_against_other_processes_and_ends_with_its_own(tmp_path):
    folder = RunFolder(tmp_path, writes=True)
    context = multiprocessing.get_context("fork")
    held = context.Event()
    other = context.Process(target=hold, args=(folder, held))
    other.start()
    assert held.wait(10)
    with (
        pytest.raises(InputError, match=f"is being trained by process {other.pid}"),
        locked(RunFolder(tmp_path, writes=True)),
    ):
        pass
    other.kill()
    other.join()
    with locked(folder):
        pass
    assert not list(tmp_path.iterdir())


def test_the_other_processes_of_a_run_are_held_by_the_first(tmp_path):
    with locked(RunFolder(tmp_path, writes=True)), locked(RunFolder(tmp_path, writes=False)):
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]
