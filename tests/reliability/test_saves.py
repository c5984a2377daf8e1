"""Saves that are killed, or whose disk is full: the last checkpoint that was whole must stay."""

import errno
import os
import random
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from litclf.runs.checkpoint_file import read
from litclf.runs.checkpoint_io import SafeCheckpointIO
from litclf.utilities.errors import InputError
from litclf.utilities.files import sweep

pytestmark = pytest.mark.slow

SIZES = (1_000, 100_000, 1_000_000)
"""Weights of the checkpoints that are killed while they are written."""

LONGEST = 0.03
"""Seconds within which a save is killed; a save of the largest takes about as long."""


# A child of a process with threads only saves, and is killed.
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.count(10, 200)
def test_save_kills(count, conclude):
    """Kills a process that does nothing but save; the file must be whole, and of the last save that had returned.

    Every other time ``$TMPDIR`` lies on another file system than the checkpoint.
    """
    stream = random.Random(0)
    trials = [killed(SafeCheckpointIO().save_checkpoint, trial, stream) for trial in range(count)]
    good, left, during, elsewhere = map(sum, zip(*trials, strict=True))
    plain = [killed(in_place, trial, stream)[0] for trial in range(max(4, count // 4))]
    conclude(
        good,
        count,
        f"SIGKILL while saving: none corrupt, none lost where k is n; {during} of the kills left a file half written "
        f"beside, all swept ({left} left over); $TMPDIR on another file system in {elsewhere}; torch.save straight "
        f"to the file kept it whole in {sum(plain)} of {len(plain)}",
    )


def killed(save, trial, stream):
    """One kill: whether the file is whole and none was lost; leftovers after sweeping, before it, other file system."""
    with tempfile.TemporaryDirectory() as folder, temporary_files(trial % 2 == 1) as temporary:
        path = Path(folder) / "last.ckpt"
        content = {"state_dict": {"w": torch.zeros(stream.choice(SIZES))}, "hyper_parameters": {}, "number": 0}
        save(content, str(path))
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            save_for_ever(save, content, str(path), writing, temporary)
        os.close(writing)
        if trial % 4 < 2 or save is in_place:
            time.sleep(stream.uniform(0, LONGEST))
        else:  # the moments in which there is a second file are short, and the ones that matter
            wait_for_second(path.parent)
            time.sleep(stream.uniform(0, LONGEST / 30))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(reading, "rb") as pipe:
            returned = len(pipe.read())
        inside = len(list(path.parent.iterdir())) > 1
        sweep(path.parent)
        other = temporary.stat().st_dev != path.parent.stat().st_dev
        left = len(list(path.parent.iterdir())) - 1
        try:
            found = read(path)
        except InputError:
            return False, left, inside, other
        whole = bool((found["state_dict"]["w"] == found["number"]).all())
        return whole and found["number"] in (returned, returned + 1) and not left, left, inside, other


def wait_for_second(folder):
    end = time.monotonic() + 1
    while time.monotonic() < end and len(os.listdir(folder)) < 2:  # noqa: PTH208  # the quickest way to look
        pass


def save_for_ever(save, content, path, pipe, temporary):
    """What the child does until it is killed: save 1, 2, 3, ... and say after each that it is done."""
    try:
        tempfile.tempdir = os.environ["TMPDIR"] = str(temporary)
        while True:
            content["number"] += 1
            content["state_dict"]["w"].fill_(content["number"])
            save(content, path)
            os.write(pipe, b".")
    finally:
        os._exit(1)


def in_place(content, path):
    """As a plain loop saves."""
    torch.save(content, path)


@contextmanager
def temporary_files(elsewhere):
    """A folder for temporary files, in memory where that is to be another file system."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if elsewhere and memory.is_dir() else None) as folder:
        yield Path(folder)


@pytest.mark.count(5, 50)
def test_full_disks(count, conclude, tmp_path):
    """Saves onto a small disk with more and more room; the old checkpoint must stay, and the error name the file."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", tmp_path], capture_output=True)
    if mounted.returncode:
        conclude(0, 0, "not tried: only root may mount a small disk")
    try:
        good = sum(on_full_disk(tmp_path, 4096 * trial) for trial in range(count))
    finally:
        subprocess.run(["umount", tmp_path], check=True)
    conclude(good, count, "disk full before, during and after the write: old checkpoint read, one error with its name")


def on_full_disk(folder, room):
    path, plugin = folder / "last.ckpt", SafeCheckpointIO()
    content = {"state_dict": {"w": torch.zeros(25_000)}, "hyper_parameters": {}, "number": 0}
    plugin.save_checkpoint(content, path)
    filling = folder / "filling"
    space = os.statvfs(folder)
    filling.write_bytes(bytes(max(0, space.f_bavail * space.f_frsize - room)))
    fits = room > path.stat().st_size + 16_384  # with some pages for the disk's own
    try:
        plugin.save_checkpoint({**content, "number": 1}, path)
        failed = False
    except OSError as error:
        failed = error.errno == errno.ENOSPC and error.filename == str(path)
        if not failed:
            return False
    finally:
        filling.unlink()
    alone = [other.name for other in folder.iterdir()] == [path.name]
    return alone and read(path)["number"] == int(not failed) and not (fits and failed)
