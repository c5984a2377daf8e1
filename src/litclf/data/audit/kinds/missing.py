"""Missing: values that are not there, which training deals with by itself."""

from __future__ import annotations

from litclf.data.audit.findings import Finding
from litclf.data.audit.looks import Column

KINDS = ("missing",)


def find(column: Column) -> list[Finding]:
    """How many values are missing."""
    values = column.values
    if not values.isna().any():
        return []
    return [Finding("missing", [f"column {values.name}"], f"lacks {values.isna().sum()} of {len(values)} values")]
