"""Terminal: what a command prints reaches whoever reads it, in letters that they can take, for as long as they read."""

from __future__ import annotations

import io
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from shutil import get_terminal_size
from typing import Any, Literal, TextIO

from litclf.utilities.errors import RunError
from litclf.utilities.notes import tell
from litclf.utilities.text import row

_STYLES = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33}

Style = Literal["bold", "dim", "red", "green", "yellow"]


def say(label: str, text: str, style: Style | None = None, *, whole: bool = False) -> None:
    """Prints a text beside its label, in lines that fit the terminal.

    Args:
        label: The label.
        text: The text.
        style: Style of the text.
        whole: Whether it stays in one line, as what is to be copied must.

    Example:
        >>> say("engine", "eager")
        engine      eager
    """
    lines = [f"{label:11} {text}"] if whole else row(label, text, get_terminal_size().columns)
    first, *others = lines or [label]
    print(painted(label, "dim", sys.stdout) + painted(first[len(label) :], style, sys.stdout))
    for line in others:
        print(painted(line, style, sys.stdout))


def painted(text: str, style: Style | None, stream: TextIO | None) -> str:
    """A text in a style where it goes to a terminal, and nobody has set ``NO_COLOR``; otherwise as it is.

    A process without a terminal has no stream.

    Example:
        >>> painted("0.98", "bold", sys.stdout)
        '0.98'
    """
    asked = style is not None and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return text if not asked or stream is None or not stream.isatty() else f"\x1b[{_STYLES[str(style)]}m{text}\x1b[0m"


@contextmanager
def terminal(as_notes: bool = True) -> Iterator[None]:
    """Prints within are no error: letters are replaced where they must be, and a reader may stop reading.

    Args:
        as_notes: Whether a warning of Python, and the end of a thread by an error of the machine, is printed as a note,
            without the place in the code that gave it.

    Example:
        >>> import contextlib, io
        >>> written = io.BytesIO()
        >>> with contextlib.redirect_stdout(io.TextIOWrapper(written, "ascii")) as stream, terminal():
        ...     print("naïve")
        >>> written.getvalue()
        b'na\\\\xefve\\n'
    """
    global _users
    with _turn:
        if not _users:
            _streams.enter_context(_replaced(as_notes))
        _users += 1
    try:
        yield
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
    finally:
        with _turn:
            _users -= 1
            if not _users:
                _streams.close()


def check_printed() -> None:
    """Refuses that what was printed within :func:`terminal` is lost, but for what nobody wanted to read.

    Raises:
        RunError: If the standard output could not be written to, as on a full disk; what was to be done was done.
    """
    if isinstance(sys.stdout, _Kept):
        sys.stdout.flush()
        lost = sys.stdout.lost
        if lost is not None and not isinstance(lost, BrokenPipeError):
            rule = f"{lost.strerror or lost}: what was to be printed is lost, no file is"
            raise RunError("stdout", rule, "send it elsewhere, such as by > out.txt")


_turn, _users, _streams = threading.Lock(), 0, ExitStack()
"""The streams are the process's: the first of several threads that print has replaced them, the last puts them back."""


@contextmanager
def _replaced(as_notes: bool) -> Iterator[None]:
    before = sys.stdout, sys.stderr, warnings.showwarning, threading.excepthook
    strictness = [getattr(stream, "errors", None) for stream in before[:2]]
    sys.stdout, sys.stderr = map(_kept, before[:2])
    if sys.stdout is None:
        tell("stdout is closed: what is printed is lost")
    if as_notes:
        warnings.showwarning = lambda message, *_, **__: tell(" ".join(str(message).split()))
        threading.excepthook = _ended
    try:
        yield
    finally:
        sys.stdout, sys.stderr, warnings.showwarning, threading.excepthook = before
        for stream, errors in zip(before, strictness, strict=False):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors=errors)


def _ended(thread: threading.ExceptHookArgs) -> None:
    """Tells of a thread that has ended by an error: in a line where it is the machine's, as of a disk that is full."""
    if isinstance(thread.exc_value, OSError):
        tell(" ".join(str(thread.exc_value).split()))
    else:
        threading.__excepthook__(thread)


def _kept(stream: TextIO | None) -> Any:
    if stream is None or getattr(stream, "closed", False):
        return None
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return _Kept(stream)


class _Kept:
    """A stream that goes nowhere once it cannot be written to, as a pipe into ``head`` that nobody reads any more.

    Attributes:
        lost: Why it cannot; None while it can.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.lost: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            self._leave(error)
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._leave(error)

    def _leave(self, reason: OSError) -> None:
        """What is still to be written, here and in other processes, has a place to go."""
        self.lost = reason
        with suppress(OSError, AttributeError):  # a stream that is no file
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
