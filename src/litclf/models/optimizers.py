"""Optimizers: how weights are updated, by an optimizer and a learning-rate schedule, each by its name."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from lightning.pytorch import Trainer
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR, ReduceLROnPlateau, StepLR

from litclf.utilities.checks import not_negative, one_of, positive, share
from litclf.utilities.data_spec import DataSpec, data_of, total_steps
from litclf.utilities.errors import InputError

OPTIMIZERS = ("sgd", "adam", "adamw")
SCHEDULES = ("none", "cosine", "onecycle", "step", "coslog4")
PARAMETRIZATIONS = ("standard", "ntk")


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
            ``step``, a tenth after each third of the fit; ``coslog4``, four waves from zero to ``lr`` and back, each
            twice as long as the one before. All move with every optimizer step.
        beta2: How much of the mean square of gradients Adam and AdamW keep at a step, in [0, 1).
        bias_lr: Rate of biases, as a multiple of ``lr``, positive.
        parametrization: ``standard``, or ``ntk``: a layer moves as if its sums were divided by the root of its inputs,
            and not its initial weights, so that one rate serves layers of all widths.

    Raises:
        InputError: If an argument is out of range or would do nothing.

    Source: ``torch.optim`` and :mod:`torch.optim.lr_scheduler`; the parametrization of Jacot et al., 2018, and the
    waves of Holzmueller et al., 2024 (RealMLP).

    Example:
        >>> Recipe("sgd", lr=0.1).build(nn.Linear(1, 1))
        SGD (...
    """

    optimizer: str = "sgd"
    lr: float = 0.1
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    lr_schedule: str = "none"
    beta2: float = 0.999
    bias_lr: float = 1.0
    parametrization: str = "standard"

    def __post_init__(self) -> None:
        """Checks the arguments."""
        one_of("optimizer", self.optimizer, OPTIMIZERS)
        one_of("lr_schedule", self.lr_schedule, SCHEDULES)
        positive("lr", self.lr, 0.1)
        one_of("parametrization", self.parametrization, PARAMETRIZATIONS)
        share("momentum", self.momentum)
        share("beta2", self.beta2)
        positive("bias_lr", self.bias_lr, 1.0)
        not_negative("weight_decay", self.weight_decay, 1e-4)
        if self.momentum and self.optimizer != "sgd":
            raise InputError(
                "momentum", f"does nothing with {self.optimizer}, got {self.momentum}", "pass optimizer sgd, or drop it"
            )

        if self.nesterov and not self.momentum:
            raise InputError("nesterov", "does nothing without momentum", "pass a momentum such as 0.9, or drop it")

        if self.beta2 != Recipe.beta2 and self.optimizer == "sgd":
            raise InputError("beta2", f"does nothing with sgd, got {self.beta2}", "pass optimizer adam, or drop it")
        if self.parametrization == "ntk" and self.optimizer == "adam" and self.weight_decay:
            rule = f"cannot be part of adam's gradients with parametrization ntk, got {self.weight_decay}"
            raise InputError("weight_decay", rule, "pass optimizer adamw, or 0")

    def build(self, network: nn.Module, fused: bool = False) -> torch.optim.Optimizer:
        """The optimizer over the parameters of ``network``; ``fused`` takes PyTorch's fused kernel, which is faster."""
        groups = self._groups(network)
        if self.optimizer == "sgd":
            return torch.optim.SGD(
                groups,
                lr=self.lr,
                momentum=self.momentum,
                nesterov=self.nesterov,
                weight_decay=self.weight_decay,
                fused=fused,
            )
        kind = torch.optim.Adam if self.optimizer == "adam" else torch.optim.AdamW
        betas = (0.9, self.beta2)
        return kind(groups, lr=self.lr, betas=betas, weight_decay=self.weight_decay, fused=fused)

    def _groups(self, network: nn.Module) -> list[dict[str, Any]]:
        """The parameters by the settings that they are updated with."""
        if self.parametrization == "standard" and self.bias_lr == 1:
            return [{"params": list(network.parameters())}]
        ntk = self.parametrization == "ntk"
        inputs = {id(layer.weight): layer.in_features for layer in network.modules() if isinstance(layer, nn.Linear)}
        groups: dict[tuple[int, float], list[nn.Parameter]] = {}
        for name, parameter in network.named_parameters():
            rate = self.bias_lr if name.split(".")[-1] == "bias" else 1.0
            groups.setdefault((inputs.get(id(parameter), 1) if ntk else 1, rate), []).append(parameter)
        return [{"params": own, **self._settings(*key)} for key, own in groups.items()]

    def _settings(self, inputs: int, rate: float) -> dict[str, float]:
        """Settings with which weights of variance 1 / ``inputs`` move as those of variance 1 do with the recipe's.

        These are larger by the root of ``inputs``, their gradients smaller by it; Adam's steps are the same for any
        gradient, beside which its ``eps`` stands.
        """
        root = math.sqrt(inputs)
        if self.optimizer == "sgd":
            return {"lr": self.lr * rate / inputs, "weight_decay": self.weight_decay * inputs}
        return {"lr": self.lr * rate / root, "weight_decay": self.weight_decay * root, "eps": 1e-8 * root}

    def schedule(self, optimizer: torch.optim.Optimizer, total_steps: int) -> LRScheduler | None:
        """The schedule over ``total_steps`` optimizer steps; None for a constant rate."""
        if self.lr_schedule == "cosine":
            return CosineAnnealingLR(optimizer, T_max=total_steps)
        if self.lr_schedule == "step":
            return StepLR(optimizer, step_size=-(-total_steps // 3))
        if self.lr_schedule == "onecycle":
            # Cycling momentum would switch it on where the user has none.
            cycles = self.optimizer != "sgd" or self.momentum > 0
            rates = [float(group["lr"]) for group in optimizer.param_groups]
            return OneCycleLR(optimizer, max_lr=rates, total_steps=total_steps, cycle_momentum=cycles)
        if self.lr_schedule == "coslog4":
            return CosLog4LR(optimizer, total_steps)
        return None

    def configure(self, network: nn.Module, fused: bool, total_steps: float) -> Any:
        """What ``configure_optimizers`` returns.

        Raises:
            InputError: If the schedule needs the length of a fit that has none.
        """
        optimizer = self.build(network, fused)
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


class CosLog4LR(LRScheduler):
    """Four waves of the learning rate from zero up and down again, each twice as long as the one before.

    Args:
        optimizer: The optimizer.
        total_steps: Optimizer steps of the fit.

    Example:
        >>> schedule = CosLog4LR(torch.optim.SGD([torch.zeros(1)], lr=1.0), 15)
        >>> [round(schedule.wave(step), 2) for step in (0, 1, 3, 5, 7, 15)]
        [0.0, 0.0, 0.0, 0.93, 0.0, 0.0]
    """

    def __init__(self, optimizer: torch.optim.Optimizer, total_steps: int) -> None:
        self.total_steps = total_steps
        super().__init__(optimizer)

    def wave(self, step: int) -> float:
        """Share of the highest rate at a step, in [0, 1]."""
        return 0.5 - 0.5 * math.cos(2 * math.pi * math.log2(1 + 15 * step / self.total_steps))

    def get_lr(self) -> list[float | torch.Tensor]:
        """The rate of each group at the step at hand."""
        return [rate * self.wave(self.last_epoch) for rate in self.base_lrs]


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
