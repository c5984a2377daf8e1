"""Learning curve: what a model is worth by the share of the rows that it learns from, as members of one fit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from litclf.data.base import ClassificationDataModule
from litclf.data.folds import FoldsDataModule
from litclf.models.classifier import Classifier
from litclf.models.seeds import Seeds
from litclf.training.members import values_of
from litclf.training.plan import Plan
from litclf.training.run import run
from litclf.utilities.statistics import nadeau_bengio

SHARES = (0.1, 0.2, 0.4, 0.7, 1.0)
"""Shares of the training rows of each fold."""

_METRICS = ("test/accuracy", "test/loss")


def learning_curve(
    plan: Plan, folds: Sequence[Mapping[str, NDArray[np.int64]]], shares: Sequence[float] = SHARES
) -> pd.DataFrame:
    """Trains each fold on growing shares of its training rows, in as many epochs, and tests it on the rows held out.

    The classes have the same shares in each part, and what is in a part is in all larger ones.

    Args:
        plan: What is to be trained, on the data that ``folds`` are of.
        folds: Numbers of the rows of each fold's splits.
        shares: The shares, in (0, 1].

    Returns:
        A row for each share: the mean number of training rows, and mean and 95 % interval of accuracy and loss over the
        folds. The last row's ``gain`` is what the accuracy has gained since the one before, with an interval: one that
        holds zero tells of no gain from more data.
    """
    data = cast(ClassificationDataModule, plan.data)
    targets = data.drawn_targets
    parts = [
        {**rows, "train": _part(rows["train"], targets, share, plan.seed + number)}
        for share in shares
        for number, rows in enumerate(folds)
    ]
    folded = FoldsDataModule(data, parts, {"shares": list(shares), "seed": data.seed})
    seeds = Seeds(len(parts), plan.seed)
    run(replace(plan, data=folded, name=f"{plan.name}_learning_curve", members=seeds, pictures=False))
    members = cast(Classifier, plan.model).members
    assert members is not None
    values = {key: own.reshape(len(shares), -1) for key, own in values_of(members).items() if key in _METRICS}
    sizes = np.array([len(rows["train"]) for rows in parts]).reshape(len(shares), -1).mean(axis=1)
    table = pd.DataFrame({"share": shares, "rows": sizes.round().astype(int)})
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
