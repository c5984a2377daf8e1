"""Notes: what a user should know of how something was understood, although nothing is wrong; a line each."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from litclf.utilities.errors import InputError


def tell(*notes: str) -> None:
    """Prints notes on the terminal's error channel, apart from what a command answers.

    Args:
        notes: Sentences; the same one is said once.
    """
    for note in dict.fromkeys(notes):
        print(told(note), file=sys.stderr)


def told(note: str) -> str:
    """A note as a line of a terminal.

    Example:
        >>> told("2 files are no images")
        'note        2 files are no images'
    """
    return f"{'note':11} {note}"


def of_tool(note: str) -> str:
    """A note of a command whose options are not those of ``litclf fit``.

    Example:
        >>> of_tool("pass --data.encoding NAME")
        'pass --encoding NAME'
    """
    return note.replace("--data.", "--")


@contextmanager
def refusals_of_tool() -> Iterator[None]:
    """What is refused within names the options of a command as :func:`of_tool` does."""
    try:
        yield
    except InputError as error:
        where = "--encoding" if error.where == "encoding" else error.where
        raise InputError(where, error.what, of_tool(error.fix)) from error
