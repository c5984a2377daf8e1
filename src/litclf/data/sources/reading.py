"""Table reading: the rows of a CSV, TSV or Parquet file, whole or a part at a time, and what is said of how."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from litclf.data.sources.decimals import DecimalMarks, mostly_numbers
from litclf.data.sources.dialect import MISSING
from litclf.data.sources.formats import PARQUET, check_file
from litclf.data.sources.parquet_file import ParquetFile
from litclf.data.sources.text_file import TextFile, trimmed_text
from litclf.utilities.errors import InputError


class Rows(NamedTuple):
    """Some rows of a table.

    Attributes:
        values: What is learned from. Columns of a text file hold text, without spaces around it and with a decimal
            point in numbers, or a missing value; those of a Parquet file hold what is stored. The index is called
            ``line`` and counts the lines of the file from 1 on where each row is one; else it is called ``row`` and
            counts the rows from 0 on.
        stored: The same rows as they stand in the file: text to the letter, an empty one as a missing value.
    """

    values: pd.DataFrame
    stored: pa.RecordBatch


class TableReader:
    r"""Reads the table in a file, as docs/own-data.md says ("How a table file is read").

    Args:
        path: The file. Text (``.csv``, ``.tsv``, ``.txt``) begins with a header.
        encoding: The encoding of a text file, as Python names it; None tells it by the content.

    Raises:
        InputError: If the file cannot be read as a table; it names the file, and the line where there is one.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.csv"
        >>> _ = path.write_bytes("Größe;Art\n1,5; rot\n".encode("cp1252"))
        >>> reader = TableReader(path)
        >>> reader.read().to_dict("list")
        {'Größe': ['1.5'], 'Art': ['rot']}
        >>> [note.removeprefix(str(path)) for note in reader.notes]
        [" is not UTF-8 and was read as Windows-1252, such as 'Größe'; ..."]
    """

    def __init__(self, path: str | Path, encoding: str | None = None) -> None:
        path = Path(path)
        check_file(path)
        self._path = path
        self._file = ParquetFile(path) if path.suffix.lower() in PARQUET else TextFile(path, encoding)
        doubled = sorted(name for name, number in Counter(self._file.names).items() if number > 1)
        if doubled:
            rule = f"every column must have a name of its own, got {', '.join(map(repr, doubled[:5]))} more than once"
            raise InputError(str(path), rule, "rename one of them; is the first line the header?")

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of how the rows read so far were read, a sentence each."""
        return tuple(self._file.notes)

    def read(
        self, as_text: Collection[str] = (), classes: Collection[str] = (), missing: Collection[str] = ()
    ) -> pd.DataFrame:
        """The values of all rows; see :class:`Rows`.

        Args:
            as_text: Columns whose text is kept although it may look like numbers with decimal commas.
            classes: Columns in which words such as ``None`` are words, not missing values.
            missing: Words of a text file that stand for a missing value besides the usual ones.
        """
        pieces = [(rows, self._values(stored, classes, missing)) for rows, stored in self._file.pieces()]
        if not any(len(rows) for rows, _ in pieces):
            raise self._no_rows()
        index = pd.Index(np.concatenate([rows for rows, _ in pieces]), name=self._file.unit)
        values = {name: pa.chunked_array([piece[name] for _, piece in pieces]) for name in self._file.names}
        marks = self._marks()
        if marks is not None:
            numbers = [name for name, column in values.items() if name not in as_text and mostly_numbers(column)]
            marks.set_points(index, values, numbers)
            marks.finish()
        return _frame(values, index)

    def chunks(self, numbers: Collection[str] = ()) -> Iterator[Rows]:
        """The rows, some at a time, so that a file larger than memory can be walked.

        Args:
            numbers: Columns that hold numbers, which may have decimal commas; others keep their text.

        Yields:
            At least one piece, each with at least one row.
        """
        marks, empty = self._marks(), True
        for rows, stored in self._file.pieces():
            if not len(rows):
                continue
            index, values = pd.Index(rows, name=self._file.unit), self._values(stored)
            if marks is not None:
                marks.set_points(index, values, [name for name in values if name in numbers])
            empty = False
            yield Rows(_frame(values, index), stored)
        if empty:
            raise self._no_rows()
        if marks is not None:
            marks.finish()

    def _values(self, stored: Any, classes: Collection[str] = (), missing: Collection[str] = ()) -> dict[str, Any]:
        """The columns; text without spaces around it, null where it stands for a missing value."""
        values = dict(zip(stored.column_names, stored.columns, strict=True))
        if not isinstance(self._file, TextFile) or not len(stored):
            return values
        # All columns end to end: a call for each of thousands takes longer than its work.
        texts = trimmed_text(pa.concat_arrays(list(values.values())))
        places = {name: place * len(stored) for place, name in enumerate(values)}
        known = _without(texts, [*MISSING, *missing])
        values = {name: known.slice(place, len(stored)) for name, place in places.items()}
        of_classes = {name: texts.slice(place, len(stored)) for name, place in places.items() if name in classes}
        return values | {name: _without(own, ["", *missing]) for name, own in of_classes.items()}

    def _marks(self) -> DecimalMarks | None:
        """What tells decimal commas, where there may be any."""
        if isinstance(self._file, ParquetFile) or self._file.plain:
            return None
        return DecimalMarks(str(self._path), self._file.dialect.delimiter)

    def _no_rows(self) -> InputError:
        return InputError(str(self._path), "has no rows below its header", "pass a file with rows")


def _without(texts: Any, words: Sequence[str]) -> Any:
    """Texts, null where they are one of some words."""
    return pc.if_else(pc.is_in(texts, pa.array(words, pa.string())), None, texts)


def _frame(values: dict[str, Any], index: pd.Index[Any]) -> pd.DataFrame:
    frame: pd.DataFrame = pa.table(values).to_pandas(integer_object_nulls=True)  # floats would round them
    frame.index = index
    return frame
