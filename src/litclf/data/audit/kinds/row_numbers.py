"""Row numbers: a column that counts the rows."""

from __future__ import annotations

from litclf.data.audit.findings import Finding
from litclf.data.audit.looks import Column
from litclf.data.sources.roles import counts_rows

KINDS = ("row numbers",)


def find(column: Column) -> list[Finding]:
    """Whether the column counts the rows."""
    if column.told.kind != "number" or not counts_rows(column.values):
        return []
    return [Finding("row numbers", [column.name], "counts the rows: it should be dropped")]
