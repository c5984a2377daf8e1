"""Optimizers: how weights are updated, by an optimizer and a learning-rate schedule, each by its name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from lightning.pytorch import Trainer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR, ReduceLROnPlateau, StepLR

from litclf.utilities.checks import not_negative, one_of, positive, share
from litclf.utilities.data_spec import DataSpec, data_of, total_steps
from litclf.utilities.errors import InputError

OPTIMIZERS = ("sgd", "adam", "adamw")
SCHEDULES = ("none", "cosine", "onecycle", "step")


@dataclass(frozen=True)
class Recipe:
    """An optimizer and a learning-rate schedule; the weights it gives are those of ``torch.optim``.

    Args:
        optimizer: ``sgd``, ``adam`` or ``adamw``.
        lr: Learning rate, positive; the peak of a schedule.
        momentum: Momentum of SGD, in [0, 1).
        nesterov: Whether SGD's momentum is Nesterov's.
        weight_decay: Weight decay, zero or more.
        lr_schedule: ``none``; ``cosine``, down to zero over the fit; ``onecycle``, up to ``lr`` and down again;
            ``step``, a tenth after each third of the fit. All move with every optimizer step.

    Raises:
        InputError: If an argument is out of range or would do nothing.

    Source: ``torch.optim`` and :mod:`torch.optim.lr_scheduler`.

    Example:
        >>> Recipe("sgd", lr=0.1).build([torch.nn.Parameter(torch.zeros(1))])
        SGD (...
    """

    optimizer: str = "sgd"
    lr: float = 0.1
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    lr_schedule: str = "none"

    def __post_init__(self) -> None:
        """Checks the arguments."""
        one_of("optimizer", self.optimizer, OPTIMIZERS)
        one_of("lr_schedule", self.lr_schedule, SCHEDULES)
        positive("lr", self.lr, 0.1)
        share("momentum", self.momentum)
        not_negative("weight_decay", self.weight_decay, 1e-4)
        if self.momentum and self.optimizer != "sgd":
            raise InputError(
                "momentum", f"does nothing with {self.optimizer}, got {self.momentum}", "pass optimizer sgd, or drop it"
            )

        if self.nesterov and not self.momentum:
            raise InputError("nesterov", "does nothing without momentum", "pass a momentum such as 0.9, or drop it")

    def build(self, parameters: Iterable[torch.nn.Parameter], fused: bool = False) -> torch.optim.Optimizer:
        """The optimizer over ``parameters``; ``fused`` takes PyTorch's fused kernel, which is faster."""
        if self.optimizer == "sgd":
            return torch.optim.SGD(
                parameters,
                lr=self.lr,
                momentum=self.momentum,
                nesterov=self.nesterov,
                weight_decay=self.weight_decay,
                fused=fused,
            )
        kind = torch.optim.Adam if self.optimizer == "adam" else torch.optim.AdamW
        return kind(parameters, lr=self.lr, weight_decay=self.weight_decay, fused=fused)

    def schedule(self, optimizer: torch.optim.Optimizer, total_steps: int) -> LRScheduler | None:
        """The schedule over ``total_steps`` optimizer steps; None for a constant rate."""
        if self.lr_schedule == "cosine":
            return CosineAnnealingLR(optimizer, T_max=total_steps)
        if self.lr_schedule == "step":
            return StepLR(optimizer, step_size=-(-total_steps // 3))
        if self.lr_schedule == "onecycle":
            # Cycling momentum would switch it on where the user has none.
            cycles = self.optimizer != "sgd" or self.momentum > 0
            return OneCycleLR(optimizer, max_lr=self.lr, total_steps=total_steps, cycle_momentum=cycles)
        return None

    def configure(self, parameters: Iterable[torch.nn.Parameter], fused: bool, total_steps: float) -> Any:
        """What ``configure_optimizers`` returns.

        Raises:
            InputError: If the schedule needs the length of a fit that has none.
        """
        optimizer = self.build(parameters, fused)
        if self.lr_schedule == "none":
            return optimizer
        if total_steps == float("inf"):
            raise InputError(
                "lr_schedule", f"{self.lr_schedule} needs an end of the fit", "pass max_epochs or max_steps"
            )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": self.schedule(optimizer, int(total_steps)), "interval": "step"},
        }


def check_schedulers(trainer: Trainer) -> None:
    """Refuses learning-rate schedules that do not move with every optimizer step.

    Raises:
        InputError: Naming the schedule's class and what to use instead.
    """
    for config in trainer.lr_scheduler_configs:
        waits = isinstance(config.scheduler, ReduceLROnPlateau)
        if waits or config.interval != "step" or config.frequency != 1:
            rule = f"{type(config.scheduler).__name__} must move with every optimizer step of an execution"
            raise InputError(
                "configure_optimizers", rule, 'return it with "interval": "step", or pass --data.steps_per_execution 1'
            )


def check_length(recipe: Recipe, trainer: Trainer) -> None:
    """Refuses to go on with a schedule that was made for a fit of another length.

    Raises:
        InputError: Naming what is another.
    """
    configs = trainer.lr_scheduler_configs
    data = data_of(trainer)
    specs = DataSpec.of_members(data) or [DataSpec.of(data)] * len(configs)
    for config, spec in zip(configs, specs, strict=True):
        steps = int(total_steps(trainer, spec))
        fresh = recipe.schedule(torch.optim.SGD([torch.zeros(1)], lr=1.0), steps)
        for name in ("total_steps", "T_max", "step_size"):
            saved, own = getattr(config.scheduler, name, None), getattr(fresh, name, None)
            if saved != own:
                rule = f"makes the learning-rate schedule another than the checkpoint's ({name} {own}, not {saved})"
                raise InputError("trainer.max_epochs", rule, "keep the length of the run, or start a new one")
