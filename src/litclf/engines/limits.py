"""What an execution of several steps cannot do, refused when the run is made, with the setting to use instead."""

from __future__ import annotations

import copy
from typing import Any, cast

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import BatchSizeFinder, LearningRateFinder, StochasticWeightAveraging
from lightning.pytorch.strategies.launchers import _MultiProcessingLauncher
from lightning.pytorch.utilities.model_helpers import is_overridden
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.lr_scheduler import ReduceLROnPlateau

from litclf.utilities.errors import InputError

_ORDINARY = "pass --data.steps_per_execution 1"


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
        if isinstance(callback, LearningRateFinder | BatchSizeFinder | StochasticWeightAveraging):
            raise _refusal("callbacks", type(callback).__name__)
    module: Any = trainer.lightning_module
    if module is not None:
        _check_module(module)


def check_launcher(trainer: Trainer, strategy: object) -> None:
    """Refuses strategies whose processes end with each stage, and take what the fit has counted with them.

    Args:
        trainer: The Trainer.
        strategy: What it was given as its strategy.

    Raises:
        InputError: Naming the strategy, and the one to use instead.
    """
    if isinstance(trainer.strategy.launcher, _MultiProcessingLauncher):
        rule = f"must run the script in each of its processes, which {strategy} does not"
        raise InputError("trainer.strategy", rule, "pass ddp, or start the script by torchrun")


def check_last_batch(model: LightningModule, num_samples: int, batch_size: int | None) -> None:
    """Refuses a last mini-batch of one sample, where batch normalisation has nothing to take a spread from.

    Args:
        model: The model, built.
        num_samples: Size of the training split.
        batch_size: Samples of a mini-batch; None for all.

    Raises:
        InputError: Naming the size of the mini-batches.
    """
    network, example = getattr(model, "network", None), model.example_input_array
    last = num_samples % batch_size if batch_size else num_samples
    normalises = isinstance(network, nn.Module) and any(isinstance(part, _BatchNorm) for part in network.modules())
    if last != 1 or not normalises or not isinstance(example, Tensor):
        return
    try:
        with torch.no_grad():
            copy.deepcopy(cast(nn.Module, network)).train()(example[:1])
    except ValueError as error:
        rule = f"{batch_size} leaves one of {num_samples} samples for the last mini-batch, too few for batch norm"
        raise InputError("data.batch_size", rule, f"pass {(batch_size or 1) + 1}") from error


def check_schedulers(trainer: Trainer) -> None:
    """Refuses learning-rate schedules that do not move with every optimizer step.

    Raises:
        InputError: Naming the schedule's class and what to use instead.
    """
    for config in trainer.lr_scheduler_configs:
        waits = isinstance(config.scheduler, ReduceLROnPlateau)
        if waits or config.interval != "step" or config.frequency != 1:
            rule = f"{type(config.scheduler).__name__} must move with every optimizer step of an execution"
            raise InputError("configure_optimizers", rule, f'return it with "interval": "step", or {_ORDINARY}')


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
