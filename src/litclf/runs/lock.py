"""Lock of a run folder: one process at a time runs into it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from litclf.runs.folder import RunFolder
from litclf.utilities.errors import InputError

LOCK = ".lock"


@contextmanager
def locked(folder: RunFolder | None) -> Iterator[None]:
    """Keeps other runs out of ``folder``; ends with this process, however it ends.

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
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not path.exists() or os.fstat(file).st_ino != path.stat().st_ino:
                raise BlockingIOError("another process has just ended, and removed the file")
        except OSError as error:
            holder = os.pread(file, 20, 0).decode() or "another"
            rule = f"{folder.path} is being trained by process {holder}"
            raise InputError("ckpt_path", rule, "wait for it, or stop it first") from error
        os.truncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
    finally:
        os.close(file)
