"""Final model: one network trained on all rows that were folded, for as long as the folds found best."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np
import yaml
from lightning.pytorch import Callback

from litclf.data.base import ClassificationDataModule
from litclf.models.members import Members
from litclf.training.plan import Plan
from litclf.training.run import RunResult, run
from litclf.utilities.notes import tell

_SHARES = ("holdout", "val_size", "test_size")
"""Arguments that hold rows out of training, where data have them."""


def train_final(plan: Plan, data: ClassificationDataModule, folds: Members) -> RunResult:
    """Trains on all rows, for the median of the folds' best epochs.

    Args:
        plan: What would be trained on ``data``, from the start.
        data: The data that were folded.
        folds: The members that were trained on the folds.
    """
    best = [one.epoch + 1 for number in folds.alive if (one := folds.best[number]) is not None]
    epochs = round(median(best)) if best else plan.trainer_args.get("max_epochs")
    whole, changed = on_all_rows(data)
    config = _config(plan.config, changed, epochs)
    args = plan.trainer_args | {"max_epochs": epochs}
    if plan.trainer_args.get("callbacks") and not len(whole.splits["val"].y):
        args["callbacks"] = _without_validation(plan.trainer_args["callbacks"])
    return run(replace(plan, data=whole, config=config, trainer_args=args))


def _without_validation(given: Callback | list[Callback]) -> list[Callback]:
    """The callbacks that wait for nothing that only validation measures; says which are left out."""
    callbacks = given if isinstance(given, list) else [given]
    waiting = [own for own in callbacks if str(getattr(own, "monitor", None)).startswith("val/")]
    if waiting:
        names = " and ".join(type(own).__name__ for own in waiting)
        tell(f"final model: trained without {names}, for no rows are left to validate on")
    return [own for own in callbacks if own not in waiting]


def on_all_rows(data: ClassificationDataModule) -> tuple[ClassificationDataModule, dict[str, Any]]:
    """Data of the same rows, all of them in training, and the arguments by which they differ.

    A test that came with the data is theirs still. Where rows for validation came with the data, no argument says that
    they are trained on: such data are the same but for their splits.

    Example:
        >>> from litclf import BlobsDataModule
        >>> whole, changed = on_all_rows(BlobsDataModule(num_samples=100))
        >>> whole.num_train_samples, changed
        (100, {'holdout': 0.0})
    """
    given, names = dict(data.hparams), inspect.signature(type(data)).parameters
    changed = {name: type(given[name])(0) for name in _SHARES if name in names and given.get(name)}
    rows = np.arange(len(data.drawn_targets))
    if changed and names.keys() <= given.keys() and not isinstance(given.get("rows"), str):
        whole = type(data)(**{name: given[name] for name in names} | changed)
        if whole.num_train_samples == len(rows):
            return whole, changed
    return data.with_rows({"train": rows, "val": rows[:0]}), {}


def _config(text: str, changed: Mapping[str, Any], epochs: int | None) -> str:
    """The config by which the final model is trained again, and gone on with where it was stopped."""
    content = yaml.safe_load(text) or {}
    content.setdefault("trainer", {})["max_epochs"] = epochs
    (content.get("data") or {}).setdefault("init_args", {}).update(changed)
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
