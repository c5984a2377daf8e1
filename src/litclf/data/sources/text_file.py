"""Text files as tables: CSV and its kin, read by Arrow a block at a time, as their text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from numpy.typing import NDArray

from litclf.data.sources.dialect import DELIMITERS, SAMPLED_ROWS, DialectError, find_dialect, squeeze
from litclf.data.sources.encoding import BLOCK, MARK, UTF8, blocks, check_encoding, likely_encodings, said_of
from litclf.utilities.errors import InputError

_EMPTY_LINES = (b"\n\n", b"\n\r\n", b"\r\r")

_AFTER_QUOTES = f'{DELIMITERS}\r\n "'.encode()
"""What may stand after a quote that closes; a second quote stands for one in the value."""

_QUOTES = "mend that line, or delete it where it is no row; a value that holds the delimiter or a quote needs quotes"

_LONGEST_LINE = 1 << 26
"""Characters of the longest line that is looked at for the header."""


class TextFile:
    """A text file, and how it is written down.

    Args:
        path: The file.
        encoding: Its encoding; None tells it by the content.

    Attributes:
        dialect: How values are parted and named.
        names: The columns.
        first: The number of the first row: its line where each row is one line, else 0.
        unit: What a row is called, ``line`` or ``row``.

    Raises:
        InputError: If it is no text, of another encoding, has no header, or leaves a quote open.
    """

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self._path = path
        self._scan = _scan(path, encoding)
        self._notes: list[str] = []
        lines = self._head()
        if encoding is None and self._scan.foreign:
            self._notes.append(said_of(path, self._scan.encoding))
        try:
            self.dialect = find_dialect(lines)
        except DialectError as error:
            raise InputError(str(path), *error.args) from error
        self.names = self.dialect.names
        self._notes += [f"{path}: {note}" for note in self.dialect.notes]
        self._has_rows = len(lines) > self.dialect.header_lines
        self._header = max(map(len, lines[: self.dialect.header_lines]))
        if self._scan.odd_quotes and (fault := self._fault()):
            raise InputError(str(path), fault, _QUOTES)
        rows_are_lines = self._scan.rows_are_lines and all(map(str.strip, lines[: self.dialect.header_lines]))
        self.first, self.unit = (self.dialect.header_lines + 1, "line") if rows_are_lines else (0, "row")
        self._empty: list[str] = []
        self._repeated: list[str] = []

    @property
    def notes(self) -> list[str]:
        """What a user should know of how the rows read so far were read."""
        notes = list(self._notes)
        for rows, what in ((self._empty, "without any value"), (self._repeated, "that repeats the header")):
            if rows:
                more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
                notes.append(f"{self._path}: passed over {rows[0]}{more} {what}")
        return notes

    @property
    def plain(self) -> bool:
        """Whether no value can hold a comma."""
        return self.dialect.delimiter == "," and not self._scan.quotes

    def pieces(self) -> Iterator[tuple[NDArray[np.int64], pa.RecordBatch]]:
        """The numbers of some rows, and their values as text, as it stands in the file; null where it is empty.

        Raises:
            InputError: If a row has too many or few values; it names the line.
        """
        begin = self.first
        try:
            for batch in self._reader(self.names) if self._has_rows else ():
                rows = np.arange(begin, begin + len(batch))
                begin += len(batch)
                yield self._with_values(rows, batch)
                del batch
                pa.default_memory_pool().release_unused()  # kept for later, it would be a tenth of a process's memory
        except pa.ArrowInvalid as error:
            if not self._is_blank():  # which Arrow refuses too
                rule = self._fault() or f"cannot be read: {first_line(error)}"
                raise InputError(str(self._path), rule, _QUOTES) from error

    def _reader(self, names: list[str]) -> Iterator[pa.RecordBatch]:
        utf8 = self._scan.encoding == UTF8 and not self.dialect.squeezed
        source = self._path if utf8 else pa.PythonFile(_Stream(self._content()), mode="r")
        return iter(
            pa.csv.open_csv(
                source,
                pa.csv.ReadOptions(
                    use_threads=False,  # threads run ahead of a slow reader
                    block_size=max(BLOCK, 16 * self._header),  # a block must hold the longest row
                    column_names=names,
                    skip_rows=self.dialect.header_lines,
                ),
                pa.csv.ParseOptions(
                    delimiter=self.dialect.delimiter,
                    newlines_in_values=bool(self._scan.quotes),
                ),
                pa.csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )
        )

    def _with_values(self, rows: NDArray[np.int64], texts: pa.RecordBatch) -> tuple[NDArray[np.int64], pa.RecordBatch]:
        """The rows but for those without any value, and those that repeat the header."""
        kept = np.ones(len(rows), dtype=bool)
        for found, expected in ((self._empty, [""] * len(self.names)), (self._repeated, self.dialect.header)):
            same = np.full(len(rows), len(self.names) > 1)
            for column, value in zip(texts.columns, expected, strict=True):
                if not same.any():
                    break
                trimmed = pc.fill_null(trimmed_text(column), "")
                same &= np.array(pc.equal(trimmed, value), dtype=bool)
            kept &= ~same
            found += [f"{self.unit} {row}" for row in rows[same]]
        return (rows, texts) if kept.all() else (rows[kept], texts.filter(pa.array(kept)))

    def _content(self) -> Iterator[bytes]:
        """The file in UTF-8, with single spaces where any number of them part values."""
        rest = b""
        for block in blocks(self._path, self._scan.encoding):
            if self.dialect.squeezed:
                whole, end, rest = (rest + block).rpartition(b"\n")
                block = squeeze((whole + end).decode()).encode()
            yield block
        yield squeeze(rest.decode()).encode()

    def _head(self) -> list[str]:
        """The first lines, whole."""
        with self._path.open(encoding=self._scan.encoding, newline="") as file:
            lines = list(_lines(file))
        if not lines:  # a mark of its encoding, and no more
            raise InputError(str(self._path), "is empty", "pass a file with a header and rows")
        lines[0] = lines[0].lstrip(MARK)
        return lines

    def _is_blank(self) -> bool:
        """Whether there are but empty lines below the header."""
        with self._path.open(encoding=self._scan.encoding, newline="") as file:
            return not any(line.strip("\r\n") for line in islice(file, self.dialect.header_lines, None))

    def _fault(self) -> str | None:
        """The first line that has too many or few values or leaves a quote open; Arrow names rows, not lines."""
        dialect, line = self.dialect, 1
        with self._path.open(encoding=self._scan.encoding, newline="") as file:
            texts = map(squeeze, file) if dialect.squeezed else file
            rows = csv.reader(texts, delimiter=dialect.delimiter, strict=True)
            try:
                for row in rows:
                    if row and len(row) != len(dialect.names) and rows.line_num > dialect.header_lines:
                        return f"line {line} must hold {len(dialect.names)} values as the header does, got {len(row)}"
                    line = rows.line_num + 1
            except csv.Error as error:
                return f"line {line} begins a row that cannot be read: {error}"
        return None


class _Scan(NamedTuple):
    """What is known of a text file once all of it was read."""

    encoding: str
    foreign: bool
    """Whether it is not UTF-8."""
    quotes: int
    rows_are_lines: bool
    """Whether there are neither quotes nor empty lines."""
    odd_quotes: bool
    """Whether a quote is left open, or closes before the end of its value, so that it may have been another's."""


