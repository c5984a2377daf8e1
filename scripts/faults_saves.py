"""Experiments of `faults.py` on checkpoints: killed and failing saves, damaged files, and what strangers put there."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.fabric.plugins import TorchCheckpointIO

import litclf
from litclf.runs.checkpoint_file import read
from litclf.runs.checkpoint_io import SafeCheckpointIO
from litclf.utilities.errors import InputError
from litclf.utilities.files import sweep

SIZES = (1_000, 100_000, 1_000_000)
"""Weights of the checkpoints that are killed while they are written."""

LONGEST = 0.03
"""Seconds within which a save is killed; a save of the largest takes about as long."""

Content = dict[str, Any]
Save = Callable[[Content, str], None]


def save_kills(n: int) -> tuple[int, int, str]:
    """Kills a process that does nothing but save; the file must be whole, and of the last save that had returned.

    Every other time ``$TMPDIR`` lies on another file system than the checkpoint.
    """
    stream = random.Random(0)
    good, left, during, elsewhere = 0, 0, 0, 0
    for trial in range(n):
        ok, leftover, inside, other = _killed(SafeCheckpointIO().save_checkpoint, trial, stream)
        good, left, during, elsewhere = good + ok, left + leftover, during + inside, elsewhere + other
    plain = sum(_killed(_in_place, trial, stream)[0] for trial in range(max(4, n // 4)))
    return (
        good,
        n,
        f"SIGKILL while saving: none corrupt, none lost where k is n; {during} of the kills left a file half written "
        f"beside, all swept ({left} left over); $TMPDIR on another file system in {elsewhere}; torch.save straight "
        f"to the file kept it whole in {plain} of {max(4, n // 4)}",
    )


def _killed(save: Save, trial: int, stream: random.Random) -> tuple[bool, int, bool, bool]:
    """One kill: whether the file is whole and none was lost; leftovers after sweeping, before it, other file system."""
    with tempfile.TemporaryDirectory() as folder, _temporary_files(trial % 2 == 1) as temporary:
        path = Path(folder) / "last.ckpt"
        content = {"state_dict": {"w": torch.zeros(stream.choice(SIZES))}, "hyper_parameters": {}, "number": 0}
        save(content, str(path))
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            _save_for_ever(save, content, str(path), writing, temporary)
        os.close(writing)
        if trial % 4 < 2 or save is _in_place:
            time.sleep(stream.uniform(0, LONGEST))
        else:  # the moments in which there is a second file are short, and the ones that matter
            _wait_for_second(path.parent)
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


def _wait_for_second(folder: Path) -> None:
    end = time.monotonic() + 1
    while time.monotonic() < end and len(os.listdir(folder)) < 2:  # noqa: PTH208  # the quickest way to look
        pass


def _save_for_ever(save: Save, content: Content, path: str, pipe: int, temporary: Path) -> None:
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


def _in_place(content: Content, path: str) -> None:
    """As a plain loop saves."""
    torch.save(content, path)


@contextmanager
def _temporary_files(elsewhere: bool) -> Iterator[Path]:
    """A folder for temporary files, in memory where that is to be another file system."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if elsewhere and memory.is_dir() else None) as folder:
        yield Path(folder)


def full_disks(n: int) -> tuple[int, int, str]:
    """Saves onto a small disk with more and more room; the old checkpoint must stay, and the error name the file."""
    with tempfile.TemporaryDirectory() as folder:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", folder], capture_output=True, check=False
        )
        if mounted.returncode:
            return 0, 0, "not tried: only root may mount a small disk"
        try:
            good = sum(_on_full_disk(Path(folder), 4096 * trial) for trial in range(n))
        finally:
            subprocess.run(["umount", folder], check=True)
    return good, n, "disk full before, during and after the write: old checkpoint read, one error with its name"


def _on_full_disk(folder: Path, room: int) -> bool:
    path, plugin = folder / "last.ckpt", SafeCheckpointIO()
    content: Content = {"state_dict": {"w": torch.zeros(25_000)}, "hyper_parameters": {}, "number": 0}
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


