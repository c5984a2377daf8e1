"""Same columns: those that hold one value only, and those that hold what another one holds."""

from __future__ import annotations

from litclf.data.audit.findings import Finding, verb
from litclf.data.audit.looks import Rows

KINDS = ("constant", "duplicate")


def find(rows: Rows) -> list[Finding]:
    """Columns whose training values are all alike, or those of an earlier column."""
    findings: list[Finding] = []
    first: dict[bytes, str] = {}
    constant = [name for name, values in rows.columns.items() if (values == values[:1]).all()]
    if constant:
        rule = verb(constant, "holds one value only in training", "hold one value only in training")
        findings.append(Finding("constant", constant, rule))
    twice = []
    for name, values in rows.columns.items():
        same = first.setdefault(values.tobytes(), name)
        if same != name and name not in constant:
            twice.append(f"{same} = {name.removeprefix('column ')}")
    return [*findings, Finding("duplicate", twice, "hold the same")] if twice else findings
