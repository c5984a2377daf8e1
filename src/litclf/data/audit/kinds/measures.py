"""Measures: a column whose texts begin with numbers, and which is taken as categories nevertheless."""

from __future__ import annotations

import re

from litclf.data.audit.findings import Finding
from litclf.data.audit.looks import Column
from litclf.preprocessing.values import texts_of
from litclf.preprocessing.written import has_unit

KINDS = ("measures",)

_BEGINS = re.compile(r"[<>≤≥~≈=±(+\-\u2212]*\s?\d.*")

_FEW = 10
"""Texts up to which they may be kinds, such as ages from 18 to 25."""


def find(column: Column) -> list[Finding]:
    """Whether texts are numbers with several units, or many that begin with a number."""
    if column.told.kind != "category" or column.told.refusal or column.categorical:
        return []
    known = [text for text in texts_of(column.values).values if text is not None]
    words = [text for text in known if not _BEGINS.fullmatch(text)]
    numbers = len(known) - len(words)
    mixed = len(words) == 1 < numbers
    if not mixed and not (not words and (numbers > _FEW or all(map(has_unit, known)))):
        return []
    shown = f"{words[0]!r} among numbers" if mixed else f"numbers with text, such as {known[0]!r}"
    rule = f"holds {shown}, and is taken as {len(known)} categories: make plain numbers of them where they are measures"
    return [Finding("measures", [column.name], rule)]
