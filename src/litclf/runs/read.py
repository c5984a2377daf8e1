"""Reading of a run folder: what a report shows of it; what is missing is left out."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litclf.runs.fold_files import FoldFiles, read_folds
from litclf.runs.history import History
from litclf.runs.member_history import MemberHistory
from litclf.utilities.errors import InputError


@dataclass(frozen=True)
class RunFiles:
    """The files of a run.

    Attributes:
        path: The run folder.
        config: The text of ``config.yaml``; empty where there is none.
        history: What ``metrics.json`` and ``metrics.csv`` hold.
        members: What ``members.csv``, or ``cv.csv`` of folds, and ``member_curves.csv`` hold; None of a run of one
            network.
        folds: What a cross-validation left; None of another run.
        samples: The content of ``samples.json``; empty where there is none. Numbers that are not finite are None.
    """

    path: Path
    config: str
    history: History
    members: MemberHistory | None
    folds: FoldFiles | None
    samples: dict[str, Any]


def read_folder(path: Path) -> RunFiles:
    """Reads the files of the run folder ``path``.

    Raises:
        InputError: If one of them is damaged.
    """
    config = path / "config.yaml"
    metrics = _read_json(path / "metrics.json")
    return RunFiles(
        path=path,
        config=config.read_text(encoding="utf-8", errors="replace") if config.is_file() else "",
        history=History(metrics, metrics.get("facts") or {}, read_rows(path / "metrics.csv")),
        members=_read_members(path),
        folds=read_folds(path, metrics.get("folds")),
        # Not a number is no JSON to a browser.
        samples=_read_json(path / "samples.json", parse_constant=lambda _: None),
    )


def _read_members(path: Path) -> MemberHistory | None:
    rows = [row for name in ("members.csv", "cv.csv") for row in _read_table(path / name) if "seed" in row]
    moments = [row for row in read_rows(path / "member_curves.csv") if "seed" in row]
    return MemberHistory(rows, moments) if rows else None


def _read_json(path: Path, **settings: Any) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"), **settings)
    except ValueError as error:
        raise InputError(str(path), f"is no JSON: {error}", "mend or remove the file") from error
    if not isinstance(content, dict):
        raise InputError(str(path), f"must hold an object, got {type(content).__name__}", "mend or remove the file")
    return content


def read_rows(path: Path) -> list[dict[str, float]]:
    """The rows of the ``metrics.csv`` at ``path``, without their empty cells; none where there is no such file.

    Raises:
        InputError: If it is damaged.
    """
    return [row for row in _read_table(path) if "step" in row]


def _read_table(path: Path) -> list[dict[str, float]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        try:
            # A last row that was being written when the run was killed may be short.
            return [{key: float(cell) for key, cell in row.items() if cell} for row in csv.DictReader(file)]
        except (ValueError, TypeError) as error:
            raise InputError(str(path), f"is no table of numbers: {error}", "mend or remove the file") from error
