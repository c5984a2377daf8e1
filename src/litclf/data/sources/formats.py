"""Formats of files: those that are read as tables, by their endings, and what others are, by their first bytes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from litclf.utilities.errors import InputError, nearest
from litclf.utilities.text import shell_word

TEXT, PARQUET = (".csv", ".tsv", ".txt"), (".parquet", ".pq")
"""Endings of text files, and of Parquet files."""

_TO_CSV = "save its sheet as CSV in UTF-8, and pass that"

_BEGINNINGS = (
    (b"\x1f\x8b", "is compressed by gzip", "gunzip -c {path} > {plain}"),
    (b"BZh", "is compressed by bzip2", "bunzip2 -c {path} > {plain}"),
    (b"\xfd7zXZ\x00", "is compressed by xz", "xz -dc {path} > {plain}"),
    (b"\x28\xb5\x2f\xfd", "is compressed by zstd", "zstd -dc {path} > {plain}"),
    (b"PAR1", "is a Parquet file by another name", "mv {path} {parquet}, and pass that"),
    (b"ARROW1", "is a Feather file", "write it as Parquet, by pandas: read_feather and to_parquet"),
    (b"\xd0\xcf\x11\xe0", "is an Excel workbook", _TO_CSV),
    (b"\x89PNG", "is an image", "pass a table, or the folder of images"),
    (b"\xff\xd8\xff", "is an image", "pass a table, or the folder of images"),
    (b"SQLite format 3\x00", "is an SQLite database", "export its table as CSV, and pass that"),
    (b"\x89HDF", "is an HDF5 file", "write its table as Parquet or CSV, and pass that"),
    (b"{\\rtf", "is a document", "save it as plain text, and pass that"),
    (b"%PDF", "is a PDF document", "copy its table to a spreadsheet, and save that as CSV in UTF-8"),
    (b"<!doctype", "is a web page", "pass the file that the page links to"),
    (b"<html", "is a web page", "pass the file that the page links to"),
    (b"[{", "is a JSON file", "write it as CSV, by pandas: read_json and to_csv"),
    (b'{"', "is a JSON file", "write it as CSV, by pandas: read_json and to_csv"),
    (b"<?xml", "is an XML file", "save it as CSV in UTF-8, and pass that"),
)
"""How files begin that are no tables of text (in lower case, where it is text), what they are, and the way out."""


def check_file(path: Path) -> None:
    """Refuses what is no file with a table: what cannot be read twice, other endings, other formats.

    Raises:
        InputError: It names the file, what it is, and the way out.
    """
    _check_is_file(path)
    with path.open("rb") as file:
        begin = file.read(1000)
    parquet = path.suffix.lower() in PARQUET
    if begin and not (parquet and begin.startswith(b"PAR1")):
        _check_content(path, begin)
    if path.suffix.lower() not in TEXT + PARQUET:
        rule = f"must be a {', '.join(TEXT)} or .parquet file, got {path.suffix or 'no ending'!r}"
        fix = f"save it as CSV with a header; where it is text already, mv {shell_word(path)} {_named(path, '.csv')}"
        raise InputError(str(path), rule, fix)
    if not begin:
        raise InputError(str(path), "is empty", "pass a file with a header and rows")


def _check_is_file(path: Path) -> None:
    if path.is_dir():
        raise InputError(str(path), "is a folder", "pass the path of a CSV, TSV or Parquet file in it")
    if str(path) == "-" or (path.parts[:2] in (("/", "dev"), ("/", "proc"))) or _is_stream(path):
        what = "the standard input" if str(path) in ("-", "/dev/stdin", "/dev/fd/0") else "a pipe or a device"
        raise InputError(str(path), f"is {what}, and a table is read twice", "write it into a .csv file, and pass that")
    if not path.is_file():
        raise InputError(str(path), "does not exist", _near_file(path))
    if not os.access(path, os.R_OK):
        raise InputError(str(path), "cannot be read: you may not", "ask its owner, or pass a copy of it")


def _is_stream(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode) or stat.S_ISBLK(mode)


def _check_content(path: Path, begin: bytes) -> None:
    given = shell_word(path)
    for start, what, fix in _BEGINNINGS:
        if begin.lstrip(b"\xef\xbb\xbf \r\n").lower().startswith(start.lower()):
            plain = _named(path, "" if path.with_suffix("").suffix.lower() in TEXT + PARQUET else ".unpacked.csv")
            fix += ", and pass {plain}" if "{plain}" in fix else ""
            raise InputError(str(path), what, fix.format(path=given, plain=plain, parquet=_named(path, ".parquet")))
    if begin.startswith(b"PK\x03\x04"):
        if b"xl/" in begin or b"[Content_Types].xml" in begin or path.suffix.lower() in (".xlsx", ".xlsm", ".ods"):
            raise InputError(str(path), "is a spreadsheet", _TO_CSV)
        raise InputError(str(path), "is a zip archive", f"unzip {given}, and pass the file in it")


def _named(path: Path, ending: str) -> str:
    return shell_word(path.with_suffix(ending))


def _near_file(path: Path) -> str:
    siblings = [other.name for other in path.parent.glob("*") if other.is_file()] if path.parent.is_dir() else []
    near = nearest(path.name, siblings)
    return f"did you mean {path.parent / near}?" if near else "pass the path of a CSV, TSV or Parquet file"
