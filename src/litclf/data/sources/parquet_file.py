"""Parquet files as tables: read by Arrow some rows at a time, as they are stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from litclf.data.sources.text_file import first_line
from litclf.utilities.errors import InputError


class ParquetFile:
    """A Parquet file. An index that pandas stored in it is a column as others are.

    Args:
        path: The file.

    Raises:
        InputError: If it is no Parquet file, or a column holds lists or records.
    """

    first, unit = 0, "row"
    notes: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = pq.ParquetFile(path)
        except (pa.ArrowException, OSError) as error:
            rule = f"is no Parquet file: {first_line(error)}"
            fix = "pass an undamaged file; the name of a text file ends in .csv"
            raise InputError(str(path), rule, fix) from error
        self.names: list[str] = self._file.schema_arrow.names
        for column in self._file.schema_arrow:
            if pa.types.is_nested(column.type):
                rule = f"column {column.name} must hold one value in each row, got {column.type}"
                raise InputError(str(path), rule, "make columns of its values, or leave it out")

    def pieces(self) -> Iterator[tuple[NDArray[np.int64], pa.RecordBatch]]:
        """The numbers of some rows, and their values.

        Raises:
            InputError: If the file is damaged.
        """
        begin = self.first
        try:
            for batch in self._file.iter_batches():
                # What pandas noted beside the columns would make an index of one of them.
                yield np.arange(begin, begin + len(batch)), batch.replace_schema_metadata(None)
                begin += len(batch)
        except (pa.ArrowException, OSError) as error:
            raise InputError(str(self._path), f"is damaged: {first_line(error)}", "pass an undamaged file") from error
