"""Best run: of the versions of a run the one whose checkpoint did best on validation data."""

from __future__ import annotations

import math
from pathlib import Path

from litclf.runs.history import History
from litclf.runs.read import read_folder
from litclf.runs.versions import versions_in
from litclf.utilities.errors import InputError

_KEYS = ("val/accuracy", "val/loss", "train/loss")
"""What runs are held against each other by, in this order; the test is not for choosing."""


def best_version(parent: Path) -> Path:
    """The version below ``parent`` of the highest validation accuracy, among equals of the lowest loss.

    Raises:
        InputError: If none of them has been measured.

    Example:
        >>> import tempfile
        >>> parent = Path(tempfile.mkdtemp())
        >>> for number, accuracy in enumerate([0.8, 0.9, 0.7]):
        ...     (parent / f"version_{number}").mkdir()
        ...     _ = (parent / f"version_{number}" / "metrics.csv").write_text(f"step,val/accuracy\\n9,{accuracy}\\n")
        >>> best_version(parent).name
        'version_1'
    """
    ranks = {path: _rank(read_folder(path).history) for path in versions_in(parent)}
    measured = {path: rank for path, rank in ranks.items() if any(map(math.isfinite, rank))}
    if not measured:
        raise InputError(str(parent / "best"), "there is no version with metrics", "pass the folder of one")
    return min(measured, key=lambda path: measured[path])


def _rank(history: History) -> tuple[float, ...]:
    """What the best checkpoint of a run was worth, by :data:`_KEYS`: the less, the better."""
    values = [_at_best(history, key) for key in _KEYS]
    return tuple(
        math.inf if value is None or not math.isfinite(value) else -value if key == "val/accuracy" else value
        for key, value in zip(_KEYS, values, strict=True)
    )


def _at_best(history: History, key: str) -> float | None:
    members = (history.metrics.get("members") or {}).get("metrics")
    if members:
        return float(members[key]["mean"]) if key in members else None
    curve = history.curve(key)
    best = history.best
    here = [point.value for point in curve if best is not None and point.step == best.step]
    return here[0] if here else curve[-1].value if curve else None
