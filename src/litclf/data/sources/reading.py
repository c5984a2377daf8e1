"""Reading tables from CSV, TSV and Parquet files, whole or a part at a time."""

from __future__ import annotations

import codecs
import csv
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from litclf.utilities.errors import InputError, nearest

ENCODINGS = ("utf-8-sig", "cp949")
"""Encodings of text files, tried in this order; the first is UTF-8 with or without a byte order mark."""

DELIMITERS = ",\t;|"
"""What may part the values of a line; the one that parts the header into the most columns is taken."""

MISSING = ("", "#N/A", "<NA>", "N/A", "n/a", "NA", "NULL", "null", "NaN", "nan", "-NaN", "-nan", "None")
"""What stands for a missing value in a text file, as in pandas."""

_EMPTY_LINES = (b"\n\n", b"\n\r\n", b"\r\r")

_AFTER_QUOTES = f'{DELIMITERS}\r\n "'.encode()
"""What may stand after a quote that closes; a second quote stands for one in the value."""

_QUOTES = "mend that line; a value that holds the delimiter or a quote needs quotes"

_BLOCK = 1 << 18
"""Bytes of a text file that are read at a time: Arrow keeps several blocks ahead, and the libraries leave it little."""

_TEXT, _PARQUET = (".csv", ".tsv", ".txt"), (".parquet", ".pq")


def read_table(path: str | Path) -> pd.DataFrame:
    """The whole table in a file; see :func:`read_chunks`."""
    return pd.concat(list(read_chunks(path)))


def read_chunks(path: str | Path) -> Iterator[pd.DataFrame]:
    """The table in a file, some rows at a time, so that a file larger than memory can be walked.

    Columns of a text file (``.csv``, ``.tsv``, ``.txt``) hold text, as it stands in the file but for spaces around it,
    or a missing value; those of a Parquet file (``.parquet``, ``.pq``) hold what is stored. The index is called
    ``line`` and counts the lines of the file from 1, the header's, where each row is one line; else it is called
    ``row`` and counts the rows from 0.

    Args:
        path: The file. A text file is UTF-8 or CP949, begins with a header, and has commas, tabs, semicolons or bars
            between its values.

    Yields:
        At least one table, with at least one row.

    Raises:
        InputError: If the file cannot be read as a table; it names the file, and the line where there is one.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(str(path), "is a folder", "pass the path of a CSV, TSV or Parquet file in it")
    if not path.is_file():
        raise InputError(str(path), "does not exist", _near_file(path))
    if path.suffix.lower() not in _TEXT + _PARQUET:
        rule = f"must be a {', '.join(_TEXT)} or .parquet file, got {path.suffix or 'no ending'!r}"
        raise InputError(str(path), rule, "save it as CSV with a header")
    if not os.access(path, os.R_OK):
        raise InputError(str(path), "cannot be read: you may not", "ask its owner, or pass a copy of it")
    if not path.stat().st_size:
        raise InputError(str(path), "is empty", "pass a file with a header and rows")
    first, name, chunks = _text_chunks(path) if path.suffix.lower() in _TEXT else _parquet_chunks(path)
    begin = first
    for chunk in chunks:
        if len(chunk):
            chunk.columns = chunk.columns.map(str)
            chunk.index = pd.RangeIndex(begin, begin + len(chunk), name=name)
            yield chunk
            begin += len(chunk)
    if begin == first:
        raise InputError(str(path), "has no rows below its header", "pass a file with rows")


class _TextFormat(NamedTuple):
    encoding: str
    delimiter: str
    names: list[str]
    header_lines: int
    block_size: int
    """Bytes that are read at a time: a block must hold the longest row."""
    rows_are_lines: bool
    odd_quotes: bool
    """Whether a quote is left open, or closes before the end of its value, so that it may have been another's."""


def _text_chunks(path: Path) -> tuple[int, str, Iterator[pd.DataFrame]]:
    text = _text_format(path)
    if text.odd_quotes and (fault := _fault(path, text)):
        raise InputError(str(path), fault, _QUOTES)
    counted = (text.header_lines + 1, "line") if text.rows_are_lines else (0, "row")
    return *counted, _parsed(path, text)


def _parsed(path: Path, text: _TextFormat) -> Iterator[pd.DataFrame]:
    try:
        reader = pa.csv.open_csv(
            path,
            pa.csv.ReadOptions(
                use_threads=False,  # threads run ahead of a slow reader
                block_size=text.block_size,
                column_names=text.names,
                skip_rows=text.header_lines,
                # By this name Arrow takes the bytes as they are, which is twice as fast.
                encoding="utf8" if text.encoding == ENCODINGS[0] else text.encoding,
            ),
            pa.csv.ParseOptions(delimiter=text.delimiter, newlines_in_values=not text.rows_are_lines),
            pa.csv.ConvertOptions(column_types=dict.fromkeys(text.names, pa.string())),
        )
        for batch in reader:
            yield pa.table({name: _trimmed(batch[name]) for name in batch.schema.names}).to_pandas()
            pa.default_memory_pool().release_unused()  # kept for later, it would be a tenth of the memory of a process
    except pa.ArrowInvalid as error:
        if "Empty CSV file" not in str(error):
            rule = _fault(path, text) or f"cannot be read: {_first_line(error)}"
            raise InputError(str(path), rule, _QUOTES) from error


