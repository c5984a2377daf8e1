import errno
import fcntl
import multiprocessing
import os
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


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL], ids=errno.errorcode.get)
def test_where_there_are_no_locks_a_run_goes_on_and_says_so(code, tmp_path, monkeypatch, capsys):
    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with locked(RunFolder(tmp_path, writes=True)):
        assert (tmp_path / ".lock").read_text() == str(os.getpid())
    told = f"note        {tmp_path} is not locked ({os.strerror(code)}): see to it that nothing else trains into it\n"
    assert capsys.readouterr().err == told
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("code", [errno.EAGAIN, errno.EACCES], ids=errno.errorcode.get)
def test_only_what_a_lock_says_means_another_process(code, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with (
        pytest.raises(InputError, match="is being trained by another process; fix: wait for it, or stop it first"),
        locked(RunFolder(tmp_path, writes=True)),
    ):
        pytest.fail("it is held")


def test_a_system_without_locks_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("litclf.runs.lock.fcntl", None)
    with locked(RunFolder(tmp_path, writes=True)):
        pass
    assert "is not locked (this system has no file locks)" in capsys.readouterr().err


def test_a_folder_that_cannot_be_flushed_is_said(tmp_path, monkeypatch, capsys):
    def refuse(_):
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setattr(os, "fsync", refuse)
    with locked(RunFolder(tmp_path, writes=True)):
        pass
    assert "cannot be flushed to the disk: a power cut may lose the latest files" in capsys.readouterr().err
