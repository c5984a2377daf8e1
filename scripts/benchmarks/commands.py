"""Commands: claims of whole commands, their start included, beside what else a person could run.

Processes that are timed run in empty folders of their own, one thread each where nothing else is said.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from claim import FOLDER, LITCLF, Claim, ended
from contenders import Job

IMPORT = (sys.executable, "-c", "import time, lightning.pytorch; print(time.monotonic())")
BY_HAND = Path(os.environ.get("LITCLF_BY_HAND", FOLDER / "circles_by_hand.py"))
"""The script that the whole command is held against; another one by the variable."""

REFUSED = (
    ("fit", "-c", "no-such-preset"),
    ("fit", "-c", "circles", "--model.lrr", "1"),
    ("fit", "-c", "table", "--data.path", "missing.csv", "--data.target", "y"),
    ("check-data", "missing.csv"),
)


def startup(rounds: int = 3) -> Claim:
    """What needs no PyTorch comes at once; a fit begins soon after its libraries are there."""
    rows: list[dict[str, Any]] = []
    verdicts: dict[str, bool] = {}
    for word in ("--help", "--version", "presets"):
        seconds = [ended([*LITCLF, word]).seconds for _ in range(rounds)]
        rows.append({"command": f"litclf {word}", "best": min(seconds), "median": median(seconds)})
        verdicts[f"litclf {word} within 0.5 s (median)"] = median(seconds) <= 0.5
    for words in REFUSED:
        seconds = [_refused(words) for _ in range(rounds)]
        rows.append({"command": f"litclf {' '.join(words)}", "best": min(seconds), "median": median(seconds)})
        verdicts[f"litclf {' '.join(words)}: refused within 1.0 s (median)"] = median(seconds) <= 1.0
    # The callback costs litclf a little (at most 0.2 s on the machine this was written on), which counts against it.
    callback = ("--trainer.callbacks+=first_step.FirstStep", "--allow_classes", "first_step")
    # Beside a callback of others `auto` runs one step at a time, and would leave the kernel out of it.
    fit = [*LITCLF, "fit", "-c", "circles", "--data.steps_per_execution", "100", *callback]
    ended(fit)  # fills the caches of both
    pairs = [(ended(IMPORT), ended(fit)) for _ in range(rounds)]
    steps = [float(own.output.split()[-1]) - own.begin for _, own in pairs]
    loads = [other.seconds for other, _ in pairs]
    to_import = [float(other.output) - other.begin for other, _ in pairs]
    ratio, strict = (
        median(own / other for own, other in zip(steps, others, strict=True)) for others in (loads, to_import)
    )
    rows += [
        {"command": "import lightning.pytorch, whole process", "best": min(loads), "median": median(loads)},
        {"command": "import lightning.pytorch, end of import", "best": min(to_import), "median": median(to_import)},
        {"command": "litclf fit -c circles, end of first steps", "best": min(steps), "median": median(steps)},
        {"command": "first steps / whole process, by round", "median": ratio},
        {"command": "first steps / end of import, by round", "median": strict},
    ]
    verdicts["first steps after at most 0.8 times the seconds of a process that imports Lightning"] = ratio <= 0.8
    return Claim(f"seconds from the start of a process, {rounds} rounds", rows, verdicts)


def _refused(words: tuple[str, ...]) -> float:
    """Seconds until a command refuses ``words``."""
    begin = time.monotonic()
    done = subprocess.run([*LITCLF, *words], check=False, capture_output=True, text=True)
    seconds = time.monotonic() - begin
    if done.returncode != 2:
        sys.exit(f"litclf {' '.join(words)} was to be refused, and ended with {done.returncode}:\n{done.stderr}")
    return seconds


def commands(rounds: int = 3) -> Claim:
    """The whole command beside the script that a person writes: same data, network, steps, and two pictures."""
    ways = {
        "by hand": [sys.executable, str(BY_HAND)],
        "litclf fit -c circles": [*LITCLF, "fit", "-c", "circles"],
        "litclf fit -c circles --pictures false": [*LITCLF, "fit", "-c", "circles", "--pictures", "false"],
    }
    for command in ways.values():
        ended(command)  # fills the caches
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name in list(ways)[:: -1 if number % 2 else 1]:
            taken[name].append(ended(ways[name]).seconds)
    rows, verdicts = [], {}
    for (name, seconds), bound in zip(taken.items(), (1.0, 0.85, 0.65), strict=True):
        ratio = median(own / other for own, other in zip(seconds, taken["by hand"], strict=True))
        rows.append({"command": name, "best": min(seconds), "median": median(seconds), "ratio": ratio})
        if name != "by hand":
            verdicts[f"{name}: at most {bound} times {BY_HAND.name}"] = ratio <= bound
    return Claim(f"seconds of whole commands, {rounds} alternating rounds", rows, verdicts)


def pictures(jobs: dict[str, Job]) -> Claim:
    """What pictures and the report add to the whole command, its start included."""
    fits: dict[str, tuple[list[str], float, int]] = {"circles": (["-c", "circles"], 0.3, 3)}
    if "mnist" in jobs:
        data_dir = str(Path(jobs["mnist"].data_dir or "").resolve())
        fits["mnist"] = (["-c", "mnist", "--data.data_dir", data_dir], 0.05, 1)  # of 20 epochs
    rows: list[dict[str, Any]] = []
    verdicts: dict[str, bool] = {}
    for name, (args, bound, rounds) in fits.items():
        command = [*LITCLF, "fit", *args]
        if not rows:
            ended(command)  # fills the caches
        pairs = [(ended(command).seconds, ended([*command, "--pictures", "false"]).seconds) for _ in range(rounds)]
        share = median(1 - without / drawn for drawn, without in pairs)
        row: dict[str, Any] = {
            "fit": name,
            "rounds": rounds,
            "seconds with pictures": median(drawn for drawn, _ in pairs),
        }
        rows.append(row | {"without": median(without for _, without in pairs), "share of pictures": share})
        verdicts[f"{name}: pictures and report take at most {100 * bound:.0f} % of the whole command"] = share <= bound
    return Claim("seconds of the whole command litclf fit", rows, verdicts)
