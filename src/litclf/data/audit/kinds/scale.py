"""Scale: columns whose spreads are far apart, where nothing standardises them."""

from __future__ import annotations

from litclf.data.audit.findings import Finding
from litclf.data.audit.looks import Rows

KINDS = ("scale",)

_APART = 100
"""How many times wider the widest column may be spread than the narrowest."""


def find(rows: Rows) -> list[Finding]:
    """The widest and the narrowest column."""
    if rows.standardised:
        return []
    spread = {name: float(values.std()) for name, values in rows.columns.items() if values.std() > 0}
    if not spread or max(spread.values()) <= _APART * min(spread.values()):
        return []
    widest, narrowest = max(spread, key=spread.__getitem__), min(spread, key=spread.__getitem__)
    ratio = spread[widest] / spread[narrowest]
    rule = f"differ {ratio:.0f} to 1 in spread, which slows training: bring them to one scale"
    return [Finding("scale", [widest, narrowest], rule)]
