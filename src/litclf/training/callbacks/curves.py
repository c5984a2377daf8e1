"""Curve callback: loss and accuracy over a fit, against what takes no network."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

import numpy as np
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from threadpoolctl import threadpool_limits

from litclf.data.base import ClassificationDataModule
from litclf.models.classifier import Classifier
from litclf.models.members import Members
from litclf.runs.history import History
from litclf.runs.read import read_rows
from litclf.training.callbacks.picture import Picture, logits_of, some_of
from litclf.training.loggers.csv import MetricsCSV

if TYPE_CHECKING:
    from litclf.visualization.plots.curves import MemberLines

_SHOWN = ("loss", "accuracy", "psnr")
_MOST_SAMPLES, _MOST_NUMBERS = 2000, 5000
"""Samples that the logistic regression is fitted to and held against, and numbers of a sample above which there is
none: enough for a line to compare with, in a fraction of a second."""


class Curves(Picture):
    """Draws ``curves.png``: train and val of loss and accuracy, the best epoch, and two baselines.

    Behind the epochs' losses lies that of the training between them, as far as ``metrics.csv`` has it; behind the means
    of members, the members.

    The baselines learn from the training split (the logistic regression from 2000 samples of it, at most, as the
    page says) and are measured on the validation split: the majority class, with the classes' shares as probabilities,
    and a logistic regression of scikit-learn.

    Attributes:
        history: Optimizer steps and values of each metric, under its log key; part of the checkpoint.

    Example:
        >>> Curves().history
        {}
    """

    kept = ("facts", "history")

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[list[float]]] = {}

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Notes the epoch's metrics."""
        for name in _SHOWN:
            for key in (f"train/{name}", f"val/{name}"):
                if key in trainer.callback_metrics:
                    steps, values = self.history.setdefault(key, [[], []])
                    steps.append(trainer.global_step)
                    values.append(float(trainer.callback_metrics[key]))

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draws the curves."""
        if not trainer.is_global_zero or not self.history:
            return
        from litclf.visualization.plots.curves import draw_curves

        data = self.data_of(trainer)
        self.facts["baselines"] = baselines(data, pl_module) if isinstance(data, ClassificationDataModule) else {}
        curves = {key: (steps, values) for key, (steps, values) in self.history.items()}
        members = pl_module.members if isinstance(pl_module, Classifier) else None
        if members is None:
            figure = draw_curves(curves | _by_step(trainer), self._best(trainer), self.facts["baselines"])
        else:
            figure = draw_curves(curves, None, self.facts["baselines"], lines_of(members))
        self.show(trainer, "curves", figure)

    def _best(self, trainer: Trainer) -> float | None:
        """Optimizer steps after which the checkpoint kept as the best was written."""
        for callback in trainer.checkpoint_callbacks:
            if isinstance(callback, ModelCheckpoint) and callback.monitor in self.history:
                steps, values = self.history[callback.monitor]
                return float(steps[int(np.argmax(values) if callback.mode == "max" else np.argmin(values))])
        return None


def lines_of(members: Members) -> MemberLines:
    """What the curves show of the members of a fit."""
    from litclf.visualization.plots.curves import MemberLines

    shown = {f"{stage}/{name}" for stage in ("train", "val") for name in _SHOWN} & set(members.curves)
    curves = {key: members.curves[key] for key in shown}
    best = [best.step for number in members.alive if (best := members.best[number]) is not None]
    return MemberLines({key: ([one.step for one in when], own.numpy()) for key, (when, own) in curves.items()}, best)


def _by_step(trainer: Trainer) -> dict[str, tuple[list[float], list[float]]]:
    """The training loss between the epochs' ends, from ``metrics.csv``, which holds that of a resumed fit whole."""
    for logger in trainer.loggers:
        if isinstance(logger, MetricsCSV):
            logger.write()
            points = History({}, {}, read_rows(logger.path)).curve("train/loss_step")
            return {"train/loss_step": ([point.step + 1 for point in points], [point.value for point in points])}
    return {}


def baselines(data: ClassificationDataModule, model: LightningModule | None = None) -> dict[str, dict[str, float]]:
    """Loss and accuracy on the validation split of what takes no network; on the training split where there is none.

    Args:
        data: The data, loaded.
        model: What the logistic regression is held against, sample by sample, where there is a validation split.

    Returns:
        Scores by the name of a baseline. Of the logistic regression also ``rows``, those that it was fitted on; and,
        beside a classifier, ``samples`` that both were asked for, ``right`` of its own, and those that ``only_model``
        and ``only_baseline`` have right.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression  # after the fit, which does not wait for it
    from sklearn.metrics import accuracy_score, log_loss

    held_out = "val" if len(data.splits["val"].y) else "train"
    y, held_y = (data.splits[split].y.cpu().numpy() for split in ("train", held_out))
    shares = np.bincount(y, minlength=data.num_classes) / len(y)
    labels = np.arange(data.num_classes)
    majority = np.full(len(held_y), shares.argmax())
    found = {
        "majority class": {
            "loss": float(log_loss(held_y, np.tile(shares, (len(held_y), 1)), labels=labels)),
            "accuracy": float(accuracy_score(held_y, majority)),
        }
    }
    if math.prod(data.input_shape) > _MOST_NUMBERS:
        return found
    few, held = (some_of(data, split, _MOST_SAMPLES) for split in ("train", held_out))
    few_x, held_x = (data.prepare(x).flatten(1).numpy() for x, _ in (few, held))
    few_y, held_y = few[1].numpy(), held[1].numpy()
    if len(np.unique(few_y)) < data.num_classes:
        return found
    # More threads wait for each other longer than they work, thirtyfold on a busy machine.
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # a line to compare with needs no last digit
        regression = LogisticRegression(max_iter=50).fit(few_x, few_y)
    found["logistic regression"] = {
        "loss": float(log_loss(held_y, regression.predict_proba(held_x), labels=labels)),
        "accuracy": float(regression.score(held_x, held_y)),
        "rows": len(few_y),
    }
    if isinstance(model, Classifier) and model.members is None and held_out == "val":
        own = model.probabilities(logits_of(model, data, held[0])).argmax(1).numpy() == held_y
        other = regression.predict(held_x) == held_y
        found["logistic regression"] |= {
            "samples": len(held_y),
            "right": int(other.sum()),
            "only_model": int((own & ~other).sum()),
            "only_baseline": int((other & ~own).sum()),
        }
    return found
