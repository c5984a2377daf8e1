"""Table files in pieces: read with a progress bar, and written."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from tqdm import tqdm

from litclf.data.sources.formats import PARQUET
from litclf.data.sources.reading import TableReader
from litclf.utilities.errors import InputError
from litclf.utilities.files import replacing
from litclf.utilities.notes import of_tool, refusals_of_tool, tell


def read_rows(
    path: Path, numbers: Collection[str] = (), encoding: str | None = None
) -> Iterator[tuple[pd.DataFrame, pa.RecordBatch]]:
    """The rows of a table file in pieces: the values to predict from, and the rows as they stand in the file.

    A progress bar shows on a terminal how far the reader is. What a user should know of how the file was read is told
    at the end; a refusal stays one line.

    Args:
        path: The file.
        numbers: Columns that hold numbers, which may have decimal commas.
        encoding: The encoding of a text file; None tells it by the content.

    Raises:
        InputError: If the file cannot be read as a table; it names the file, and the line where there is one.
    """
    with refusals_of_tool():
        reader = TableReader(path, encoding)
    with tqdm(total=_number_of_rows(path), unit=" rows", unit_scale=True, disable=None, leave=False) as bar:
        for rows in reader.chunks(numbers):
            yield rows
            bar.update(len(rows.values))
    tell(*map(of_tool, reader.notes))


@contextmanager
def row_writer(path: Path) -> Iterator[Callable[[pa.RecordBatch], None]]:
    """A function that adds a piece of rows to a .csv or .parquet file, which gets its name only when it is whole.

    Raises:
        InputError: If the ending of ``path`` is another, its folder does not exist, or it is a folder itself.
    """
    ending = path.suffix.lower()
    if ending not in (".csv", ".parquet"):
        raise InputError("--output", f"must end in .csv or .parquet, got {path.name}", "pass predictions.csv")
    with replacing(path) as beside:
        if ending == ".csv":
            with beside.open("wb") as file:
                yield lambda batch: _write_text(batch, file)
        else:
            with _parquet_writer(beside) as write:
                yield write


@contextmanager
def _parquet_writer(path: Path) -> Iterator[Callable[[pa.RecordBatch], None]]:
    writers: list[pq.ParquetWriter] = []

    def write(batch: pa.RecordBatch) -> None:
        if not writers:
            writers.append(pq.ParquetWriter(path, batch.schema))
        writers[0].write_batch(batch)

    try:
        yield write
    finally:
        for writer in writers:
            writer.close()


def _number_of_rows(path: Path) -> int:
    """Rows of a Parquet file; of a text file about as many, by the length of its first lines."""
    if path.suffix.lower() in PARQUET:
        return int(pq.read_metadata(path).num_rows)
    with path.open("rb") as file:
        head = file.read(1_000_000)
    return path.stat().st_size * max(head.count(b"\n"), 1) // len(head)


def _write_text(batch: pa.RecordBatch, file: io.BufferedWriter) -> None:
    if file.tell() == 0:
        header = io.StringIO()
        csv.writer(header, lineterminator="\n").writerow(batch.schema.names)
        file.write(header.getvalue().encode())
    batch = _as_text(batch)
    try:
        text = _text(batch, "none")
    except pa.ArrowInvalid:  # a value holds a comma, a quote or a line break
        text = _text(batch, "needed")
    file.write(text)


def _as_text(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The rows with text in place of bytes, and of kinds of text that Arrow writes in no CSV."""
    for place, field in enumerate(batch.schema):
        if pa.types.is_string_view(field.type) or pa.types.is_binary(field.type):
            try:
                batch = batch.set_column(place, field.name, batch.column(place).cast(pa.string()))
            except pa.ArrowInvalid as error:
                rule = f"cannot be a .csv file: column {field.name} of the input holds bytes that are no text"
                raise InputError("--output", rule, "pass --output predictions.parquet") from error
    return batch


def _text(batch: pa.RecordBatch, quoting: str) -> pa.Buffer:
    buffer = pa.BufferOutputStream()
    pacsv.write_csv(batch, buffer, pacsv.WriteOptions(include_header=False, quoting_style=quoting))
    return buffer.getvalue()
