"""Unreadable: image files that are damaged, or are none."""

from __future__ import annotations

from litclf.data.audit.findings import Finding, grouped
from litclf.data.audit.looks import Images

KINDS = ("unreadable",)


def find(images: Images) -> list[Finding]:
    """Files that cannot be read, and why."""
    return grouped(("unreadable", str(look.path), look.error) for look in images.looks if look.error)