def bit_flips(n: int) -> tuple[int, int, str]:
    """Flips a bit of a checkpoint, every other time of one as plain Lightning writes it; none may load as another."""

    def flip(content: bytes, stream: random.Random) -> bytes:
        place = stream.randrange(8 * len(content))
        changed = bytearray(content)
        changed[place // 8] ^= 1 << place % 8
        return bytes(changed)

    return _damaged(n, flip)


def truncations(n: int) -> tuple[int, int, str]:
    """Cuts a checkpoint off at any byte, every other time one as plain Lightning writes it; none may load."""
    return _damaged(n, lambda content, stream: content[: stream.randrange(len(content))])


def _damaged(n: int, damage: Callable[[bytes, random.Random], bytes]) -> tuple[int, int, str]:
    stream, refused, same, wrong, silent = random.Random(0), 0, 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        own, plain = _checkpoints(Path(folder))
        proper, path = read(own), Path(folder) / "damaged.ckpt"
        for trial in range(n):
            path.write_bytes(damage((plain if trial % 2 else own).read_bytes(), stream))
            try:
                loaded = read(path)
            except InputError:
                refused += 1
            else:
                alike = _equal(loaded, proper)
                same, wrong = same + alike, wrong + (not alike)
            silent += _loads_another(path, proper)
    note = f"{refused} refused, {same} harmless and read as before, {wrong} silently wrong; torch.load alone: {silent}"
    return n - wrong, n, note


def _checkpoints(folder: Path) -> tuple[Path, Path]:
    """The checkpoint of a fit of circles, and the same as plain Lightning writes it."""
    model, data = litclf.BinaryClassifier(hidden_dims=[10, 10]), litclf.CirclesDataModule(num_samples=200)
    run = litclf.fit(model, data, max_epochs=1, enable_progress_bar=False, default_root_dir=folder)
    assert run.folder is not None
    own, plain = run.folder / "checkpoints" / "last.ckpt", folder / "plain.ckpt"
    TorchCheckpointIO().save_checkpoint(read(own), str(plain))
    return own, plain


def _loads_another(path: Path, proper: Content) -> bool:
    try:
        return not _equal(torch.load(path, weights_only=True), proper)
    except Exception:  # torch.load raises many kinds for a damaged file
        return False


def _equal(one: Any, other: Any) -> bool:
    """Whether two checkpoints hold the same, bit by bit."""
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        content = [tensor.contiguous().numpy().tobytes() for tensor in (one, other)]
        return bool(one.dtype == other.dtype and one.shape == other.shape and content[0] == content[1])
    if isinstance(one, dict):
        return list(one) == list(other) and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    return repr(one) == repr(other)


def exploits(n: int) -> tuple[int, int, str]:  # noqa: ARG001
    """Runs `tests/attacks`, of which each test hands an exploit to what reads such files; ``n`` changes nothing."""
    passed, tried = _passed("attacks")
    return passed, tried, "refused, with no sentinel written, no foreign import, process, socket or write"


def refusals(n: int) -> tuple[int, int, str]:  # noqa: ARG001
    """Runs the tests that each give one wrong command, config, file or checkpoint; ``n`` changes nothing."""
    passed, tried = _passed("test_refusals.py", "test_bad_inputs.py")
    return passed, tried, "one line that names flag or file and gives a way out, the right exit code, nothing written"


def _passed(*tests: str) -> tuple[int, int]:
    """How many of the tests passed, and how many there are; one that is skipped was not tried."""

    class Count:
        passed = tried = 0

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if (report.when == "call" or (report.when == "setup" and not report.passed)) and not report.skipped:
                self.passed += report.passed
                self.tried += 1

    count, folder = Count(), Path(__file__).parents[1] / "tests"
    paths = [str(folder / name) for name in tests]
    pytest.main(["-q", "--no-header", "-n", "0", "-p", "no:cacheprovider", *paths], plugins=[count])
    return count.passed, count.tried


EXPERIMENTS = {
    "save_kills": save_kills,
    "full_disks": full_disks,
    "bit_flips": bit_flips,
    "truncations": truncations,
    "exploits": exploits,
    "refusals": refusals,
}
