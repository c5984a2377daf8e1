"""Mixed: text in a column that mostly holds numbers."""

from __future__ import annotations

from litclf.data.audit.findings import Finding, verb
from litclf.data.audit.looks import Column

KINDS = ("mixed",)


def find(column: Column) -> list[Finding]:
    """Rows with text, where fewer than half of the values are."""
    values, wrong = column.values, column.texts
    if column.categorical or not 0 < len(wrong) < values.notna().sum() / 2:
        return []
    where = [f"column {values.name}, {values.index.name} {row}" for row in values.index[wrong]]
    return [Finding("mixed", where, f"{verb(where, 'holds text where', 'hold text where')} most rows hold numbers")]
