"""Encodings of text files: a mark at the start, else UTF-8, else whichever of CP949 and Windows-1252 makes words."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from litclf.utilities.errors import InputError, nearest

UTF8 = "utf-8-sig"
"""UTF-8, with or without a byte order mark."""

MARK = "\ufeff"
"""The byte order mark, as it is decoded; some programs write it twice."""

BLOCK = 1 << 18
"""Bytes of a text file that are read at a time: Arrow keeps several blocks ahead, and the libraries leave it little."""

_MARKS = {
    codecs.BOM_UTF8: UTF8,
    codecs.BOM_UTF32_LE: "utf-32",  # begins with the mark of UTF-16
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

_LABELS = {"cp949": "CP949", "cp1252": "Windows-1252", "utf-16": "UTF-16", "utf-32": "UTF-32"}

_USUAL = ("utf-8", "utf-16", "cp949", "cp1252", "cp1250", "cp1251", "latin-1", "gbk", "shift_jis", "big5")
"""Encodings that are proposed where one is unknown."""

_SAMPLED, _SAMPLED_BLOCKS = 2000, 64
"""Words, and blocks that hold some, by which two encodings are compared."""

_WORD = re.compile(rb"[^\s,;|\"]*[\x80-\xff][^\s,;|\"]*")
"""A word with bytes beyond ASCII: what parts values is no part of a letter of CP949."""

_HANJA = "[\u3400-\u9fff\uf900-\ufaff]"
_CJK = f"(?:{_HANJA}|[\uac00-\ud7a3])"
_BESIDE_LATIN = re.compile(f"[A-Za-z]{_CJK}|{_CJK}[A-Za-z]")
_NEVER_KOREAN = re.compile(f"[A-Za-z]{_HANJA}|{_HANJA}[A-Za-z]|[A-Za-z]{_CJK}+[A-Za-z]")

_SIGN = r"[^\x00-\x7f\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e]"
"""What is beyond ASCII in Windows-1252 and no letter."""
_NEVER_WESTERN = re.compile(f"{_SIGN}[^\\x00-\\x7f]|[^\\x00-\\x7f]{_SIGN}")
_WESTERN_ENDS = "\u201c\u201d\u201e\u2018\u2019\u201a\u2013\u2014\u2026\u00ab\u00bb\u20ac"
"""Marks of Windows-1252 that stand before or after words."""


def check_encoding(given: str) -> None:
    """Refuses a name that is no encoding of text.

    Raises:
        InputError: Under the argument ``encoding``.
    """
    try:
        "a".encode(given)
    except (LookupError, UnicodeError, ValueError) as error:
        near = nearest(given.lower(), _USUAL)
        fix = f"did you mean {near}?" if near else f"pass one of {', '.join(_USUAL)}"
        raise InputError("encoding", f"must be an encoding of text, got {given!r}", fix) from error


def likely_encodings(path: Path) -> Iterator[str]:
    """Encodings that a file may have, the likeliest first; the first that the whole file can be read by is meant."""
    with path.open("rb") as file:
        begin = file.read(4)
    marked = next((name for mark, name in _MARKS.items() if begin.startswith(mark)), None)
    if marked:
        yield marked
        return
    yield UTF8
    words = list(_words(path))
    western = sum(map(_odd_in_western, words)) < sum(map(_odd_in_korean, words))
    yield from ("cp1252", "cp949") if western else ("cp949", "cp1252")


def said_of(path: Path, encoding: str) -> str:
    """What a user is told where a file was not UTF-8: the encoding that was taken, and a word that was read by it."""
    if encoding in ("utf-16", "utf-32"):
        with path.open(encoding=encoding) as file:
            word = file.read(200).strip(MARK).split()[0]
    else:
        word = next(_words(path)).decode(encoding)
    other = "gbk" if encoding == "cp949" else "cp1251"
    wrong = (
        ""
        if encoding.startswith("utf")
        else f"; where that is not what it says, pass another, such as --data.encoding {other}"
    )
    return f"{path} is not UTF-8 and was read as {_LABELS[encoding]}, such as {word[:30]!r}{wrong}"


def blocks(path: Path, encoding: str) -> Iterator[bytes]:
    """The content of a text file in UTF-8, a piece after the other.

    Raises:
        UnicodeDecodeError: If it is of another encoding; its ``start`` counts the bytes before, from the last piece on.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            text = decoder.decode(block)
            yield block if encoding == UTF8 else text.encode()
        decoder.decode(b"", final=True)


def _words(path: Path) -> Iterator[bytes]:
    """Different words of a file that hold bytes beyond ASCII, from its first such blocks."""
    seen: set[bytes] = set()

    def words() -> Iterator[bytes]:
        rest, number = b"", 0
        with path.open("rb") as file:
            while number < _SAMPLED_BLOCKS and (block := file.read(BLOCK)):
                if block.isascii():
                    continue
                number += 1
                # What is cut at the end of a block would be read as something else.
                begin, _, rest = (rest + block).rpartition(b"\n") if len(block) == BLOCK else (rest + block, b"", b"")
                for word in _WORD.findall(begin):
                    if word not in seen:
                        seen.add(word)
                        yield word

    return islice(words(), _SAMPLED)


def _odd_in_korean(word: bytes) -> int:
    """How unlikely it is that a word was meant as CP949: 0 not at all, 2 very."""
    try:
        text = word.decode("cp949")
    except UnicodeDecodeError:
        return 2
    rare = [letter for letter in text if "\uac00" <= letter <= "\ud7a3" and not _is_usual(letter)]
    alone = bool(rare) and not any(map(_is_usual, re.findall("[\uac00-\ud7a3]", text)))
    if alone or _NEVER_KOREAN.search(text):
        return 2
    return 1 if _BESIDE_LATIN.search(text) else 0


def _is_usual(letter: str) -> bool:
    """Whether a Hangul syllable is among the 2350 of KS X 1001, which are nearly all that Korean text needs."""
    return len(letter.encode("euc_kr")) == 2  # others are spelt out there, in eight bytes


def _odd_in_western(word: bytes) -> int:
    """How unlikely it is that a word was meant as Windows-1252: 0 not at all, 2 very."""
    try:
        text = word.decode("cp1252").strip(_WESTERN_ENDS)
    except UnicodeDecodeError:
        return 2
    if _NEVER_WESTERN.search(text):
        return 2
    words = [part for part in re.findall(r"[^\W\d_]+", text) if not part.isascii()]
    return 0 if all(part[1:] == part[1:].lower() or part == part.upper() for part in words) else 1
