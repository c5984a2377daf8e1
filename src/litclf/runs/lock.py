"""Lock of a run folder: one process at a time runs into it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from litclf.runs.folder import RunFolder
from litclf.utilities.errors import InputError
from litclf.utilities.files import flushes
from litclf.utilities.notes import tell

try:
    import fcntl
except ImportError:  # another system than Unix
    fcntl = None  # type: ignore[assignment]

LOCK = ".lock"

_HELD = (errno.EAGAIN, errno.EACCES)
"""What a lock that another process holds is told by; all else says that there are no locks here."""


@contextmanager
def locked(folder: RunFolder | None) -> Iterator[None]:
    """Keeps other runs out of ``folder``; ends with this process, however it ends.

    Where the file system or the system has no locks, or cannot flush the names in a folder, that is said, and the run
    goes on without.

    Args:
        folder: The run folder; None where nothing is kept. The first process of a run holds the lock for all.

    Raises:
        InputError: If another process runs into the folder.
    """
    if folder is None or not folder.writes:
        yield
        return
    path = folder.path / LOCK
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if reason := _take(file, path):
            tell(f"{folder.path} is not locked ({reason}): see to it that nothing else trains into it")
        if not flushes(folder.path):
            tell(f"names in {folder.path} cannot be flushed to the disk: a power cut may lose the latest files")
        os.truncate(file, 0)
        os.write(file, str(os.getpid()).encode())
        try:
            yield
        finally:
            with suppress(OSError):  # a system may keep the name of a file that is open
                path.unlink()
    finally:
        os.close(file)


def _take(file: int, path: Path) -> str:
    """Takes the lock; says why it cannot be where there are no locks.

    Raises:
        InputError: If another process has it.
    """
    if fcntl is None:
        return "this system has no file locks"
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _HELD:
            return error.strerror or str(error)
        raise _refusal(file, path) from error
    if not path.exists() or os.fstat(file).st_ino != path.stat().st_ino:
        raise _refusal(file, path)  # another process has just ended, and removed the file
    return ""


def _refusal(file: int, path: Path) -> InputError:
    os.lseek(file, 0, os.SEEK_SET)
    holder = os.read(file, 20).decode()
    who = f"process {holder}" if holder else "another process"
    return InputError("ckpt_path", f"{path.parent} is being trained by {who}", "wait for it, or stop it first")
