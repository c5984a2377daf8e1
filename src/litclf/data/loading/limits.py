"""Limits of an execution of several steps: what it cannot do, and so whether and how many a fit has.

Where a number of steps was asked for, what it cannot do is refused when the run is made, with a way out; ``auto`` takes
ordinary batches instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

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
_SEVERAL = "--data.steps_per_execution 100"

_BY_BATCH = (
    BatchSizeFinder,
    GradientAccumulationScheduler,
    LearningRateFinder,
    StochasticWeightAveraging,
    WeightAveraging,
)
"""Callbacks of Lightning that work batch by batch, each of which is one step to them."""

_BATCH_HOOKS = ("on_train_batch_start", "on_train_batch_end")


_OWN_HOOKS = (*_BATCH_HOOKS, "training_step", "configure_optimizers")
"""Methods of a model that may count on a batch being one step, where they are not ours."""

_MEMORY = 16 * 2**20
"""Bytes of inputs that ``auto`` gathers for an execution: 167 mini-batches of 32 MNIST digits. Longer ones leave the
caches of the processor and gain nothing."""

_MOST = 10_000
"""Steps that ``auto`` has in an execution at most; those of an epoch are often fewer."""


def sensible_steps(bytes_per_step: int) -> int:
    """Steps of an execution that are many enough to cost nothing beside themselves, of a bounded memory.

    Args:
        bytes_per_step: What a mini-batch takes.

    Example:
        >>> sensible_steps(32 * 784 * 4), sensible_steps(0), sensible_steps(10**9)
        (167, 10000, 2)
    """
    return max(2, min(_MOST, _MEMORY // max(bytes_per_step, 1)))


def reason_against(trainer: Trainer, module: LightningModule | None) -> str | None:
    """Why a fit needs ordinary batches; None where executions give the same.

    Args:
        trainer: Its Trainer.
        module: What it trains; without one there is nothing that could take an execution.
    """
    if module is None:
        return "no model is trained"
    for refusal in _refusals(trainer, module):
        return f"{refusal.where} {refusal.what}"
    for one in (*cast(Any, trainer).callbacks, module):
        kind = type(one)
        hooks = _OWN_HOOKS if one is module else () if hasattr(one, "on_steps") else _BATCH_HOOKS
        for hook in hooks:
            if not getattr(kind, hook).__module__.startswith(("litclf.", "lightning.")):
                return f"{kind.__name__}.{hook} may count on a batch for each step; else pass {_SEVERAL}"
    return None


@part("data")
def check_trainer(trainer: Trainer, module: LightningModule | None = None) -> None:
    """Refuses what counts or changes single batches, which an execution of K > 1 steps would falsify.

    Args:
        trainer: The Trainer of a fit.
        module: What it trains, where that is known.

    Raises:
        InputError: Naming the setting, its value and what to use instead.
    """
    for refusal in _refusals(trainer, module):
        raise refusal


def _refusals(trainer: Trainer, module: LightningModule | None) -> Iterator[InputError]:
    """All that executions of several steps would falsify."""
    settings: Any = trainer  # Lightning declares not all of them
    if trainer.accumulate_grad_batches != 1:
        yield _refusal("accumulate_grad_batches", trainer.accumulate_grad_batches, "or a larger --data.batch_size")
    interval = getattr(trainer, "val_check_interval", "a time")  # which Lightning keeps under another name
    if interval != 1.0:
        yield _refusal("val_check_interval", interval, "or a smaller --data.repeat")
    if settings.overfit_batches:
        yield _refusal("overfit_batches", settings.overfit_batches)
    if isinstance(trainer.limit_train_batches, float) and trainer.limit_train_batches not in (0.0, 1.0):
        yield _refusal("limit_train_batches", trainer.limit_train_batches, "or a number of mini-batches such as 100")
    if trainer.gradient_clip_val and trainer.precision == "16-mixed":
        yield _refusal("gradient_clip_val", trainer.gradient_clip_val, "or --trainer.precision bf16-mixed")
    for callback in settings.callbacks:
        if isinstance(callback, _BY_BATCH):
            yield _refusal("callbacks", type(callback).__name__)
    if module is not None:
        yield from _refusals_of(module)


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


def _refusals_of(module: LightningModule) -> Iterator[InputError]:
    name = type(module).__name__
    if not (hasattr(module, "step") and hasattr(module, "correct")):
        rule = f"must be 1 for {name}, which takes ordinary batches only"
        yield InputError("steps_per_execution", rule, _ORDINARY)
    for hook in ("optimizer_step", "optimizer_zero_grad"):
        if is_overridden(hook, module, parent=LightningModule):
            yield InputError(f"{name}.{hook}", "is not called while an execution runs several steps", _ORDINARY)


def _refusal(setting: str, value: object, other: str = "") -> InputError:
    return InputError(
        f"trainer.{setting}",
        f"cannot be {value} while an execution runs several optimizer steps",
        f"{_ORDINARY}{' ' if other else ''}{other}",
    )
