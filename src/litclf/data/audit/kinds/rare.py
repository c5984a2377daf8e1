"""Rare: classes with few samples beside the largest."""

from __future__ import annotations

from litclf.data.audit.findings import Finding, verb
from litclf.data.audit.looks import Images, Rows

KINDS = ("rare",)

_RARE = 0.1
"""Share of the largest class below which a class is rare."""


def find(look: Rows | Images) -> list[Finding]:
    """Classes with less than a tenth of the samples of the largest."""
    most = max(look.counts.values(), default=0)
    rare = [f"class {name}" for name, number in look.counts.items() if number < _RARE * most]
    rule = f"less than a tenth of the {most} {look.unit} of the largest class"
    return [Finding("rare", rare, f"{verb(rare, 'has', 'have')} {rule}")] if rare else []
