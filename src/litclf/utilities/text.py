"""Text for a terminal: widths of characters, and tables whose columns stand below each other in any script."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def width(text: str) -> int:
    """Places that ``text`` takes on a terminal: two for Korean, Chinese and Japanese letters, none for accents.

    Example:
        >>> width("red"), width("빨강"), width("e\u0301")
        (3, 4, 1)
    """
    # Names come decomposed from macOS; the parts of a Korean syllable are one letter only together.
    return sum(_places(letter) for letter in unicodedata.normalize("NFC", text))


def _places(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def aligned(
    rows: Sequence[Sequence[str]], *, left: int = 1, between: str = "  ", at_least: Sequence[int] | None = None
) -> list[str]:
    """The lines of a table.

    Args:
        rows: Its cells, as many in each row; the first row may be the header.
        left: Number of columns, from the first on, that stand to the left; the others stand to the right.
        between: What stands between columns.
        at_least: Places of each column, where its cells need no more.

    Example:
        >>> print("\\n".join(aligned([["color", "count"], ["빨강", "7"], ["green", "12"]])))
        color  count
        빨강       7
        green     12
    """
    least = at_least or [0] * len(rows[0])
    widths = [max(own, *map(width, column)) for own, column in zip(least, zip(*rows, strict=True), strict=True)]
    lines = []
    for row in rows:
        cells = zip(row, widths, strict=True)
        lines.append(between.join(padded(*cell, right=place >= left) for place, cell in enumerate(cells)).rstrip())
    return lines


def padded(text: str, places: int, *, right: bool = False) -> str:
    """``text`` with spaces after it, or before it where it stands to the ``right``.

    Example:
        >>> padded("빨강", 6), padded("7", 3, right=True)
        ('빨강  ', '  7')
    """
    spaces = " " * (places - width(text))
    return spaces + text if right else text + spaces
