"""Epochs: claims of what a Trainer epoch costs beside its steps, by part, and of what the defaults give a newcomer."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import Any

from claim import Claim
from contenders import SEED, Job, litclf_trainer, tutorial_loop

import litclf

BARE: dict[str, Any] = {"logger": False, "enable_checkpointing": False, "limit_val_batches": 0}
LENGTHS = ((4, 500, 0.10), (20, 100, 0.14), (100, 20, 0.30))
"""Epochs of circles, steps of each, and the most that the fit may take of the bare loop's time."""


def epochs(jobs: dict[str, Job], rounds: int = 5) -> Claim:
    """The same 2000 steps of circles in few and in many epochs, centroids in ten, and what an epoch costs by part."""
    circles, centroids = jobs["circles"], jobs["centroids"]
    cut = {
        number: replace(circles, epochs=number, repeat=steps, steps_per_execution=steps) for number, steps, _ in LENGTHS
    }
    cases = [(circles, cut[number], bound) for number, _, bound in LENGTHS] + [(centroids, centroids, 0.06)]
    loops: dict[str, list[float]] = {job.name: [] for job in (circles, centroids)}
    taken: list[list[float]] = [[] for _ in cases]
    for _ in range(rounds):
        for job in (circles, centroids):
            loops[job.name].append(tutorial_loop(job).seconds)
        for seconds, (_job, own, _bound) in zip(taken, cases, strict=True):
            seconds.append(litclf_trainer(own).seconds)
    rows: list[dict[str, Any]] = []
    verdicts: dict[str, bool] = {}
    for seconds, (job, own, bound) in zip(taken, cases, strict=True):
        ratio = median(one / loop for one, loop in zip(seconds, loops[job.name], strict=True))
        name = f"{job.name} in {own.epochs} epochs"
        rows.append({"fit": name, "seconds": median(seconds), "ratio": ratio})
        verdicts[f"{name}: at most {bound:.2f} of the bare loop"] = ratio <= bound
    parts = {
        "the Trainer alone": BARE,
        "with validation": BARE | {"limit_val_batches": 1.0},
        "with validation and logs": {"enable_checkpointing": False},
        "with all": {},
    }
    few, many = cut[LENGTHS[0][0]], cut[LENGTHS[-1][0]]
    for name, settings in parts.items():
        costs = [
            1000 * (litclf_trainer(many, **settings).seconds - litclf_trainer(few, **settings).seconds)
            for _ in range(rounds)
        ]
        rows.append({"fit": f"an epoch, {name}", "ms an epoch": median(costs) / (many.epochs - few.epochs)})
    verdicts["an epoch of circles costs at most 5 ms beside its steps"] = rows[-1]["ms an epoch"] <= 5
    bare = " and ".join(f"{median(seconds):.3f} s of {name}" for name, seconds in loops.items())
    return Claim(f"one thread; the bare loops take {bare}; {rounds} rounds", rows, verdicts)


def newcomer(_: dict[str, Job], rounds: int = 3, lengths: Sequence[int] = (10, 100, 1000)) -> Claim:
    """The two lines that a newcomer writes, beside the same with the best number of steps per execution given."""
    taken: dict[str, list[float]] = {name: [] for name in ("default", *map(str, lengths))}
    for _round in range(rounds):
        for name in taken:
            settings: dict[str, Any] = {} if name == "default" else {"steps_per_execution": int(name)}
            taken[name].append(_two_lines(settings))
    middle = {name: median(seconds) for name, seconds in taken.items()}
    best = min(middle[str(length)] for length in lengths)
    rows = [{"steps_per_execution": name, "seconds": middle[name], "ratio": middle[name] / best} for name in taken]
    about = "litclf.fit(BinaryClassifier(hidden_dims=[10, 10]), CirclesDataModule(), max_epochs=20)"
    return Claim(about, rows, {"the default takes at most 1.2 times the best": middle["default"] / best <= 1.2})


def _two_lines(settings: dict[str, Any]) -> float:
    """Seconds of a fit as a newcomer writes it."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        model, data = litclf.BinaryClassifier(hidden_dims=[10, 10]), litclf.CirclesDataModule(**settings)
        args: dict[str, Any] = {"max_epochs": 20, "enable_progress_bar": False, "default_root_dir": folder}
        litclf.fit(model, data, seed=SEED, threads=1, **args)
        return time.perf_counter() - begin
