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
    """The same 2000 steps of circles in few and in many epochs, and what an epoch costs by part."""
    job = jobs["circles"]
    rows: list[dict[str, Any]] = []
    verdicts: dict[str, bool] = {}
    cut = {number: replace(job, epochs=number, repeat=steps, steps_per_execution=steps) for number, steps, _ in LENGTHS}
    taken: dict[int, list[float]] = {number: [] for number in cut}
    loops = []
    for _ in range(rounds):
        loops.append(tutorial_loop(job).seconds)
        for number, own in cut.items():
            taken[number].append(litclf_trainer(own).seconds)
    for number, steps, bound in LENGTHS:
        ratio = median(own / loop for own, loop in zip(taken[number], loops, strict=True))
        rows.append({"fit": f"{number} epochs of {steps} steps", "seconds": median(taken[number]), "ratio": ratio})
        verdicts[f"circles in {number} epochs: at most {bound:.2f} of the bare loop"] = ratio <= bound
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
    return Claim(f"one thread; the bare loop takes {median(loops):.3f} s; {rounds} rounds", rows, verdicts)


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
