"""Odd: the few images that differ from nearly all others in size or colour."""

from __future__ import annotations

from collections import Counter

from litclf.data.audit.findings import Finding, grouped
from litclf.data.audit.looks import Images

KINDS = ("odd size", "odd colour")

_USUAL = 0.9
"""Share of the images from which on a size is usual, and the others are odd."""


def find(images: Images) -> list[Finding]:
    """Images of another size than nearly all others, then those of another colour."""
    sizes = {str(look.path): look.size for look in images.readable}
    colours = {str(look.path): look.kind for look in images.readable}
    return _odd("odd size", sizes, "is not of {} pixels") + _odd("odd colour", colours, "is not in {}")


def _odd(kind: str, found: dict[str, str], rule: str) -> list[Finding]:
    counts = Counter(found.values())
    if len(counts) < 2:
        return []
    usual, number = counts.most_common(1)[0]
    if number < _USUAL * len(found):
        return []
    message = f"{rule.format(usual)}, as nearly all others are"
    return grouped((kind, path, message) for path, own in found.items() if own != usual)
