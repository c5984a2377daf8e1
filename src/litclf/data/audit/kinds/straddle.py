"""Straddle: rows that lie in training and are held out too."""

from __future__ import annotations

from math import prod
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from litclf.data.audit.findings import Finding
from litclf.data.audit.looks import Rows

KINDS = ("straddle",)
_VALUES = 64


def find(rows: Rows) -> list[Finding]:
    """Held-out inputs that are those of a training row."""
    some = {split: _some_values(rows.inputs[split]) for split in ("train", "val", "test")}
    shared = set(some["train"]).intersection(some["val"] + some["test"])
    training: dict[bytes, int] = {}
    where = []
    for split, values in some.items():
        for place in (place for place, value in enumerate(values) if value in shared):
            row = rows.inputs[split][place].tobytes()
            if split == "train":
                training.setdefault(row, place)
            elif row in training:
                where.append(f"{rows.name('train', training[row])} = {rows.name(split, place)}")
    rule = "one in training and one held out, which flatters the test"
    return [Finding("straddle", where, f"are the same inputs, {rule}")] if where else []


def _some_values(inputs: NDArray[Any]) -> list[bytes]:
    """Some values of each row, at most 64: where they differ, the rest of an image need not be looked at."""
    flat = inputs.reshape(len(inputs), prod(inputs.shape[1:]))
    some = np.ascontiguousarray(flat[:, :: -(-flat.shape[1] // _VALUES)])
    return cast("list[bytes]", some.view(np.dtype((np.void, some.dtype.itemsize * some.shape[1]))).ravel().tolist())
