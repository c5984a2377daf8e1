"""Breaks what can be broken, many times, and counts how often nothing was lost and nothing let in.

Each experiment prints ``k of n``; k is n where litclf keeps what it promises. Small numbers by default, for CI; those
of RELIABILITY.md are of `--full`.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import platform
import re
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

Experiment = Callable[[int], tuple[int, int, str]]
"""Takes how often to try; gives how often it went well, how often it was tried, and a note."""

MODULES = ("faults_saves", "faults_resume", "faults_processes")
"""Modules beside this one with a dict EXPERIMENTS each; loaded when they are needed."""

SIZES = {
    "save_kills": (10, 200),
    "full_disks": (5, 50),
    "bit_flips": (60, 1000),
    "truncations": (20, 100),
    "exploits": (1, 1),
    "refusals": (1, 1),
    "kills": (3, 200),
    "signals": (2, 50),
    "starts": (1, 20),
    "processes": (1, 6),
    "dead_processes": (1, 10),
}
"""How often each is tried, by default and in full; others as in :data:`OTHERS`."""

OTHERS = (3, 50)

HEAD = """# Reliability

What `scripts/faults.py` breaks, and how often litclf kept what it promises: k of n, by the command of each row.

| experiment | k of n | what happened | command | when, where |
|---|---|---|---|---|
"""


def main() -> int:
    """Runs the experiments asked for; returns 0, or 1 where one of them failed once."""
    parser = argparse.ArgumentParser(description="Breaks what can be broken, and counts how often that did no harm.")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="experiments; all where it is left out")
    parser.add_argument("--full", action="store_true", help="as often as RELIABILITY.md tells; takes long")
    parser.add_argument("--n", type=int, metavar="N", help="how often each is tried")
    parser.add_argument("--record", type=Path, metavar="FILE", help="table to write the results into")
    args = parser.parse_args()
    known = experiments()
    for name in args.only or ():
        if name not in known:
            parser.error(f"--only must be of {', '.join(known)}, got {name}")
    if args.n is not None and args.n < 1:
        parser.error(f"--n must be at least 1, got {args.n}")
    failed = []
    for name in args.only or known:
        n = args.n or SIZES.get(name, OTHERS)[args.full]
        begin = time.perf_counter()
        good, tried, note = known[name](n)
        print(f"{name}: {good} of {tried} ({time.perf_counter() - begin:.0f} s): {note}", flush=True)
        if good < tried:
            failed.append(name)
        if args.record:
            size = "--full" if args.full else f"--n {n}"
            record(args.record, name, f"{good} of {tried}", note, f"python scripts/faults.py --only {name} {size}")
    return 1 if failed else 0


def experiments() -> dict[str, Experiment]:
    """The experiments of the modules that are there, by name."""
    found: dict[str, Experiment] = {}
    for module in MODULES:
        if importlib.util.find_spec(module):
            found.update(importlib.import_module(module).EXPERIMENTS)
    return found


def record(path: Path, name: str, result: str, note: str, command: str) -> None:
    """Writes the row of an experiment into the table of ``path``, in the place of its last one."""
    rows: dict[str, str] = {}
    if path.is_file():
        lines = path.read_text(encoding="utf-8").splitlines()
        rows = {found.group(1): line for line in lines if (found := re.match(r"\| (\w+) \| \d", line))}
    where = f"{date.today()}, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    rows[name] = f"| {name} | {result} | {note} | `{command}` | {where} |"
    path.write_text(HEAD + "".join(f"{row}\n" for row in rows.values()), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
