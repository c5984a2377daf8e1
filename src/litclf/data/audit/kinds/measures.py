"""Measures: a column whose texts begin with numbers, and which is taken as categories nevertheless."""

from __future__ import annotations

import re

import numpy as np

from litclf.data.audit.findings import Finding
from litclf.data.audit.looks import Column
from litclf.data.sources.columns import BEGINS_AS_NUMBER
from litclf.preprocessing.values import texts_of
from litclf.preprocessing.written import has_unit
from litclf.utilities.text import short

KINDS = ("measures",)

_FRACTION = re.compile(r"\d+ ?/ ?\d+")
"""A fraction."""

_FEW = 10
"""Texts up to which they may be kinds, such as ages from 18 to 25."""


def find(column: Column) -> list[Finding]:
    """Whether texts are numbers with several units, or many that begin with a number; or numbers are dates."""
    if column.told.refusal or column.categorical:
        return []
    if column.told.kind == "number":
        return _dates(column)
    known = [text for text in texts_of(column.values).values if text is not None]
    words = [text for text in known if not BEGINS_AS_NUMBER.fullmatch(text)]
    numbers = len(known) - len(words)
    mixed = len(words) == 1 < numbers
    if not mixed and (
        words or not (numbers > _FEW or all(_FRACTION.fullmatch(text) or has_unit(text) for text in known))
    ):
        return []
    shown = f"{short(words[0])} among numbers" if mixed else f"numbers with text, such as {short(known[0])}"
    rule = f"holds {shown}, and is taken as {len(known)} categories: make plain numbers of them where they are measures"
    return [Finding("measures", [column.name], rule)]


def _dates(column: Column) -> list[Finding]:
    """Whether numbers are dates without marks, of which 20240131 is far from 20240201."""
    known = column.numbers[~np.isnan(column.numbers)]
    if not len(known) or not 19000101 <= known.min() <= known.max() <= 21001231 or (known % 1).any():
        return []
    known = np.unique(known)
    months, days = known // 100 % 100, known % 100
    if len(known) <= _FEW or not ((months >= 1) & (months <= 12) & (days >= 1) & (days <= 31)).all():
        return []
    rule = f"holds dates written as numbers, such as {known[0]:.0f}: make numbers of them such as days"
    return [Finding("measures", [column.name], rule)]
