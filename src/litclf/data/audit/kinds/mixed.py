"""Mixed: words in a column that otherwise holds numbers."""

from __future__ import annotations

from litclf.data.audit.findings import Finding, verb
from litclf.data.audit.looks import Column
from litclf.utilities.text import pasted

KINDS = ("mixed",)


def find(column: Column) -> list[Finding]:
    """Rows with a word, which may stand for a missing value."""
    refusal = column.told.refusal
    if refusal is None or not refusal.mixed:
        return []
    rows = column.values.index[column.texts]
    where = [f"{column.name}, {rows.name} {row}" for row in rows]
    if not refusal.words:
        rule = verb(where, "holds text where", "hold text where")
        return [Finding("mixed", where, f"{rule} most rows hold numbers")]
    words = " and ".join(map(repr, refusal.words))
    rule = f"{verb(where, 'holds', 'hold')} {words} where other rows hold numbers"
    return [Finding("mixed", where, f"{rule}; {pasted('--data.missing', refusal.words)} has it missing")]
