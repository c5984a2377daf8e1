"""Straddle: rows that lie in training and are held out too."""

from __future__ import annotations

from litclf.data.audit.findings import Finding
from litclf.data.audit.looks import Rows

KINDS = ("straddle",)


def find(rows: Rows) -> list[Finding]:
    """Held-out inputs that are those of a training row."""
    training: dict[bytes, int] = {}
    for place, row in enumerate(rows.inputs["train"]):
        training.setdefault(row.tobytes(), place)
    where = [
        f"{rows.name('train', training[row.tobytes()])} = {rows.name(split, place)}"
        for split in ("val", "test")
        for place, row in enumerate(rows.inputs[split])
        if row.tobytes() in training
    ]
    rule = "one in training and one held out, which flatters the test"
    return [Finding("straddle", where, f"are the same inputs, {rule}")] if where else []
