"""Fonts for names in any script: which a figure needs, and which to install where none is there."""

from __future__ import annotations

import sys
import unicodedata
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import matplotlib
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from litclf.utilities.text import width as text_width

DEFAULT = "DejaVu Sans"
"""Comes with matplotlib; draws Latin, Greek, Cyrillic, Arabic, Hebrew and many symbols."""

_PREFERRED = (
    "NanumGothic",
    "Noto Sans CJK KR",
    "Noto Sans CJK JP",
    "Noto Sans KR",
    "Malgun Gothic",
    "Apple SD Gothic Neo",
    "PingFang SC",
    "Hiragino Sans",
    "Microsoft YaHei",
    "Yu Gothic",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
)
_NANUM = "NanumGothic (Debian package fonts-nanum)"
_NOTO_CJK = "Noto Sans CJK (Debian package fonts-noto-cjk)"
_NOTO = "Noto Sans (Debian package fonts-noto-core)"
_SYMBOLA = "Symbola (Debian package fonts-symbola)"
_CJK = {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH"}


def label(text: str, width: int = 24) -> str:
    """``text`` as it is drawn: on one line, in composed characters, its middle left out beyond ``width`` characters.

    Characters of Chinese, Japanese and Korean count twice, as they are twice as wide.

    Example:
        >>> label("English springer spaniel", width=15)
        'English…spaniel'
    """
    # Folder names come decomposed from macOS, and with half characters where they are not UTF-8.
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
    text = " ".join(text.split())
    columns = text_width(text)
    if columns <= width:
        return text
    kept = max(2, (width - 1) * len(text) // columns)
    return f"{text[: kept // 2]}…{text[-((kept + 1) // 2) :]}"


def fonts_for(texts: Iterable[str]) -> tuple[list[str], str | None]:
    """The font families that draw all characters of ``texts``, and what to install where some cannot be drawn.

    Returns:
        Families in the order to try them, DejaVu Sans first; and None, or one line that names the missing scripts and
        fonts that have them.

    Example:
        >>> fonts_for(["inner", "Gürtel", "внешний"])
        (['DejaVu Sans'], None)
    """
    characters = {character for text in texts if not text.isascii() for character in text}
    wanted = frozenset(c for c in characters if unicodedata.category(c)[0] != "C")
    lacking = wanted - _covered(_default_path(), wanted)
    if not lacking:
        return [DEFAULT], None
    families, lacking = _installed(lacking)
    return [DEFAULT, *families], _advice(lacking) if lacking else None


@contextmanager
def use_fonts(texts: Iterable[str]) -> Iterator[None]:
    """Draws what is made within in fonts that have all characters of ``texts``; ``$`` has no meaning of its own.

    Where no font has them, says once which to install.

    Args:
        texts: Class names, titles and whatever else comes from the user.
    """
    families, advice = fonts_for(texts)
    if advice is not None:
        _say(advice)
    settings = {"font.family": families, "text.parse_math": False}
    with matplotlib.rc_context(settings), boxes_for_missing():  # type: ignore[arg-type]
        yield


@contextmanager
def boxes_for_missing() -> Iterator[None]:
    """Draws boxes for characters that no font has without a warning for each: the advice has been given."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


@cache
def _say(advice: str) -> None:
    print(advice, file=sys.stderr)


def _default_path() -> str:
    return str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")


def _covered(path: str, characters: frozenset[str]) -> frozenset[str]:
    """Those of ``characters`` that the font at ``path`` has."""
    try:
        font = FT2Font(path)
    except (OSError, RuntimeError):  # removed since the list of fonts was made, or of a kind that cannot be drawn
        return frozenset()
    return frozenset(c for c in characters if font.get_char_index(ord(c)))


@cache
def _installed(lacking: frozenset[str]) -> tuple[list[str], frozenset[str]]:
    """Families that together have as many of the characters as can be had, and the characters that none has."""
    families: list[str] = []
    entries = _candidates()
    if lacking - frozenset[str]().union(*(_covered(path, lacking) for _, path in entries)):
        _add_new_fonts()
        entries = _candidates()
    while lacking:
        # max takes the first of equals, so the preferred one
        found, family = max(((_covered(path, lacking), name) for name, path in entries), key=lambda pair: len(pair[0]))
        if not found:
            break
        families.append(family)
        lacking -= found
    return families, lacking


def _candidates() -> list[tuple[str, str]]:
    """Family and file of each upright font of regular weight, the preferred ones first."""
    rank = {name: place for place, name in enumerate(_PREFERRED)}
    entries = {
        (entry.name, entry.fname)
        for entry in font_manager.fontManager.ttflist
        # matplotlib's font of last resort has a box for everything, and a letter for nothing
        if entry.style == "normal" and entry.weight in (400, "normal", "regular") and "Last Resort" not in entry.name
    }
    return sorted(entries, key=lambda entry: (rank.get(entry[0], len(rank)), "Sans" not in entry[0], *entry))


def _add_new_fonts() -> None:
    """Makes fonts known that were installed after matplotlib wrote its list, which it does once and for all."""
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    for path in sorted(set(font_manager.findSystemFonts()) - known):
        try:
            font_manager.fontManager.addfont(path)
        except (OSError, RuntimeError, ValueError, NotImplementedError):  # bitmaps, coloured emoji, broken files
            continue


def _advice(lacking: frozenset[str]) -> str:
    scripts: dict[str, str] = {}
    for character in sorted(lacking):
        script = unicodedata.name(character, "UNKNOWN").split()[0]
        if script in _CJK:
            scripts["Chinese and Japanese"] = _NOTO_CJK
        elif unicodedata.category(character)[0] == "S":
            scripts["symbols"] = _SYMBOLA
        else:
            scripts[script.capitalize()] = _NANUM if script == "HANGUL" else _NOTO
    fonts = dict.fromkeys(scripts.values())
    return (
        f"no installed font draws {' or '.join(scripts)}: install {' and '.join(fonts)} to see such names in pictures"
    )
