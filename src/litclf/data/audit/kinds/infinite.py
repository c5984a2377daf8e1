"""Infinite: numbers without end."""

from __future__ import annotations

import numpy as np

from litclf.data.audit.findings import Finding, verb
from litclf.data.audit.looks import Column

KINDS = ("infinite",)


def find(column: Column) -> list[Finding]:
    """Rows with an infinite number."""
    values = column.values
    where = [f"column {values.name}, {values.index.name} {row}" for row in values.index[np.isinf(column.numbers)]]
    return [Finding("infinite", where, verb(where, "is infinite", "are infinite"))] if where else []
