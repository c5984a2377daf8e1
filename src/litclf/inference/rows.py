"""Table files in pieces: read with a progress bar, and written."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from tqdm import tqdm

from litclf.data.sources.reading import read_chunks
from litclf.utilities.errors import InputError
from litclf.utilities.files import replacing

_PARQUET = (".parquet", ".pq")


def read_rows(path: Path) -> Iterator[tuple[pd.DataFrame, pa.RecordBatch]]:
    """The rows of a table file in pieces, each as :func:`~litclf.data.sources.reading.read_chunks` has it.

    A progress bar shows on a terminal how far the reader is.

    Raises:
        InputError: If the file cannot be read as a table; it names the file, and the line where there is one.
    """
    chunks, schema = read_chunks(path), None
    with tqdm(unit=" rows", unit_scale=True, disable=None, leave=False) as bar:
        for frame in chunks:
            if schema is None:
                schema, bar.total = _schema(path, frame), _number_of_rows(path)
            yield frame, pa.RecordBatch.from_pandas(frame, schema, preserve_index=False)
            bar.update(len(frame))


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


def _schema(path: Path, frame: pd.DataFrame) -> pa.Schema:
    """Types of all pieces, also of those whose values are all missing."""
    if path.suffix.lower() in _PARQUET:
        return pq.read_schema(path).remove_metadata()
    return pa.schema([(name, pa.string()) for name in frame.columns])


def _number_of_rows(path: Path) -> int:
    """Rows of a Parquet file; of a text file about as many, by the length of its first lines."""
    if path.suffix.lower() in _PARQUET:
        return int(pq.read_metadata(path).num_rows)
    with path.open("rb") as file:
        head = file.read(1_000_000)
    return path.stat().st_size * max(head.count(b"\n"), 1) // len(head)


def _write_text(batch: pa.RecordBatch, file: io.BufferedWriter) -> None:
    if file.tell() == 0:
        header = io.StringIO()
        csv.writer(header, lineterminator="\n").writerow(batch.schema.names)
        file.write(header.getvalue().encode())
    try:
        text = _text(batch, "none")
    except pa.ArrowInvalid:  # a value holds a comma, a quote or a line break
        text = _text(batch, "needed")
    file.write(text)


def _text(batch: pa.RecordBatch, quoting: str) -> pa.Buffer:
    buffer = pa.BufferOutputStream()
    pacsv.write_csv(batch, buffer, pacsv.WriteOptions(include_header=False, quoting_style=quoting))
    return buffer.getvalue()
