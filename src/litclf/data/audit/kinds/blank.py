"""Blank: images whose pixels are all alike."""

from __future__ import annotations

from litclf.data.audit.findings import Finding, grouped
from litclf.data.audit.looks import Images

KINDS = ("blank",)


def find(images: Images) -> list[Finding]:
    """Images that show one value only."""
    return grouped(("blank", str(look.path), "shows one value only") for look in images.readable if look.blank)
