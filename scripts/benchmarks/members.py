"""Members: claims of what many fits at once cost beside one, of seeds and of folds, in time and in memory.

    python scripts/benchmarks/members.py circles 32

prints the peak memory of a process that trains so many members of a job. Unlike the contenders, members may use every
core that there is, and so may the fits that they are held against.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import torch
from claim import Claim, ended
from contenders import SEED, EndOfFit, Job, classifier, jobs, tutorial_loop
from machine import peak_memory
from sklearn.datasets import make_classification

import litclf

SEEDS, MNIST_SEEDS, FOLDS = 32, 8, 10
PLAIN: dict[str, Any] = {"enable_progress_bar": False}


def members(available: dict[str, Job], rounds: int = 5, mnist_rounds: int = 2) -> Claim:
    """Seeds as members beside the bare loop's one, and beside fits one after the other; folds beside one fit."""
    rows: list[dict[str, Any]] = []
    verdicts: dict[str, bool] = {}

    def hold(what: str, beside: str, bound: float, *pairs: tuple[float, float]) -> None:
        own, other = (median(seconds) for seconds in zip(*pairs, strict=True))
        ratio = median(one / two for one, two in pairs)
        rows.append({"what": what, "seconds": own, "beside": beside, "its seconds": other, "ratio": ratio})
        verdicts[f"{what}: at most {bound} times {beside}"] = ratio <= bound

    for name, bound in (("circles", 1.5), ("centroids", 1.0)):
        job = available[name]
        train(job, SEEDS)  # first uses
        pairs = [(train(job, SEEDS), tutorial_loop(job).seconds) for _ in range(rounds)]
        hold(f"{name}, {SEEDS} members", "the bare loop for one", bound, *pairs)
    pairs = [(train(available["circles"], 1), train(available["circles"])) for _ in range(rounds)]
    hold("circles, members=1", "a fit without it", 1.05, *pairs)
    if "mnist" in available:
        job = replace(available["mnist"], batch_size=128)
        train(job)  # first uses
        pairs = [(train(job, MNIST_SEEDS), sum(train(job) for _ in range(MNIST_SEEDS))) for _ in range(mnist_rounds)]
        hold(f"MNIST, batch 128, {MNIST_SEEDS} members", f"{MNIST_SEEDS} fits in turn", 0.6, *pairs)
    with tempfile.TemporaryDirectory() as folder:
        table = write_table(Path(folder, "table.csv"))
        cross_validate(table)  # first uses
        timed = [(cross_validate(table), fit_table(table)) for _ in range(rounds)]
    for number, what in enumerate(("training", "the whole call")):
        hold(f"{FOLDS} folds, {what}", "one fit", 4, *((own[number], one[number]) for own, one in timed))
    remembered, kept = memory(available)
    return Claim(f"median of {rounds} alternating rounds, all cores", rows + remembered, verdicts | kept)


def train(job: Job, count: int | None = None) -> float:
    """Seconds from the call of ``litclf.fit`` to the end of the fit, with ``count`` members."""
    data, end = job.data(), EndOfFit()
    args: dict[str, Any] = {} if count is None else {"members": count}
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        args |= PLAIN | {"max_epochs": job.epochs, "callbacks": [end], "default_root_dir": folder}
        litclf.fit(classifier(job), data, seed=SEED, **args)
    return end.time - begin


def write_table(path: Path) -> Path:
    """A table of 5000 rows and 20 columns of numbers."""
    x, y = make_classification(5000, 20, n_informative=10, n_classes=3, random_state=SEED)
    frame = pd.DataFrame(x.astype(np.float32), columns=[f"x{number}" for number in range(20)])
    frame.assign(target=np.array(["a", "b", "c"])[y]).to_csv(path, index=False)
    return path


def _timed(call: Callable[..., Any], table: Path, **settings: Any) -> tuple[Any, float]:
    """What ``call`` gives for the table, and its seconds."""
    data = litclf.TableDataModule(path=str(table), target="target")
    model = litclf.MulticlassClassifier(hidden_dims=[128, 64], optimizer="adam", lr=0.001)
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        result = call(model, data, max_epochs=20, default_root_dir=folder, **PLAIN, **settings)
        return result, time.perf_counter() - begin


def fit_table(table: Path) -> tuple[float, float]:
    """Seconds of the training of one fit, and of the whole call."""
    result, seconds = _timed(litclf.fit, table)
    return result.metrics["fit_seconds"], seconds


def cross_validate(table: Path) -> tuple[float, float]:
    """Seconds of the training of all folds, and of the whole call, which writes the tables of the folds too."""
    result, seconds = _timed(litclf.cross_validate, table, folds=FOLDS)
    return result.run.metrics["fit_seconds"], seconds


def memory(available: dict[str, Job]) -> tuple[list[dict[str, Any]], dict[str, bool]]:
    """Peaks of processes of their own: of seeds of circles beside one fit's, and of MNIST's beside its data."""
    own, one = (_peak(available["circles"], count) for count in (SEEDS, 1))
    if own is None or one is None:
        return [], {}
    rows = [{"what": f"circles, {SEEDS} members", "MiB": own, "beside": "one fit", "its MiB": one, "ratio": own / one}]
    verdicts = {f"memory of {SEEDS} members of circles: at most 1.2 times one fit's": own <= 1.2 * one}
    if "mnist" in available:
        job = available["mnist"]
        x, y = job.data().splits["train"]
        held = (x.nbytes + y.nbytes) / 2**20
        own, one = (_peak(job, count) or 0 for count in (MNIST_SEEDS, 1))
        rows.append({"what": f"MNIST, {MNIST_SEEDS} members", "MiB": own, "beside": "one fit", "its MiB": one})
        rows[-1] |= {"ratio": own / one, "data MiB": held}
        verdict = f"memory of {MNIST_SEEDS} members of MNIST: less than copies of the data for the others would take"
        verdicts[verdict] = own - one < (MNIST_SEEDS - 1) * held
    return rows, verdicts


def _peak(job: Job, count: int) -> float | None:
    """Peak memory of a process that trains ``count`` members, in MiB; None where the system does not tell."""
    command = [sys.executable, __file__, job.name, str(count), *([job.data_dir] if job.data_dir else [])]
    peak: float | None = json.loads(ended(command).output.splitlines()[-1])
    return peak


if __name__ == "__main__":
    torch.set_num_threads(1)
    train(jobs(sys.argv[3] if len(sys.argv) > 3 else None)[sys.argv[1]], int(sys.argv[2]))
    print(json.dumps(peak_memory()))
