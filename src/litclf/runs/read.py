"""Finds a run folder and reads what a report shows of it; what is missing is left out."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litclf.runs.history import History
from litclf.utilities.errors import InputError, nearest


@dataclass(frozen=True)
class RunFolder:
    """The files of a run.

    Attributes:
        path: The run folder.
        config: The text of ``config.yaml``; empty where there is none.
        history: What ``metrics.json`` and ``metrics.csv`` hold.
        samples: The content of ``samples.json``; empty where there is none. Numbers that are not finite are None.
    """

    path: Path
    config: str
    history: History
    samples: dict[str, Any]


def find_run(path: Path) -> Path:
    """The run folder that ``path`` means: itself, the one it lies in, or the latest version below it.

    Args:
        path: A run folder, a file of a run such as a checkpoint, or the folder of all versions of a run.

    Raises:
        InputError: If there is nothing at ``path``, or no run.

    Example:
        >>> import tempfile
        >>> runs = Path(tempfile.mkdtemp()) / "circles"
        >>> for number in (9, 10):
        ...     (runs / f"version_{number}").mkdir(parents=True)
        ...     _ = (runs / f"version_{number}" / "config.yaml").write_text("")
        >>> find_run(runs).name
        'version_10'
    """
    if path.is_file():
        candidates = [path.parent, Path(os.path.normpath(path.parent / ".."))]
    elif path.is_dir():
        versions = [child for child in path.glob("version_*") if child.name[8:].isdigit()]
        candidates = [path, *sorted(versions, key=lambda child: int(child.name[8:]), reverse=True)]
    else:
        siblings = [child.name for child in path.parent.iterdir()] if path.parent.is_dir() else []
        near = nearest(path.name, siblings)
        fix = f"did you mean {path.parent / near}?" if near else "pass a run folder, as `litclf fit` prints it"
        raise InputError(str(path), "does not exist", fix)
    for candidate in candidates:
        if any((candidate / name).is_file() for name in ("config.yaml", "metrics.csv", "metrics.json")):
            return candidate
    rule = "holds no config.yaml, metrics.csv or metrics.json, so it is no run folder"
    raise InputError(str(path), rule, "pass a folder such as lightning_logs/circles/version_0")


def read_folder(path: Path) -> RunFolder:
    """Reads the files of the run folder ``path``.

    Raises:
        InputError: If one of them is damaged.
    """
    config = path / "config.yaml"
    metrics = _read_json(path / "metrics.json")
    return RunFolder(
        path=path,
        config=config.read_text(encoding="utf-8", errors="replace") if config.is_file() else "",
        history=History(metrics, metrics.get("facts") or {}, _read_rows(path / "metrics.csv")),
        # Not a number is no JSON to a browser.
        samples=_read_json(path / "samples.json", parse_constant=lambda _: None),
    )


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


def _read_rows(path: Path) -> list[dict[str, float]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        try:
            # A last row that was being written when the run was killed may be short.
            rows = [{key: float(cell) for key, cell in row.items() if cell} for row in csv.DictReader(file)]
        except (ValueError, TypeError) as error:
            raise InputError(str(path), f"is no table of numbers: {error}", "mend or remove the file") from error
    return [row for row in rows if "step" in row]
