"""Importance of columns: what models lose on rows they were held out of where one raw column is shuffled."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from litclf.data.base import ClassificationDataModule
from litclf.data.folds import FoldsDataModule
from litclf.models.classifier import Classifier
from litclf.models.networks.ensemble import members_of
from litclf.utilities.statistics import nadeau_bengio
from litclf.utilities.threads import side_by_side, using_threads

_SHUFFLES = 5
"""Orders in which each column of each fold is shuffled, of which the mean is taken."""


def importance(model: Classifier, folded: FoldsDataModule, seed: int = 42) -> pd.DataFrame:
    """What shuffling each raw column costs on the rows that each fold held out.

    All inputs that come from a column are shuffled together: the categories of a nominal one, and the mark of a missing
    number. Two columns that say the same stand in for each other, and neither seems to matter.

    Args:
        model: The model, its members trained on the folds.
        folded: The folds.
        seed: Seed of the orders.

    Returns:
        A row for each column, the most important first: the mean over folds and repeats of the log-loss that is gained
        and of the accuracy that is lost, each with a 95 % interval
        (:func:`~litclf.utilities.statistics.nadeau_bengio`). Empty where inputs are no columns, as of images.

    Source: Breiman, Random Forests, 2001; :func:`sklearn.inspection.permutation_importance`.
    """
    columns = list(dict.fromkeys(_sources(folded.member_data[0])))
    networks = members_of(model.network)

    def lost(number: int) -> list[NDArray[np.float64]]:
        """What a member loses by each column."""
        network, own = networks[number], folded.member_data[number]
        x, y = own.splits["test"].x[:], own.splits["test"].y
        whole = _measured(model, network, own, x, y)
        sources, generator = np.array(_sources(own)), np.random.default_rng((seed, number))
        found = []
        for column in columns:
            shuffled = _shuffles(x, np.flatnonzero(sources == column), generator)
            found.append(np.mean([_measured(model, network, own, each, y) for each in shuffled], axis=0) - whole)
        return found

    with using_threads(1):
        found = side_by_side(lost, [] if model.members is None else model.members.alive)
    # Of the members, by column: the log-loss that is gained, and the accuracy that is lost.
    each = np.array(found).reshape(len(found), len(columns), 2) * (1, -1)
    rows = [{"column": name, **_interval(each[:, number], folded.overlap)} for number, name in enumerate(columns)]
    table = pd.DataFrame(rows, columns=["column", *_NAMES])
    return table.sort_values("loss_gained", ascending=False, kind="stable", ignore_index=True)


_NAMES = [
    *("loss_gained", "loss_gained_low", "loss_gained_high"),
    *("accuracy_lost", "accuracy_lost_low", "accuracy_lost_high"),
]


def _interval(values: NDArray[np.float64], overlap: float) -> dict[str, float]:
    """Mean and interval of both measures, of shape ``(members, 2)``."""
    numbers = []
    for own in values.T:
        numbers += [own.mean(), *(nadeau_bengio(own.tolist(), overlap) if len(own) > 1 else (np.nan, np.nan))]
    return dict(zip(_NAMES, map(float, numbers), strict=True))


def _sources(data: ClassificationDataModule) -> list[str]:
    """The raw column that each input comes from; none where inputs come from no columns."""
    sources: list[str] = getattr(data.preparation, "sources", [])
    return sources


def _shuffles(x: Tensor, places: NDArray[np.int64], generator: np.random.Generator) -> Iterator[Tensor]:
    """The inputs with some of them shuffled, each time in the same memory."""
    shuffled, own = x.clone(), x[:, places]
    for _ in range(_SHUFFLES):
        shuffled[:, places] = own[generator.permutation(len(x))]
        yield shuffled


def _measured(
    model: Classifier, network: torch.nn.Module, data: ClassificationDataModule, x: Tensor, y: Tensor
) -> NDArray[np.float64]:
    """Log-loss and accuracy of a member on stored inputs."""
    with torch.inference_mode():
        logits = model.shaped(network(data.prepare(x)))
        return np.array([float(model.loss(logits, y)), float((model.classes(logits) == y).double().mean())])