def _scan(path: Path, given: str | None) -> _Scan:
    """Reads a text file as what it may be, until it can be read as a whole."""
    if given is not None:
        check_encoding(given)
    refusals = []
    for encoding in [given] if given is not None else likely_encodings(path):
        lines, quotes, empty_lines, odd, end = 1, 0, False, False, b""
        try:
            for block in blocks(path, encoding):
                if b"\0" in block:
                    raise _zeros(path)
                lines += block.count(b"\n")
                if number := block.count(b'"'):
                    odd = odd or _closes_early(block, quotes % 2 == 1)
                    quotes += number
                seam = end + block[:2]
                empty_lines = empty_lines or any(mark in seam or mark in block for mark in _EMPTY_LINES)
                end = block[-2:]
            foreign = encoding != UTF8
            return _Scan(encoding, foreign, quotes, not quotes and not empty_lines, odd or quotes % 2 == 1)
        except UnicodeDecodeError as error:
            if encoding == UTF8 and b"\0" in error.object:
                raise _zeros(path) from error
            refusals.append(lines + error.object[: error.start].count(b"\n"))
    known = given or ("UTF-8 as the rest is" if len(refusals) == 1 else "UTF-8, CP949, Windows-1252 or the like")
    rule = f"line {max(refusals)} must be text in {known}, got other bytes"
    raise InputError(str(path), rule, "save it as CSV in UTF-8, or pass --data.encoding with its name")


def _zeros(path: Path) -> InputError:
    """The refusal of a file with zero bytes, which may be UTF-16 without a mark."""
    with path.open("rb") as file:
        begin = file.read(2000)
    fix = "save it as CSV in UTF-8"
    for name, zeros in (("utf-16-le", begin[1::2]), ("utf-16-be", begin[::2])):
        if 2 * zeros.count(b"\0") > len(zeros) > 4:
            fix = f"it looks like UTF-16: pass --data.encoding {name}"
    return InputError(str(path), "is no text: it holds zero bytes", fix)


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


def _lines(file: io.TextIOBase) -> Iterator[str]:
    """Lines enough to tell the dialect: many short ones, or a few that are long."""
    length = 0
    for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE), "")):
        yield line
        length += len(line)
        if number >= SAMPLED_ROWS or (number > 20 and length > BLOCK):
            return


def trimmed_text(texts: Any) -> Any:
    """Text without spaces around it, and without the mark of a file that was written at the end of another."""
    trimmed = pc.utf8_trim_whitespace(texts)
    return pc.utf8_ltrim(trimmed, characters=MARK)


class _Stream(io.RawIOBase):
    """Pieces of bytes as a file to read from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = piece
        piece, self._rest = (self._rest, b"") if size < 0 else (self._rest[:size], self._rest[size:])
        return piece


def first_line(error: Exception) -> str:
    """The first line of what another library says."""
    return next(iter(str(error).splitlines()), type(error).__name__)
