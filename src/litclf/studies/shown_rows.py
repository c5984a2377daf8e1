"""Shown rows: what a page shows of some rows of data: their values in the user's own columns, or their images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import torch

from litclf.data.base import ClassificationDataModule
from litclf.data.table import TableDataModule
from litclf.training.callbacks.samples import columns_of, pixels_of
from litclf.utilities.data_spec import DataSpec
from litclf.visualization.report.samples import data_uri

_MOST_COLUMNS = 30


def shown_rows(data: ClassificationDataModule, rows: Sequence[int]) -> dict[str, Any]:
    """Some rows of data as a page shows them.

    Args:
        data: The data.
        rows: Their numbers among :attr:`~litclf.data.base.InMemoryDataModule.drawn_targets`.

    Returns:
        Their ``kind``, ``image`` or ``row``; the names of the ``columns``, at most 30 and none of images; and ``rows``:
        by the name of each its values as texts, or its image as a ``data:`` address.

    Example:
        >>> from litclf import TableDataModule
        >>> shown_rows(TableDataModule(rows=[[1.5, 2], [2, 4]], targets=[0, 1], holdout=0.0), [1])
        {'kind': 'row', 'columns': ['x1', 'x2'], 'rows': {'train row 1': ['2', '4']}}
    """
    places = [data.drawn_from(row) for row in rows]
    names = [data.row_name(*place) for place in places]
    columns: list[str] = []
    if isinstance(data, TableDataModule) and data.files is not None:
        frame, target = data.files.drawn_rows, data.hparams["target"]
        columns = [name for name in frame.columns if name != target][:_MOST_COLUMNS]
        values = frame[columns].iloc[list(rows)].to_numpy(dtype=object).tolist()
        return _rows(columns, names, [["" if pd.isna(value) else str(value) for value in own] for own in values])
    stored = [data.stored(split, torch.tensor([place])) for split, place in places]
    if DataSpec.of(data).is_image:
        images = [data_uri(pixels_of(image)[0]) for image in stored]
        return {"kind": "image", "columns": [], "rows": dict(zip(names, images, strict=True))}
    columns = columns_of(data)[:_MOST_COLUMNS]
    return _rows(
        columns, names, [[f"{value:.6g}" for value in own.flatten().tolist()[:_MOST_COLUMNS]] for own in stored]
    )


def _rows(columns: list[str], names: list[str], values: list[list[str]]) -> dict[str, Any]:
    return {"kind": "row", "columns": columns, "rows": dict(zip(names, values, strict=True))}
