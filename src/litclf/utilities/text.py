"""Text for a terminal: tables whose columns stand below each other in any script, and flags as they can be pasted."""

from __future__ import annotations

import math
import re
import shlex
import textwrap
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import yaml


def plain_yaml(value: Any, **how: Any) -> str:
    """YAML of plain values, by libyaml where it is there, in a fifth of the time.

    Args:
        value: Numbers, texts, booleans and None, in lists and dicts.
        how: Further settings of :func:`yaml.safe_dump`.

    Raises:
        yaml.YAMLError: If it holds anything else.

    Example:
        >>> plain_yaml({"name": "Blüte", "sizes": [1, 2]}, allow_unicode=True)
        'name: Blüte\\nsizes:\\n- 1\\n- 2\\n'
    """
    text: str = yaml.dump(value, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), **how)
    # It spells out letters of 32 bits that may stand as they are.
    return text if "\\U" not in text else str(yaml.safe_dump(value, **how))


def width(text: str) -> int:
    """Places that ``text`` takes on a terminal: two for Korean, Chinese and Japanese letters, none for accents.

    Example:
        >>> width("red"), width("빨강"), width("e\u0301")
        (3, 4, 1)
    """
    # Names come decomposed from macOS; the parts of a Korean syllable are one letter only together.
    return sum(_places(letter) for letter in unicodedata.normalize("NFC", text))


def short(value: object, most: int = 60) -> str:
    """A value as it is told of, of which what is beyond ``most`` letters is left out.

    Example:
        >>> short("about 3"), short("1" * 5000, most=10), short(7)
        ("'about 3'", "'11111...'", '7')
    """
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= most else f"{text[: most - 4]}...{text[-1]}"


def listed(names: Collection[object], most: int = 20) -> str:
    """Names with commas between, of which those beyond ``most`` are counted.

    Example:
        >>> listed(["a", "b", "c"]), listed(["a", "b", "c"], most=2)
        ('a, b, c', 'a, b and 1 more')
    """
    shown = ", ".join(str(name) for name, _ in zip(names, range(most), strict=False))
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


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


def row(label: str, text: str, columns: int) -> list[str]:
    """The lines of a text beside its label, of at most so many columns where its words allow it.

    Example:
        >>> row("data", "1000 points in the plane", columns=28)
        ['data        1000 points in', '            the plane']
    """
    indents = {"initial_indent": f"{label:11} ", "subsequent_indent": " " * 12}
    return textwrap.wrap(text, columns, **indents, break_long_words=False, break_on_hyphens=False)  # type: ignore[arg-type]


def measured(value: float | None, interval: tuple[float, float] | None = None, of: str = "") -> str:
    """A metric with as many digits as it bears: by its interval where it has one, else three; empty where it is None.

    Args:
        value: The metric.
        interval: Its interval, which is written behind it.
        of: What the interval is called, such as ``95 % ``.

    Example:
        >>> measured(0.9, (0.7438, 0.9654)), measured(0.98, (0.97711, 0.98258), "95 % ")
        ('0.900 (0.744 to 0.965)', '0.9800 (95 % 0.9771 to 0.9826)')
        >>> measured(233.4), measured(0.04181), measured(0.9), measured(1e9), measured(float("nan"))
        ('233', '0.0418', '0.900', '1e+09', 'nan')
    """
    if value is None:
        return ""
    if interval is None:
        return f"{value:.3f}" if 0.1 <= value <= 1 else f"{value:.3g}"
    low, high = interval
    places = max(3, math.ceil(1 - math.log10(high - low))) if low < high < math.inf else 3
    return f"{value:.{places}f} ({of}{low:.{places}f} to {high:.{places}f})"


def pasted(flag: str, value: str | Iterable[str]) -> str:
    """A flag with a name, or a list of names, so that the very names are read when it is typed or pasted into a shell.

    Args:
        flag: The flag, such as ``--data.drop``.
        value: One text, or several for a flag that takes a list.

    Example:
        >>> print(pasted("--data.target", "class"), pasted("--data.target", "Unnamed: 9"))
        --data.target class --data.target 'Unnamed: 9'
        >>> print(pasted("--data.drop", ["id", "Unnamed: 9", "no"]))
        --data.drop '[id, "Unnamed: 9", "no"]'
    """
    text = value if isinstance(value, str) else f"[{', '.join(map(_yaml_name, value))}]"
    return f"{flag}{'=' if text.startswith('-') else ' '}{shell_word(text)}"


def shell_word(text: object) -> str:
    """A text, such as a path, as a shell has to be given it; letters of any script need no quotes.

    Example:
        >>> print(shell_word("날씨.yaml"), shell_word("my data.yaml"))
        날씨.yaml 'my data.yaml'
    """
    text = str(text)
    return text if re.fullmatch(r"[\w@%+=:,./-]+", text) else shlex.quote(text)


def _yaml_name(name: str) -> str:
    """A text as an item of a YAML list that is written in one line."""
    try:
        plain = re.fullmatch(r"[^\W\d][\w -]*", name) and yaml.safe_load(f"[{name}]") == [name]
    except yaml.YAMLError:
        plain = False
    # Double quotes, since single ones are what a shell takes away.
    written: str = yaml.safe_dump(name, default_style='"', allow_unicode=True, width=float("inf"))
    return name if plain else written.rstrip("\n")
