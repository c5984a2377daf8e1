"""Useless: columns that say nothing, and have to be dropped."""

from __future__ import annotations

from litclf.data.audit.findings import Finding
from litclf.data.audit.looks import Column

KINDS = ("useless",)


def find(column: Column) -> list[Finding]:
    """Why the column has to be dropped."""
    if not column.useless:
        return []
    return [Finding("useless", [f"column {column.values.name}"], f"{column.useless}: it has to be dropped")]
