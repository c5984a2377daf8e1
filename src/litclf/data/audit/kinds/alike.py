"""Alike: classes or categories that differ in case, marks around them or what is not seen only."""

from __future__ import annotations

from litclf.data.audit.findings import Finding
from litclf.data.audit.looks import Column, Rows
from litclf.data.sources.class_names import lookalikes
from litclf.preprocessing.values import texts_of

KINDS = ("alike",)

_MOST = 1000
"""Categories up to which they are compared."""


def find(look: Rows | Column) -> list[Finding]:
    """Groups of names that look alike."""
    if isinstance(look, Column):
        if look.told.kind != "category" or look.told.refusal or look.told.categories > _MOST:
            return []
        names = [text for text in texts_of(look.values).values if text is not None]
        prefix = f"{look.name}, "
    else:
        names, prefix = list(look.counts), "classes "
    where = [prefix + " and ".join(map(repr, group)) for group in lookalikes(names)]
    rule = "differ in case, leading zeros, marks around them or what is not seen only: make them one where they are"
    return [Finding("alike", where, rule)] if where else []
