"""Infinite: numbers without end."""

from __future__ import annotations

import numpy as np

from litclf.data.audit.findings import Finding, verb
from litclf.data.audit.looks import Column

KINDS = ("infinite",)


def find(column: Column) -> list[Finding]:
    """Rows with an infinite number."""
    if column.told.kind != "number":
        return []
    rows = column.values.index[np.isinf(column.numbers)]
    where = [f"{column.name}, {rows.name} {row}" for row in rows]
    return [Finding("infinite", where, verb(where, "is infinite", "are infinite"))] if where else []
