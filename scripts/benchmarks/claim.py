"""Claim: what was claimed, measured and met, and processes that are run to measure it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from litclf.utilities.text import aligned

FOLDER = Path(__file__).parent
LITCLF = (sys.executable, "-m", "litclf")


@dataclass(frozen=True)
class Claim:
    """A measured claim: what was done, its figures by row, and for each thing claimed whether it was met."""

    about: str
    rows: list[dict[str, Any]]
    verdicts: dict[str, bool]


def report(name: str, claim: Claim) -> str:
    """A claim as text: a line a row, and a line for each thing claimed."""
    keys = list(dict.fromkeys(key for row in claim.rows for key in row))
    cells = [keys, *([_cell(row.get(key)) for key in keys] for row in claim.rows)]
    verdicts = [f"{'met' if met else 'MISSED':6}  {text}" for text, met in claim.verdicts.items()]
    return "\n".join([f"\n{name}: {claim.about}", *aligned(cells), *verdicts])


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:#.5g}" if isinstance(value, float) else str(value)


class Ended(NamedTuple):
    """Processes that ran to their end.

    Attributes:
        begin: When the first was started, on the clock of ``time.monotonic``.
        end: When the last had ended.
        processors: Processors that they kept busy on average; fewer than there are where others had them.
        output: What the first printed.
    """

    begin: float
    end: float
    processors: float
    output: str

    @property
    def seconds(self) -> float:
        """From the start of the first process to the end of the last."""
        return self.end - self.begin


def ended(command: Sequence[str], processes: int = 1) -> Ended:
    """Runs ``command`` in so many processes at once, with this folder on the path."""
    with tempfile.TemporaryDirectory() as folder:
        folders = [Path(folder) / str(number) for number in range(processes)]
        for own in folders:
            own.mkdir()
        path = os.pathsep.join(filter(None, [str(FOLDER), os.environ.get("PYTHONPATH")]))
        args: dict[str, Any] = {"env": os.environ | {"PYTHONPATH": path}, "text": True}
        args |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        begin, before = time.monotonic(), os.times()
        started = [subprocess.Popen(command, cwd=own, **args) for own in folders]
        outputs = [process.communicate() for process in started]
        end, after = time.monotonic(), os.times()
    for process, (_, errors) in zip(started, outputs, strict=True):
        if process.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{errors}")
    used = after.children_user - before.children_user + after.children_system - before.children_system
    return Ended(begin, end, used / (end - begin), outputs[0][0])