def _trimmed(values: Any) -> Any:
    values = pc.utf8_trim_whitespace(values)
    return pc.if_else(pc.is_in(values, pa.array(MISSING)), None, values)


def _parquet_chunks(path: Path) -> tuple[int, str, Iterator[pd.DataFrame]]:
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise InputError(str(path), f"is no Parquet file: {_first_line(error)}", "pass an undamaged file") from error
    _check_names(path, file.schema_arrow.names)
    for column in file.schema_arrow:
        if pa.types.is_nested(column.type):
            rule = f"column {column.name} must hold one value in each row, got {column.type}"
            raise InputError(str(path), rule, "make columns of its values, or leave it out")

    def chunks() -> Iterator[pd.DataFrame]:
        try:
            for batch in file.iter_batches():
                yield batch.to_pandas()
        except (pa.ArrowException, OSError) as error:
            raise InputError(str(path), f"is damaged: {_first_line(error)}", "pass an undamaged file") from error

    return 0, "row", chunks()


def _text_format(path: Path) -> _TextFormat:
    encoding, rows_are_lines, odd_quotes = _scan(path)
    with path.open(encoding=encoding, newline="") as file:
        head = [file.readline(1 << 20)]
        while head[-1] and not head[-1].strip():
            head.append(file.readline(1 << 20))
    try:
        rows = {mark: next(csv.reader(head[-1:], delimiter=mark), []) for mark in DELIMITERS}
    except csv.Error as error:
        raise InputError(str(path), f"its first line is no header: {error}", "pass a table as text") from error
    delimiter = max(DELIMITERS, key=lambda mark: len(rows[mark]))
    names = [name.strip() or f"Unnamed: {place}" for place, name in enumerate(rows[delimiter])]
    _check_names(path, names)
    numbers = [name for name in names if re.fullmatch(r"[-+]?\d*\.?\d+(e[-+]?\d+)?", name, re.IGNORECASE)]
    if len(numbers) > 1 and [float(number) for number in numbers] != list(range(int(float(numbers[0])), len(names))):
        rule = f"line {len(head)} must be a header, got the number {numbers[0]} as the name of a column"
        raise InputError(str(path), rule, "write a line with the names of the columns above the rows")
    block_size = max(_BLOCK, 16 * len(head[-1]))
    rows_are_lines = rows_are_lines and len(head) == 1
    return _TextFormat(encoding, delimiter, names, len(head), block_size, rows_are_lines, odd_quotes)


def _scan(path: Path) -> tuple[str, bool, bool]:
    """The encoding of a text file, whether its rows are lines (no quotes, no empty lines), and its quotes are odd."""
    refusals = []
    for encoding in ENCODINGS:
        decoder, lines, quotes, empty_lines, end = codecs.getincrementaldecoder(encoding)(), 1, 0, False, b""
        odd = False
        with path.open("rb") as file:
            try:
                while block := file.read(_BLOCK):
                    if b"\0" in block:
                        raise InputError(str(path), "is no text: it holds zero bytes", "save it as CSV in UTF-8")
                    decoder.decode(block)
                    lines += block.count(b"\n")
                    if number := block.count(b'"'):
                        odd = odd or _closes_early(block, quotes % 2 == 1)
                        quotes += number
                    seam = end + block[:2]
                    empty_lines = empty_lines or any(mark in seam or mark in block for mark in _EMPTY_LINES)
                    end = block[-2:]
                decoder.decode(b"", final=True)
                return encoding, not quotes and not empty_lines, odd or quotes % 2 == 1
            except UnicodeDecodeError as error:
                refusals.append(lines + error.object[: error.start].count(b"\n"))
    rule = f"line {max(refusals)} must be text in UTF-8 or CP949, got other bytes"
    raise InputError(str(path), rule, "save it as CSV in UTF-8")


def _closes_early(block: bytes, quoted: bool) -> bool:
    """Whether a quote of a block closes before the end of its value.

    Args:
        block: Bytes of the file.
        quoted: Whether they begin within quotes.
    """
    letters = np.frombuffer(block, dtype=np.uint8)
    closing = np.flatnonzero(letters == ord('"'))[0 if quoted else 1 :: 2]
    after = letters[closing[closing < len(block) - 1] + 1]
    return not bool(np.isin(after, np.frombuffer(_AFTER_QUOTES, dtype=np.uint8)).all())


def _check_names(path: Path, names: list[str]) -> None:
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        rule = f"every column must have a name of its own, got {', '.join(map(repr, doubled))} more than once"
        raise InputError(str(path), rule, "rename one of them; is the first line the header?")


def _fault(path: Path, text: _TextFormat) -> str | None:
    """The first line that has too many or few values or leaves a quote open; Arrow names rows, not lines."""
    line = 1
    with path.open(encoding=text.encoding, newline="") as file:
        rows = csv.reader(file, delimiter=text.delimiter, strict=True)
        try:
            for row in rows:
                if row and len(row) != len(text.names):
                    return f"line {line} must hold {len(text.names)} values as the header does, got {len(row)}"
                line = rows.line_num + 1
        except csv.Error as error:
            return f"line {line} begins a row that cannot be read: {error}"
    return None


def _near_file(path: Path) -> str:
    siblings = [other.name for other in path.parent.glob("*") if other.is_file()] if path.parent.is_dir() else []
    near = nearest(path.name, siblings)
    return f"did you mean {path.parent / near}?" if near else "pass the path of a CSV, TSV or Parquet file"


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
