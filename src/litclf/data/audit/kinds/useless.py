"""Useless: columns that nothing can be learned from as they are."""

from __future__ import annotations

from litclf.data.audit.findings import Finding
from litclf.data.audit.looks import Column

KINDS = ("useless",)


def find(column: Column) -> list[Finding]:
    """Why the column has to be dropped, or made another."""
    refusal = column.told.refusal
    if refusal is None or refusal.mixed:
        return []
    advice = f", {refusal.advice}" if refusal.advice else ""
    return [Finding("useless", [column.name], f"{refusal.rule}: it has to be dropped{advice}")]
