"""Learning curve: what a model is worth by the share of the rows that it learns from, as members of one fit."""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from litclf.data.base import ClassificationDataModule
from litclf.data.folds import FoldsDataModule
from litclf.models.classifier import Classifier
from litclf.models.members import Members
from litclf.models.seeds import Seeds
from litclf.training.members import values_of
from litclf.training.plan import Plan
from litclf.training.run import run
from litclf.utilities.statistics import nadeau_bengio

SHARES = (0.1, 0.2, 0.4, 0.7)
"""Shares of the training rows of each fold that are learned from beside all of them."""

_METRICS = ("test/accuracy", "test/loss")


def parts_of(
    data: ClassificationDataModule, folds: Sequence[Mapping[str, NDArray[np.int64]]], seed: int
) -> FoldsDataModule:
    """Each fold with each of :data:`SHARES` of its training rows, share by share; what is held out stays the same.

    The classes have the same shares in each part, and what is in a part is in all larger ones.

    Args:
        data: The data.
        folds: Numbers of the rows of each fold's splits.
        seed: Seed of the parts of the first fold, which the others count on from.

    Raises:
        InputError: If nothing can be learned from a part.
    """
    targets = data.drawn_targets
    parts = [
        {**rows, "train": _part(rows["train"], targets, share, seed + number)}
        for share in SHARES
        for number, rows in enumerate(folds)
    ]
    return FoldsDataModule(data, parts, {"shares": list(SHARES), "seed": data.seed})


def learning_curve(plan: Plan, folded: FoldsDataModule, whole: Members, folder: Path) -> pd.DataFrame:
    """Trains each fold on growing shares of its training rows, in as many epochs, and tests it on the rows held out.

    Args:
        plan: What is to be trained, on the data that :func:`parts_of` gave.
        folded: The folds.
        whole: The members that were trained on them.
        folder: Their run folder, in which a folder of the parts lies while they are trained.

    Returns:
        A row for each share: the mean number of training rows, and mean and 95 % interval of accuracy and loss over the
        folds. The last row's ``gain`` is what the accuracy has gained since the one before, with an interval: one that
        holds zero tells of no gain from more data. Intervals allow for the overlap of whole training sets.
    """
    parts, place = cast(FoldsDataModule, plan.data), folder / "learning_curve"
    shutil.rmtree(place, ignore_errors=True)  # what a killed one left
    seeds = Seeds(len(parts.member_data), plan.seed + whole.seeds.count)
    args = plan.trainer_args | {"default_root_dir": place}
    try:
        run(replace(plan, members=seeds, pictures=False, checkpoint=None, trainer_args=args), goes_on_in=folder)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    trained = values_of(cast(Members, cast(Classifier, plan.model).members)), values_of(whole)
    shape = (len(SHARES) + 1, whole.seeds.count)
    sizes = [own.num_train_samples for own in (*parts.member_data, *folded.member_data)]
    table = pd.DataFrame({"share": [*SHARES, 1.0], "rows": np.reshape(sizes, shape).mean(axis=1).round().astype(int)})
    values = {key: np.concatenate([own[key] for own in trained]).reshape(shape) for key in _METRICS}
    for key, own in values.items():
        table[key] = np.nanmean(own, axis=1)
        low, high = np.array([_bounds(each, folded.overlap) for each in own]).T
        table[f"{key}_low"] = low.clip(0)
        table[f"{key}_high"] = high.clip(max=1 if key == "test/accuracy" else None)
    return _with_gain(table, values["test/accuracy"], folded.overlap)


def _with_gain(table: pd.DataFrame, accuracies: NDArray[np.float64], overlap: float) -> pd.DataFrame:
    """Adds what each share has gained in accuracy since the one before, fold by fold."""
    gains = np.diff(accuracies, axis=0)
    bounds = np.array([_bounds(own, overlap) for own in gains]).reshape(-1, 2)
    none = [math.nan]
    table["gain"] = [*none, *np.nanmean(gains, axis=1)]
    table["gain_low"], table["gain_high"] = [*none, *bounds[:, 0]], [*none, *bounds[:, 1]]
    return table


def _bounds(values: NDArray[np.float64], overlap: float) -> tuple[float, float]:
    known = values[np.isfinite(values)].tolist()
    return nadeau_bengio(known, overlap) if len(known) > 1 else (math.nan, math.nan)


def _part(rows: NDArray[np.int64], targets: NDArray[np.int64], share: float, seed: int) -> NDArray[np.int64]:
    """A share of the rows, in which each class has its share and at least one row."""
    generator, places = np.random.default_rng(seed), np.empty(len(rows))
    for number in np.unique(targets[rows]):
        own = np.flatnonzero(targets[rows] == number)
        places[generator.permutation(own)] = np.arange(len(own)) / len(own)
    return np.sort(rows[places < share - 1e-9])
