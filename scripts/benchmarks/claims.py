"""Claims of litclf beside the speed of its fits, each measured by one function; run by `benchmark.py`.

A claim is reported as it came out, met or missed. Processes that are timed run in empty folders of their own.
"""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import linear_regression, median
from typing import Any

import torch
import yaml
from claim import FOLDER, LITCLF, Claim, ended
from commands import commands, pictures, startup
from contenders import SEED, Job, classifier, tutorial_loop
from epochs import epochs, newcomer
from lightning.pytorch import Callback, LightningModule, Trainer, seed_everything
from members import members

import litclf
from litclf.cli.presets import preset_path

NUDGES = (1e-7, 2e-7)
"""Changes of one initial weight, of the size of rounding; how far they move a loss is what rounding alone can do."""


def final_loss(job: Job, engine: str, nudge: float = 0.0) -> tuple[str, float]:
    """The engine taken, and the training loss at the end of a fit with one initial weight moved by ``nudge``."""
    data, model = job.data(), classifier(job, engine=engine)
    # The weights that litclf.fit would draw, drawn before it so that one can be moved.
    seed_everything(SEED, verbose=False)
    model.attach(data)
    if nudge:
        with torch.no_grad():
            next(model.parameters())[0, 400] += nudge  # of a pixel in the middle, which is not always black
    args: dict[str, Any] = {"max_epochs": job.epochs, "enable_progress_bar": False}
    with tempfile.TemporaryDirectory() as folder:
        metrics = litclf.fit(model, data, seed=SEED, threads=1, default_root_dir=folder, **args).metrics
    return metrics["engine"].split(",")[0], metrics["train/loss"]


def agreement(jobs: dict[str, Job]) -> Claim:
    """The default engine and the eager one end on the same loss; for MNIST, beside what rounding alone does to it."""
    rows: list[dict[str, Any]] = []
    verdicts: dict[str, bool] = {}
    cases = list(jobs.items())
    if "mnist" in jobs:
        # At the preset's rate Adam makes large steps of what rounding leaves; at this one it does not.
        cases.append(("mnist, lr 0.0001", replace(jobs["mnist"], lr=0.0001)))
    for name, job in cases:
        own: list[dict[str, Any]] = []
        for engine, nudge in [
            ("auto", 0.0),
            ("eager", 0.0),
            *(("eager", nudge) for nudge in NUDGES if name == "mnist"),
        ]:
            taken, loss = final_loss(job, engine, nudge)
            own.append({"job": name, "engine": f"{taken}, a weight + {nudge:.0e}" if nudge else taken})
            own[-1]["final loss"] = loss
        default, eager = own[:2]
        for row in own:
            row["off eager"] = abs(row["final loss"] - eager["final loss"]) / eager["final loss"]
        verdict = f"{name}: final loss of {default['engine']} and eager the same to four digits"
        verdicts[verdict] = same_digits(default["final loss"], eager["final loss"])
        rows += own
    return Claim("training loss by engine, and its relative difference to the eager engine's", rows, verdicts)


def same_digits(a: float, b: float) -> bool:
    """Whether ``a`` is ``b`` to four significant digits: within five units of the fifth."""
    return abs(a - b) <= 5e-4 * abs(b)


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


def growth(sizes: Sequence[int] = (10**3, 10**4, 10**5, 10**6), rounds: int = 3) -> Claim:
    """Seconds and memory by the number of samples; what the smallest fit takes counts as the fixed part of memory."""
    rows: list[dict[str, Any]] = []
    for size in sizes:
        command = [sys.executable, str(FOLDER / "growth.py"), str(size)]
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
    config = yaml.safe_load(preset_path("mnist-tuned").read_text(encoding="utf-8"))
    for seed in seeds:
        model = litclf.MulticlassClassifier(**config["model"]["init_args"])
        data = litclf.MNISTDataModule(**config["data"]["init_args"] | {"data_dir": job.data_dir})
        assert data.splits  # read before the clock starts
        with tempfile.TemporaryDirectory() as folder:
            clock = _TestClock()
            args = config["trainer"] | {"callbacks": [clock], "enable_progress_bar": False}
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
    "commands": lambda _: commands(),
    "pictures": pictures,
    "epochs": epochs,
    "newcomer": newcomer,
    "members": members,
    "growth": lambda _: growth(),
    "time_to_accuracy": time_to_accuracy,
}
"""Each claim's measurement by its name; takes the jobs whose data is there."""
