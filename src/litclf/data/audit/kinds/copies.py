"""Copies: images of the same pixels in two classes, in two splits, or merely there twice."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from litclf.data.audit.findings import Finding
from litclf.data.audit.looks import Images

KINDS = ("two classes", "straddle", "duplicate")


def find(images: Images) -> list[Finding]:
    """Images of the same pixels, whatever the format of their files."""
    copies: dict[bytes, list[tuple[Path, str, int]]] = defaultdict(list)
    for split, files in images.splits.items():
        for path, target in zip(files.paths, files.targets, strict=True):
            if path in images.digests:
                copies[images.digests[path]].append((path, split, target))
    found: dict[str, list[str]] = {"two classes": [], "straddle": [], "duplicate": []}
    for same in copies.values():
        kinds = {"two classes": len({target for *_, target in same}), "straddle": len({split for _, split, _ in same})}
        names = " = ".join(str(path) for path, *_ in same)
        if len(same) > 1:
            for kind in [kind for kind, number in kinds.items() if number > 1] or ["duplicate"]:
                found[kind].append(names)
    messages = {
        "two classes": "are the same image in two classes",
        "straddle": "are the same image in two splits, which flatters the test",
        "duplicate": "are the same image",
    }
    return [Finding(kind, where, messages[kind]) for kind, where in found.items() if where]
