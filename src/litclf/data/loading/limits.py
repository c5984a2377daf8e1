"""Limits of an execution of several steps: what it cannot do is refused when the run is made, with a way out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import (
    BatchSizeFinder,
    GradientAccumulationScheduler,
    LearningRateFinder,
    StochasticWeightAveraging,
    WeightAveraging,
)
from lightning.pytorch.utilities.model_helpers import is_overridden

from litclf.utilities.errors import InputError, part

_ORDINARY = "pass --data.steps_per_execution 1"

_BY_BATCH = (
    BatchSizeFinder,
    GradientAccumulationScheduler,
    LearningRateFinder,
    StochasticWeightAveraging,
    WeightAveraging,
)
"""Callbacks of Lightning that work batch by batch, each of which is one step to them."""

_BATCH_HOOKS = ("on_train_batch_start", "on_train_batch_end")


@part("data")
def check_trainer(trainer: Trainer) -> None:
    """Refuses Trainer settings that count or change single batches, which an execution of K > 1 steps would falsify.

    Raises:
        InputError: Naming the setting, its value and what to use instead.
    """
    settings: Any = trainer  # Lightning declares not all of them
    if trainer.accumulate_grad_batches != 1:
        raise _refusal("accumulate_grad_batches", trainer.accumulate_grad_batches, "or a larger --data.batch_size")
    if trainer.val_check_interval != 1.0:
        raise _refusal("val_check_interval", trainer.val_check_interval, "or a smaller --data.repeat")
    if settings.overfit_batches:
        raise _refusal("overfit_batches", settings.overfit_batches)
    if isinstance(trainer.limit_train_batches, float) and trainer.limit_train_batches not in (0.0, 1.0):
        raise _refusal("limit_train_batches", trainer.limit_train_batches, "or a number of mini-batches such as 100")
    if trainer.gradient_clip_val and trainer.precision == "16-mixed":
        raise _refusal("gradient_clip_val", trainer.gradient_clip_val, "or --trainer.precision bf16-mixed")
    for callback in settings.callbacks:
        if isinstance(callback, _BY_BATCH):
            raise _refusal("callbacks", type(callback).__name__)
    module: Any = trainer.lightning_module
    if module is not None:
        _check_module(module)


def notes_on(callbacks: Sequence[Callback]) -> list[str]:
    """What is to be said of callbacks of one's own that follow batches: an execution is one to them.

    Example:
        >>> notes_on([WeightAveraging()])  # Lightning's own are known, and refused where they cannot be
        []
    """
    theirs = [one for one in callbacks if not type(one).__module__.startswith(("litclf.", "lightning."))]
    return [
        f"{type(one).__name__} is called once for all steps of an execution; for a call after each {_ORDINARY}"
        for one in theirs
        if not hasattr(one, "on_steps") and any(is_overridden(hook, one, parent=Callback) for hook in _BATCH_HOOKS)
    ]


def _check_module(module: LightningModule) -> None:
    name = type(module).__name__
    if not (hasattr(module, "step") and hasattr(module, "correct")):
        rule = f"must be 1 for {name}, which takes ordinary batches only"
        raise InputError("steps_per_execution", rule, _ORDINARY)
    for hook in ("optimizer_step", "optimizer_zero_grad"):
        if is_overridden(hook, module, parent=LightningModule):
            raise InputError(f"{name}.{hook}", "is not called while an execution runs several steps", _ORDINARY)


def _refusal(setting: str, value: object, other: str = "") -> InputError:
    return InputError(
        f"trainer.{setting}",
        f"cannot be {value} while an execution runs several optimizer steps",
        f"{_ORDINARY}{' ' if other else ''}{other}",
    )
