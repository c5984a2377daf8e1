"""What litclf claims beside the speed of its fits, each claim measured by one function; run by `benchmark.py`.

A claim is reported as it came out, met or missed. Processes that are timed run in empty folders of their own.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, median
from typing import Any, NamedTuple

import torch
from lightning.pytorch import Callback, LightningModule, Trainer, seed_everything

import litclf
from contenders import SEED, Job, classifier, tutorial_loop
from fits import build

SCRIPTS = Path(__file__).parent
LITCLF = (sys.executable, "-m", "litclf")
NUDGES = (1e-7, 2e-7)
"""Changes of one initial weight, of the size of rounding; how far they move a loss is what rounding alone can do."""


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
    widths = [max(len(row[column]) for row in cells) for column in range(len(keys))]
    first, *others = widths
    lines = [
        "  ".join([f"{row[0]:{first}}", *(f"{cell:>{width}}" for cell, width in zip(row[1:], others, strict=True))])
        for row in cells
    ]
    verdicts = [f"{'met' if met else 'MISSED':6}  {text}" for text, met in claim.verdicts.items()]
    return "\n".join([f"\n{name}: {claim.about}", *lines, *verdicts])


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
    """Runs ``command`` in so many processes at once, with our scripts on the path."""
    with tempfile.TemporaryDirectory() as folder:
        folders = [Path(folder) / str(number) for number in range(processes)]
        for own in folders:
            own.mkdir()
        path = os.pathsep.join(filter(None, [str(SCRIPTS), os.environ.get("PYTHONPATH")]))
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


def final_loss(job: Job, engine: str, nudge: float = 0.0, **trainer_args: Any) -> tuple[str, float]:
    """The engine taken, and the training loss at the end of a fit with one initial weight moved by ``nudge``."""
    data, model = job.data(), classifier(job, engine=engine)
    # The weights that litclf.fit would draw, drawn before it so that one can be moved.
    seed_everything(SEED, verbose=False)
    model.attach(data)
    if nudge:
        with torch.no_grad():
            next(model.parameters())[0, 400] += nudge  # of a pixel in the middle, which is not always black
    args: dict[str, Any] = {"max_epochs": job.epochs, "enable_progress_bar": False, **trainer_args}
    with tempfile.TemporaryDirectory() as folder:
        metrics = litclf.fit(model, data, seed=SEED, threads=1, default_root_dir=folder, **args).metrics
    return metrics["engine"].split(",")[0], metrics["train/loss"]


def agreement(jobs: dict[str, Job]) -> Claim:
    """The default engine and the eager one end on the same loss; for MNIST, beside what rounding alone does to it."""
    rows: list[dict[str, Any]] = []
    verdicts: dict[str, bool] = {}
    for job in jobs.values():
        own: list[dict[str, Any]] = []
        chaotic = job.name == "mnist"
        variants = [("auto", 0.0), ("eager", 0.0)]
        if chaotic:
            variants += [("eager", nudge) for nudge in NUDGES]
        for engine, nudge in variants:
            taken, loss = final_loss(job, engine, nudge)
            own.append({"job": job.name, "engine": f"{taken}, a weight + {nudge:.0e}" if nudge else taken})
            own[-1]["final loss"] = loss
            if chaotic:
                # In the middle of a pass, the training loss is the mean of the steps so far.
                own[-1]["loss of 100 steps"] = final_loss(job, engine, nudge, max_steps=100)[1]
        default, eager = own[:2]
        for key in [key for key in eager if "loss" in key]:
            for row in own:
                row[f"{key}, off eager"] = abs(row[key] - eager[key]) / eager[key]
            verdict = f"{job.name}: {key} of {default['engine']} and eager the same to four digits"
            verdicts[verdict] = same_digits(default[key], eager[key])
        rows += own
    return Claim("training loss by engine, and its relative difference to the eager engine's", rows, verdicts)


def same_digits(a: float, b: float) -> bool:
    """Whether two numbers are the same when rounded to four digits."""
    return f"{a:.3e}" == f"{b:.3e}"


def parallel(processes: int = 10) -> Claim:
    """Ten fits at once do not get into each other's way."""
    command = [*LITCLF, "fit", "-c", "circles"]
    ended(command)  # fills the caches, so that the one alone is not slow for lack of them
    alone = median(ended(command).seconds for _ in range(2))
    together = ended(command, processes)
    ratio = together.seconds / alone
    row = {"processes": processes, "seconds": together.seconds, "seconds of one alone": alone, "ratio": ratio}
    row["processors kept busy"] = together.processors
    verdict = f"{processes} fits at once take at most 6 times as long as one"
    about = f"litclf fit -c circles in simultaneous processes with their default threads, {os.cpu_count()} CPUs"
    return Claim(about, [row], {verdict: ratio <= 6})


def startup(rounds: int = 3) -> Claim:
    """What needs no PyTorch comes at once; a fit begins soon after its libraries are there."""
    rows: list[dict[str, Any]] = []
    verdicts: dict[str, bool] = {}
    for word in ("--help", "--version", "presets"):
        seconds = [ended([*LITCLF, word]).seconds for _ in range(rounds)]
        rows.append({"command": f"litclf {word}", "best": min(seconds), "median": median(seconds)})
        verdicts[f"litclf {word} within 0.5 s (median)"] = median(seconds) <= 0.5
    # The callback costs litclf a little (at most 0.2 s on the machine this was written on), which counts against it.
    fit = [*LITCLF, "fit", "-c", "circles", "--trainer.callbacks+=first_step.FirstStep"]
    load = [sys.executable, "-c", "import time, lightning.pytorch; print(time.monotonic())"]
    ended(fit)  # fills the caches of both
    pairs = [(ended(load), ended(fit)) for _ in range(rounds)]
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
    verdicts["first steps after at most 1.3 times the seconds of a process that imports Lightning"] = ratio <= 1.3
    return Claim(f"seconds from the start of a process, {rounds} rounds", rows, verdicts)


