"""Target: a column of classes that holds none in a row, measures, or one class only."""

from __future__ import annotations

from typing import Any

import pandas as pd

from litclf.data.audit.findings import Finding, verb
from litclf.preprocessing.table import parsed_numbers

KINDS = ("no class", "measure", "one class")


def find(column: pd.Series[Any]) -> list[Finding]:
    """What keeps the target from telling classes apart."""
    unit, findings = str(column.index.name), []
    numbers, wrong = parsed_numbers(column)
    missing = column.index[column.isna()]
    if len(missing):
        where = [f"{unit} {row}" for row in missing]
        findings.append(Finding("no class", where, verb(where, "has no class", "have no class")))
    broken = column.index[(numbers % 1 > 0) & (not len(wrong))]
    if len(broken):
        where = [f"{unit} {row}" for row in broken]
        rule = verb(where, "has a measure where", "have measures where")
        findings.append(Finding("measure", where, f"{rule} the class must be a name or a whole number"))
    elif column.nunique() < 2:
        findings.append(Finding("one class", [f"column {column.name}"], "holds fewer than two classes"))
    return findings
