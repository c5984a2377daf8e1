"""Encodings of text files: a mark at the start, else UTF-8, else the one that makes the likeliest words."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from litclf.data.sources.plausible import CANDIDATES, likeliest
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

_LABELS = {"utf-16": "UTF-16", "utf-32": "UTF-32", **{one.encoding: one.label for one in CANDIDATES}}

_NEIGHBOURS = {"cp1252": "cp1250", "cp949": "gbk"}
"""What may be meant where nothing else is plausible."""

_USUAL = ("utf-8", "utf-16", "cp949", "cp1252", "cp1250", "cp1251", "latin-1", "gbk", "shift_jis", "big5")
"""Encodings that are proposed where one is unknown."""

_SAMPLED, _SAMPLED_BLOCKS = 2000, 64
"""Words, and blocks that hold some, by which two encodings are compared."""

_WORD = re.compile(rb"[^\s,;|\"]*[\x80-\xff][^\s,;|\"]*")
"""A word with bytes beyond ASCII: what parts values is no part of a letter of CP949."""


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
    plausible = [one.encoding for one in likeliest(list(_words(path)))]
    if plausible[:1] != ["utf-8"]:  # else nearly all words are, and what is not is damaged
        yield from dict.fromkeys((*plausible, "cp949", "cp1252"))


def said_of(path: Path, encoding: str) -> str:
    """What a user is told where a file was not UTF-8: the encoding that was taken, and a word that was read by it."""
    if encoding in ("utf-16", "utf-32"):
        with path.open(encoding=encoding) as file:
            word = file.read(200).strip(MARK).split()[0]
        return f"{path} is not UTF-8 and was read as {_LABELS[encoding]}, such as {word[:30]!r}"
    words = list(_words(path))
    word, others = words[0].decode(encoding), [one.encoding for one in likeliest(words)]
    readings = {other: words[0].decode(other, errors="replace") for other in others if other != "utf-8"}
    other = next((other for other in readings if readings[other] != word), None)
    pasted = f"{other} for {readings[other][:30]!r}" if other else _NEIGHBOURS.get(encoding, "cp1252")
    told = f"such as {word[:30]!r}; where that is not what it says, pass another, such as --data.encoding {pasted}"
    return f"{path} is not UTF-8 and was read as {_LABELS[encoding]}, {told}"


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
