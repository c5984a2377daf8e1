"""Files that are whole or not there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from litclf.checks import InputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside ``path`` to write to, which becomes ``path`` at the end; after an error nothing of it is left.

    The name keeps the ending of ``path``, by which many libraries choose a format.

    Raises:
        InputError: If the folder of ``path`` does not exist, or ``path`` is a folder.

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
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
