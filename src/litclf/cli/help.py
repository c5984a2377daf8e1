"""Help: the text that a command prints of itself, kept for who asks again; to make it anew, PyTorch is loaded."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from importlib.metadata import PackageNotFoundError, version
from io import StringIO
from pathlib import Path

from litclf.utilities.errors import InputError
from litclf.utilities.files import write_text

_MADE_BY = ("torch", "lightning", "jsonargparse", "docstring-parser")
_SOURCES = Path(__file__).parents[1]


def helped(command: str, run: Callable[[], int]) -> int:
    """Prints the help of a command, and returns its exit code.

    Args:
        command: The command.
        run: Prints it anew. It is asked where none is kept of these versions, sources and width of the terminal, and in
            a process that has loaded more than the command line: classes of others are in the help too.
    """
    key = _key()
    try:
        path = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "litclf" / f"{command}.help"
    except RuntimeError:  # a user without a home, as in many containers
        key = None
    if key is None:
        return run()
    with suppress(OSError, UnicodeDecodeError):
        kept, _, text = path.read_text(encoding="utf-8").partition("\n")
        if kept == key:
            print(text, end="")
            return 0
    with redirect_stdout(StringIO()) as printed:
        try:
            code = run()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
    print(printed.getvalue(), end="")
    if code == 0:
        with suppress(OSError, InputError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, f"{key}\n{printed.getvalue()}")
    return code


def _key() -> str | None:
    """What the text is made of; None where that is not known."""
    if {"torch", "lightning"} & sys.modules.keys():
        return None
    try:
        made_by: list[object] = [sys.version, shutil.get_terminal_size(), *map(version, _MADE_BY)]
    except PackageNotFoundError:
        return None
    for path in sorted(_SOURCES.rglob("*.py")):
        state = path.stat()
        made_by.append((str(path), state.st_mtime_ns, state.st_size))
    return hashlib.sha256(repr(made_by).encode()).hexdigest()
