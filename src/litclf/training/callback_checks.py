"""Callback checks: checkpoints that no command finds, metrics that nobody logs, parts that no model has are refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import (
    BackboneFinetuning,
    BaseFinetuning,
    DeviceStatsMonitor,
    LearningRateMonitor,
    ModelCheckpoint,
    WeightAveraging,
)

from litclf.models.base import SteppedModule
from litclf.training.callbacks.saves import RunCheckpoint
from litclf.utilities.data_spec import DataSpec
from litclf.utilities.errors import InputError, nearest
from litclf.utilities.text import pasted

_WHERE = "trainer.callbacks"

_ALWAYS = {"epoch", "step"}
"""What every ModelCheckpoint knows."""


def check_checkpoints(callbacks: list[Callback], folder: Path) -> None:
    """Refuses checkpoint callbacks whose files no command would find by the run folder, or that keep other weights.

    Args:
        callbacks: The callbacks of a fit.
        folder: Where the checkpoints of the run belong.

    Raises:
        InputError: Naming the setting, and the one to use instead.
    """
    for callback in callbacks:
        if not isinstance(callback, ModelCheckpoint):
            continue
        where = Path(callback.dirpath or folder)
        if where.resolve() != folder.resolve():
            rule = f"ModelCheckpoint keeps its files in {callback.dirpath}, where no command finds them by the run"
            fix = f"drop dirpath; {pasted('--trainer.default_root_dir', str(where))} has the whole run there"
            raise InputError(_WHERE, rule, fix)
        _check_filename(callback)
        if callback.save_weights_only and any(isinstance(one, WeightAveraging) for one in callbacks):
            rule = "ModelCheckpoint with save_weights_only keeps the weights before they are averaged"
            raise InputError(_WHERE, rule, "drop save_weights_only")


def _check_filename(callback: ModelCheckpoint) -> None:
    """Refuses a pattern that names a file in another folder, a hidden one, or none."""
    pattern = callback.filename
    try:
        name = callback.format_checkpoint_name({})
    except (ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
        rule = f"ModelCheckpoint cannot make a name of filename {pattern!r}: {error}"
        raise InputError(_WHERE, rule, "write it as {epoch}-{step}") from error
    outside, hidden = Path(name).parent != Path(callback.dirpath or ""), Path(name).name.startswith(".")
    if outside or hidden:
        rule = f"ModelCheckpoint makes files that no command finds of filename {pattern!r}, such as {Path(name).name}"
        inserted = callback.auto_insert_metric_name and "/" not in re.sub(r"\{.*?\}", "", pattern or "")
        fix = "pass --trainer.callbacks.auto_insert_metric_name false" if inserted else "name a file without a folder"
        raise InputError(_WHERE, rule, "drop the dot" if hidden else fix)


def check_finetuning(callbacks: list[Callback], module: LightningModule) -> None:
    """Refuses callbacks of Lightning that train a part of the model later, where it is not told or has no such part.

    Raises:
        InputError: Naming the callback and the part.
    """
    if any(isinstance(one, BackboneFinetuning) for one in callbacks) and not hasattr(module, "backbone"):
        rule = f"BackboneFinetuning trains the part backbone of a model later, and {type(module).__name__} has none"
        raise InputError(_WHERE, rule, "leave it out: --model.weights_path alone fine-tunes the whole network")
    if any(type(one) is BaseFinetuning for one in callbacks):
        rule = "BaseFinetuning leaves it to a class made from it what is trained when"
        raise InputError(_WHERE, rule, "name such a class, by --allow_classes")


def check_monitors(trainer: Trainer, module: LightningModule, spec: DataSpec) -> bool:
    """Refuses callbacks that wait for a metric that is never logged, where all that is logged is known beforehand.

    That is so for the models of litclf beside callbacks that log nothing. What others log in validation is known after
    one batch of it, unless they have a say in training or ask whether this is but a check; then after an epoch.

    Args:
        trainer: The Trainer of a fit to come.
        module: The model.
        spec: What its data tells.

    Returns:
        Whether one batch of validation must come first, to find what is monitored and not logged.

    Raises:
        InputError: Naming the callback, its metric and those that are logged.
    """
    callbacks: list[Callback] = cast(Any, trainer).callbacks
    logged = module.logged() if isinstance(module, SteppedModule) else set()
    if not isinstance(module, SteppedModule) or not _is_ours(module) or not all(map(_logs_nothing, callbacks)):
        waits = any(is_of_validation(name) and name not in logged for one in callbacks for name, _ in _awaited(one))
        waits = waits or not type(module).configure_optimizers.__module__.startswith("litclf.")
        return waits and not any(map(_may_log_later, (module, *callbacks)))
    if reason := _no_validation(trainer, spec):
        logged = {name for name in logged if not name.startswith("val/")}
    for callback in callbacks:
        for name, what in _awaited(callback):
            if name not in logged | (_ALWAYS if isinstance(callback, ModelCheckpoint) else set()):
                raise not_logged(f"{type(callback).__name__} {what} {name}", name, logged, reason)
    return False


def monitored(trainer: Trainer) -> list[tuple[str, str]]:
    """Who waits for a metric in a fit, as the beginning of a sentence, and for which."""
    callbacks: list[Callback] = cast(Any, trainer).callbacks
    found = [
        (f"{type(one).__name__} {what}", name)
        for one in callbacks
        for name, what in _awaited(one)
        if not (isinstance(one, ModelCheckpoint) and name in _ALWAYS)
    ]
    plans = [plan for plan in trainer.lr_scheduler_configs if plan.reduce_on_plateau and plan.monitor is not None]
    return found + [(f"{type(plan.scheduler).__name__} monitors", str(plan.monitor)) for plan in plans]


def is_of_validation(name: str) -> bool:
    """Whether a metric is one of validation by its name, such as ``val_loss``."""
    return name.lower().startswith("val")


def not_logged(who: str, name: str, logged: set[str], reason: str = "") -> InputError:
    """What is told where a metric is waited for and not logged.

    Args:
        who: The callback, and what it does with it.
        name: The metric.
        logged: Those that are logged.
        reason: Why some are not; empty where there is no reason.
    """
    rule = f"{who}, which is none of {', '.join(sorted(logged))}{reason and f'; {reason}'}"
    near = nearest(name, logged)
    return InputError(_WHERE, rule, f"did you mean {near}?" if near else "take one of these")


def _is_ours(part: object) -> bool:
    return type(part).__module__.startswith("litclf.")


def _logs_nothing(callback: Callback) -> bool:
    known = _is_ours(callback) or type(callback).__module__.startswith("lightning.")
    return known and not isinstance(callback, LearningRateMonitor | DeviceStatsMonitor)


def _may_log_later(one: object) -> bool:
    """Whether what others wrote may log in training what a first batch of validation does not show."""
    theirs = [vars(kind) for kind in type(one).__mro__ if not kind.__module__.startswith(("litclf.", "lightning."))]
    return any(
        name.startswith("on_train") or "sanity_checking" in getattr(getattr(value, "__code__", None), "co_names", ())
        for own in theirs
        for name, value in own.items()
    )


def _awaited(callback: Callback) -> list[tuple[str, str]]:
    """The metrics that a callback waits for, and what it does with each."""
    monitor: Any = getattr(callback, "monitor", None) if getattr(callback, "strict", True) else None
    # Our own is chosen by what there is, and does without where no validation falls into the fit.
    awaited = [(monitor, "monitors")] if isinstance(monitor, str) and not isinstance(callback, RunCheckpoint) else []
    if isinstance(callback, ModelCheckpoint):
        awaited += [(name, "names its files by") for name in re.findall(r"\{(.*?)[:\}]", callback.filename or "")]
    return awaited


def _no_validation(trainer: Trainer, spec: DataSpec) -> str:
    """Why a fit has no validation; empty where it has one."""
    if not spec.has("val"):
        return "the data has no validation split"
    if trainer.limit_val_batches == 0:
        return "--trainer.limit_val_batches is 0"
    every, epochs = trainer.check_val_every_n_epoch, trainer.max_epochs
    if every is not None and epochs not in (None, -1) and every > epochs:
        return f"--trainer.check_val_every_n_epoch is {every}, the fit has {epochs} epochs"
    return ""
