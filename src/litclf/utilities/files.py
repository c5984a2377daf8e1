"""Files that are whole or not there: the one way in which anything is written into a run folder."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from litclf.utilities.errors import InputError

_FAILED = (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What a disk says that has not kept what it was given; anything else says that there is no such call here, for which
file systems have no word in common."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside ``path`` to write to, which becomes ``path`` at the end; after an error nothing of it is left.

    The name keeps the ending of ``path``, by which many libraries choose a format. What was written is on the disk
    before it takes the place of the old file, so that no moment of a power cut or a kill leaves less than one whole
    file. What a killed process leaves under the other name is for :func:`sweep`.

    Raises:
        InputError: If the folder of ``path`` does not exist, or ``path`` is a folder.
        OSError: If it cannot be written; it names ``path``, where the old file is as it was.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.txt"
        >>> with replacing(path) as beside:
        ...     _ = beside.write_text("whole")
        >>> path.read_text(), [other.name for other in path.parent.iterdir()]
        ('whole', ['a.txt'])
    """
    if not path.parent.is_dir():
        raise InputError(str(path), f"there is no folder {path.parent}", "make it first, or pass another path")
    if path.is_dir():
        raise InputError(str(path), "is a folder", "pass the path of a file")
    beside = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        with naming(path, beside):
            yield beside
            _flush(beside, os.O_WRONLY)
            beside.replace(path)
            _flush(path.parent, os.O_RDONLY)
    finally:
        # What cannot be removed now, of a disk that went read-only, is left to the next sweep.
        with suppress(OSError):
            beside.unlink()


@contextmanager
def naming(path: Path, beside: Path | None = None) -> Iterator[None]:
    """Has an :class:`OSError` from within name ``path``, where it names nothing, as failed writes do.

    Args:
        path: The file or folder.
        beside: A name that is not told either, since it says nothing to the user.

    Example:
        >>> with naming(Path("a.txt")):
        ...     raise OSError(28, "No space left on device")
        Traceback (most recent call last):
        OSError: [Errno 28] No space left on device: 'a.txt'
    """
    try:
        yield
    except OSError as error:
        if error.filename is None or (beside is not None and Path(error.filename) == beside):
            raise OSError(error.errno, error.strerror or str(error), str(path)) from error
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Writes ``content`` to ``path``, as :func:`replacing` does and with its errors."""
    with replacing(path) as beside:
        beside.write_bytes(content)


def write_text(path: Path, text: str, errors: str = "strict") -> None:
    """Writes ``text`` to ``path`` in UTF-8, as :func:`replacing` does and with its errors.

    Args:
        path: The file.
        text: Its content.
        errors: What becomes of characters that are no Unicode, as :meth:`str.encode` takes it.
    """
    write_bytes(path, text.encode("utf-8", errors))


def write_json(path: Path, content: Any, indent: int | None = 2) -> None:
    """Writes ``content`` as JSON to ``path``, as :func:`replacing` does and with its errors.

    Args:
        path: The file.
        content: Dicts, lists and plain values.
        indent: Spaces of each level; None for one line, of large content that nobody reads.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "metrics.json"
        >>> write_json(path, {"val/accuracy": 0.5}, indent=None)
        >>> path.read_text()
        '{"val/accuracy": 0.5}\\n'
    """
    # Names of files may hold what is no Unicode; with a backslash before it, it is JSON all the same.
    write_text(path, json.dumps(content, indent=indent, ensure_ascii=False) + "\n", errors="backslashreplace")


def link(path: Path, other: Path) -> None:
    """Gives the content of ``path`` the name ``other`` too, in the place of what is there, with one write where it can.

    Two names may share one file because none is ever written in place: what replaces the one leaves the other.

    Raises:
        InputError: As :func:`replacing` does.
        OSError: As :func:`replacing` does.

    Example:
        >>> import tempfile
        >>> best = Path(tempfile.mkdtemp()) / "best.ckpt"
        >>> write_text(best, "first")
        >>> link(best, best.with_name("last.ckpt"))
        >>> write_text(best, "second")
        >>> best.with_name("last.ckpt").read_text()
        'first'
    """
    with replacing(other) as beside:
        try:
            os.link(path, beside)
        except (OSError, AttributeError):  # a file system, or a system, without links
            shutil.copyfile(path, beside)  # the content alone: it may have no modes and times either


def sweep(folder: Path) -> list[Path]:
    """Removes what killed processes left of files of ``folder`` that they were about to replace.

    Args:
        folder: A folder that is litclf's alone, such as that of a run; it need not exist.

    Returns:
        What was removed. Files that another running process is writing stay.

    Example:
        >>> sweep(Path("nowhere"))
        []
    """
    removed = []
    for path in sorted(folder.glob(".*")):
        found = re.match(r"\.(\d+)\..", path.name)
        # A file under this process's own number is of an earlier process that had the same one.
        if found and path.is_file() and (int(found.group(1)) == os.getpid() or not _is_running(int(found.group(1)))):
            path.unlink(missing_ok=True)
            removed.append(path)
    return removed


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True  # of another user
    return True


def flushes(folder: Path) -> bool:
    """Whether the names in ``folder`` can be flushed to the disk; those of :func:`replacing` are, where they can.

    Example:
        >>> import tempfile
        >>> flushes(Path(tempfile.mkdtemp()))
        True
    """
    return _flush(folder, os.O_RDONLY)


def _flush(path: Path, mode: int) -> bool:
    """Waits until the content of a file, or the names in a folder, are on the disk; a folder opens to read only.

    Returns:
        Whether the system can do so; some network file systems keep names safe by themselves, and refuse the call.
    """
    if mode == os.O_RDONLY and os.name == "nt":
        return False  # which opens no folders
    try:
        descriptor = os.open(path, mode)
    except (PermissionError, IsADirectoryError):  # to write into a folder is another right than to read it
        return False
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno in _FAILED:
            raise OSError(error.errno, error.strerror, str(path)) from error
        return False
    finally:
        os.close(descriptor)
    return True
