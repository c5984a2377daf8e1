"""Reproduction: every preset's figures beside the published ones; exit code 1 where one is missed.

    python scripts/reproduction/reproduce.py --mnist DATA_DIR

About a minute and a half on two shared cores without MNIST, and several more with it. ``reproduction.json`` has the
same table.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from experiments import EXPERIMENTS, Figure, reason_to_skip
from fits import Setting

from litclf.utilities.text import aligned

HEADINGS = ("experiment", "figure", "published", "re-run", "ours", "ok")


def cells(figure: Figure) -> tuple[str, ...]:
    """A figure as a row of the table."""
    verdict = "ok" if figure.ok else "MISSED"
    return (figure.experiment, figure.figure, figure.published or "-", figure.rerun or "-", figure.ours, verdict)


def table(figures: list[Figure]) -> str:
    """The figures as an aligned table."""
    rows = [HEADINGS, *map(cells, figures)]
    return "\n".join(aligned(rows, left=len(HEADINGS), between=" | "))


def main() -> int:
    """Runs the experiments asked for; returns 0, or 1 where a figure is missed."""
    parser = argparse.ArgumentParser(description="Runs every preset and holds its figures to the published ones.")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=list(EXPERIMENTS), default=list(EXPERIMENTS))
    parser.add_argument("--mnist", metavar="DATA_DIR", help="folder that holds MNIST/raw; without it mnist is skipped")
    parser.add_argument("--seeds", type=int, default=10, help="most seeds of an experiment")
    parser.add_argument("--output", type=Path, default=Path(), help="folder of reproduction.json")
    args = parser.parse_args()
    if args.seeds < 1:
        parser.error(f"--seeds must be at least 1, got {args.seeds}")
    figures: list[Figure] = []
    seconds: dict[str, float] = {}
    skipped: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as root:
        setting = Setting(Path(root), args.mnist, args.seeds)
        for name in args.only:
            reason = reason_to_skip(name, setting)
            if reason:
                print(f"{name} is skipped: {reason}", flush=True)
                skipped[name] = reason
                continue
            begin = time.perf_counter()
            figures += EXPERIMENTS[name](setting)
            seconds[name] = round(time.perf_counter() - begin, 2)
            print(f"{name}: {seconds[name]:.1f} s", file=sys.stderr)
    missed = sum(not figure.ok for figure in figures)
    print(table(figures))
    print(f"\n{len(figures) - missed} of {len(figures)} figures met; {len(skipped)} experiments skipped")
    packages = {name: version(name) for name in ("litclf", "torch", "lightning", "scikit-learn", "numpy")}
    record = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version(), **packages},
        "figures": [asdict(figure) for figure in figures],
        "seconds": seconds,
        "skipped": skipped,
    }
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "reproduction.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
