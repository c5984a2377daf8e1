"""Notebook: whether what is printed goes into one, and a line in it that is drawn anew."""

from __future__ import annotations

import io
import sys
from importlib import import_module


def in_notebook() -> bool:
    """Whether what is printed goes into the output of a notebook's cell.

    Example:
        >>> in_notebook()
        False
    """
    return type(sys.stdout).__module__.startswith("ipykernel.")


class NotebookLine(io.StringIO):
    """A line in the output of a notebook's cell, of which the latest state is shown and kept.

    A terminal draws a line anew after a carriage return; a notebook that is saved keeps all that was drawn before.
    """

    encoding = "utf-8"

    def __init__(self) -> None:
        super().__init__()
        display = import_module("IPython.display").display  # a notebook has it; nothing else needs it
        self._shown = display(_text(""), raw=True, display_id=True)

    def write(self, text: str) -> int:
        """Shows what stands after the last carriage return of ``text``, where that is anything."""
        line = text.rpartition("\r")[2].rstrip()
        if line:
            self._shown.update(_text(line), raw=True)
        return len(text)


def _text(line: str) -> dict[str, str]:
    return {"text/plain": line}