def growth(sizes: Sequence[int] = (10**3, 10**4, 10**5, 10**6), rounds: int = 3) -> Claim:
    """Seconds and memory by the number of samples; what the smallest fit takes counts as the fixed part of memory."""
    rows: list[dict[str, Any]] = []
    for size in sizes:
        command = [sys.executable, str(SCRIPTS / "growth.py"), str(size)]
        runs = [json.loads(ended(command).output.splitlines()[-1]) for _ in range(rounds)]
        seconds = median(run["seconds"] for run in runs)
        row: dict[str, Any] = {"samples": size, "seconds": seconds, "microseconds a sample": 1e6 * seconds / size}
        row["data MiB"] = runs[0]["data_mib"]
        if runs[0]["fit_mib"] is not None:
            row["fit MiB"] = max(run["fit_mib"] for run in runs)
            row["above fixed / data"] = (row["fit MiB"] - (rows[0] if rows else row)["fit MiB"]) / row["data MiB"]
        rows.append(row)
    large = [row for row in rows if row["samples"] >= 10**4] or rows
    about = (
        f"one epoch of an MLP [20, 16, 4], batch 100; the whole call in a fresh process, {rounds} rounds; seconds grow "
        f"with samples to the power {exponent(large):.2f} from {large[0]['samples']} on, {exponent(large[-2:]):.2f} "
        "between the two largest; fixed costs, which weigh most at the smallest, make it less than 1"
    )
    verdicts = {
        f"{row['samples']} samples: memory of the fit beyond the fixed part at most 2 times the data": bool(
            row["above fixed / data"] <= 2
        )
        for row in rows[1:]
        if "fit MiB" in row
    }
    return Claim(about, rows, verdicts)


def exponent(rows: Sequence[dict[str, Any]]) -> float:
    """The power of the samples that seconds grow with: the slope of a line through the logarithms of both."""
    samples, seconds = ([math.log(row[key]) for row in rows] for key in ("samples", "seconds"))
    return linear_regression(samples, seconds).slope


class _TestClock(Callback):
    """Seconds of the fit so far and test accuracy after each epoch, the clock stopped while it tests."""

    def __init__(self) -> None:
        self.history: list[tuple[float, float]] = []
        self.begin = time.perf_counter()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        stopped = time.perf_counter()
        model, data = pl_module, trainer.datamodule  # type: ignore[attr-defined]
        x, y = data.splits["test"]
        model.eval()
        with torch.no_grad():
            accuracy = float(model.correct(model(data.prepare(x)), y)) / len(y)  # type: ignore[operator]
        model.train()
        self.history.append((stopped - self.begin, accuracy))
        self.begin += time.perf_counter() - stopped


def time_to_accuracy(jobs: dict[str, Job], seeds: Sequence[int] = (42, 1, 2)) -> Claim:
    """mnist-tuned, as shipped, reaches 98 % on the test data in a small part of the tutorial's 20 epochs."""
    job, rows = jobs["mnist"], []
    for seed in seeds:
        model, data, trainer = build("mnist-tuned", data_dir=job.data_dir)
        assert data.splits  # read before the clock starts
        with tempfile.TemporaryDirectory() as folder:
            clock = _TestClock()
            args = trainer | {"callbacks": [*trainer["callbacks"], clock], "enable_progress_bar": False}
            litclf.fit(model, data, seed=seed, threads=1, default_root_dir=folder, **args)
        reached = next((number for number, (_, share) in enumerate(clock.history) if share >= 0.98), None)
        seconds = None if reached is None else clock.history[reached][0]
        outcome = tutorial_loop(job)
        tutorial = 20 * outcome.seconds / outcome.passes
        row: dict[str, Any] = {"seed": seed, "epoch of 98 %": None if reached is None else reached + 1}
        row |= {"seconds to 98 %": seconds, "seconds of all epochs": clock.history[-1][0]}
        row |= {"final test accuracy": clock.history[-1][1], "20 tutorial epochs": tutorial}
        rows.append(row | {"ratio": None if seconds is None else seconds / tutorial})
    ratio = median(math.inf if row["ratio"] is None else row["ratio"] for row in rows)
    about = (
        "mnist-tuned as shipped, with TensorBoard, checkpoints and validation, beside 20 times one epoch of the "
        "tutorial loop; test data is looked at after each epoch with the clock stopped, and chooses nothing"
    )
    return Claim(about, rows, {f"median ratio {ratio:.4f}, at most 1/25 = 0.04": ratio <= 1 / 25})


CLAIMS: dict[str, Callable[[dict[str, Job]], Claim]] = {
    "agreement": agreement,
    "parallel": lambda _: parallel(),
    "startup": lambda _: startup(),
    "growth": lambda _: growth(),
    "time_to_accuracy": time_to_accuracy,
}
"""Each claim's measurement by its name; takes the jobs whose data is there."""
