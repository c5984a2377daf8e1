"""Sentinel: a number that stands for a missing value, such as -999."""

from __future__ import annotations

import re

import numpy as np

from litclf.data.audit.findings import Finding
from litclf.data.audit.looks import Column
from litclf.utilities.text import pasted

KINDS = ("sentinel",)

_APART = 5
"""How many times the range of all others such a number lies away from them, where it is not made of nines."""

_OFTEN = 3
"""Rows from which on such a number is no outlier."""


def find(column: Column) -> list[Finding]:
    """The least or largest number, where it lies far from all others and is of nines, or is there several times."""
    known = column.numbers[np.isfinite(column.numbers)]
    if column.told.kind != "number" or len(known) < _OFTEN:
        return []
    found = []
    for extreme, others in ((known.min(), known[known > known.min()]), (known.max(), known[known < known.max()])):
        rows = int((known == extreme).sum())
        width = float(others.max() - others.min()) if len(others) else 0.0
        gap = float(np.abs(others - extreme).min()) if width else 0.0
        nines = re.fullmatch(r"-?99+", f"{extreme:.15g}") is not None
        if width and gap > width * (1 if nines else _APART) and (nines or rows >= _OFTEN):
            word = f"{extreme:.15g}"
            rule = f"holds {word} in {rows} row{'s' * (rows > 1)}, far from {others.min():.4g} to {others.max():.4g}"
            rule = f"{rule}: where it stands for a missing value, pass {pasted('--data.missing', [word])}"
            found.append(Finding("sentinel", [column.name], rule))
    return found
