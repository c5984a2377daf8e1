"""Folder: files and folders that are not where classes and splits are looked for."""

from __future__ import annotations

from litclf.data.audit.findings import Finding, grouped
from litclf.data.audit.looks import Images

KINDS = (
    *("no folder", "one class", "empty class", "unknown class", "unknown split", "two splits", "no train", "no class"),
    *("broken link", "closed"),
)


def find(images: Images) -> list[Finding]:
    """What :func:`~litclf.data.sources.folders.scan` stumbled over."""
    return grouped((problem.kind, str(problem.path), problem.rule) for problem in images.problems)
