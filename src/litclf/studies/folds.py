"""Folds of a cross-validation: what each row was taken for by models it was held out of, and tables of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_fscore_support
from torch import nn

from litclf.data.base import ClassificationDataModule
from litclf.data.folds import FoldsDataModule
from litclf.models.classifier import Classifier
from litclf.models.networks.ensemble import members_of
from litclf.models.outputs import outputs
from litclf.training.members import values_of
from litclf.utilities.files import write_text
from litclf.utilities.statistics import wilson


@dataclass(frozen=True)
class OutOfFold:
    """What rows were taken for by models that they were held out of.

    Attributes:
        names: What each row is called, such as ``iris.csv line 17``.
        targets: The number of the class of each row, shape ``(N,)``.
        probabilities: Probability of each class, the mean over the repeats, shape ``(N, C)``; not a number for rows
            that no fold has held out.
        folds: The fold that held each row out in each repeat, from 1 on, shape ``(N, repeats)``; 0 for none.
        class_names: Names of the classes.
    """

    names: list[str]
    targets: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    folds: NDArray[np.int64]
    class_names: tuple[str, ...]

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The most probable class of each row that was held out, and -1 for others."""
        known = ~np.isnan(self.probabilities[:, 0])
        return np.where(known, np.nan_to_num(self.probabilities).argmax(axis=1), -1)

    def table(self) -> pd.DataFrame:
        """A row for each row: its name, its class, the one it was taken for, its folds and probabilities."""
        names = np.array([*self.class_names, ""], dtype=object)
        table = pd.DataFrame({"row": self.names, "label": names[self.targets], "predicted": names[self.predicted]})
        for repeat in range(self.folds.shape[1]):
            table[f"fold_{repeat + 1}"] = self.folds[:, repeat]
        for number, name in enumerate(self.class_names):
            table[f"p({name})"] = self.probabilities[:, number]
        return table

    def classes(self) -> pd.DataFrame:
        """A row for each class: rows that were held out, precision, recall with Wilson's 95 % interval, and F1."""
        known = self.predicted >= 0
        numbers = np.arange(len(self.class_names))
        targets, predicted = self.targets[known], self.predicted[known]
        precision, recall, f1, counts = precision_recall_fscore_support(
            targets, predicted, labels=numbers, zero_division=0.0
        )
        bounds = [
            wilson(share, count) if count else (np.nan, np.nan) for share, count in zip(recall, counts, strict=True)
        ]
        low, high = np.array(bounds).T
        own = {"class": self.class_names, "rows": counts, "precision": precision, "recall": recall}
        return pd.DataFrame(own | {"recall_low": low, "recall_high": high, "f1": f1})


def out_of_fold(
    model: Classifier,
    folded: FoldsDataModule,
    data: ClassificationDataModule,
    folds: Sequence[Mapping[str, NDArray[np.int64]]],
    repeats: int,
) -> OutOfFold:
    """What each row is taken for by the members of ``model`` that were not trained on it; diverged ones say nothing.

    Args:
        model: The model, its members trained.
        folded: The data of the members.
        data: The data they are folds of.
        folds: Numbers of the rows of each member's splits.
        repeats: How often the rows were folded.
    """
    assert model.members is not None
    targets = data.drawn_targets
    sums = np.zeros((len(targets), data.num_classes))
    counts, places = np.zeros(len(targets)), np.zeros((len(targets), repeats), dtype=np.int64)
    per_repeat = len(folds) // repeats
    for number, (network, own, rows) in enumerate(
        zip(members_of(model.network), folded.member_data, folds, strict=True)
    ):
        places[rows["test"], number // per_repeat] = number % per_repeat + 1
        if number not in model.members.diverged:
            logits, _ = outputs(_Shaped(network, model), own.test_dataloader())
            sums[rows["test"]] += model.probabilities(logits).double().numpy()
            counts[rows["test"]] += 1
    with np.errstate(invalid="ignore"):
        probabilities = sums / counts[:, None]
    names = [data.row_name(*data.drawn_from(row)) for row in range(len(targets))]
    return OutOfFold(names, targets, probabilities, places, data.class_names)


class _Shaped(nn.Module):
    """A member's network, whose outputs are logits as the model returns them."""

    def __init__(self, network: nn.Module, model: Classifier) -> None:
        super().__init__()
        self.network, self._shaped = network, model.shaped

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self._shaped(self.network(x))
        return logits


def fold_table(model: Classifier, repeats: int, folds: Sequence[Mapping[str, NDArray[np.int64]]]) -> pd.DataFrame:
    """A row for each member: its repeat and fold, its rows, its best epoch, from 1 on, and all that was measured."""
    assert model.members is not None
    members, rows = model.members, []
    values = values_of(members)
    for number, own in enumerate(folds):
        best = members.best[number]
        repeat, fold = divmod(number, len(folds) // repeats)
        row: dict[str, Any] = {"repeat": repeat + 1, "fold": fold + 1, "seed": members.seeds.all[number]}
        row |= {f"{split}_rows": len(own[split]) for split in ("train", "val", "test")}
        row["best_epoch"] = None if best is None or number in members.diverged else best.epoch + 1
        rows.append(row | {key: value[number] for key, value in values.items()})
    return pd.DataFrame(rows).astype({"best_epoch": "Int64"})


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Writes each table that has rows into a run folder, as ``NAME.csv``."""
    for name, own in tables.items():
        if len(own):
            write_text(folder / f"{name}.csv", own.to_csv(index=False, lineterminator="\n"))
