"""Execution in a Trainer: what the steps of an engine owe to Lightning's hooks, counters and callbacks.

An engine knows no Trainer. Here a module in its fit becomes the learner that an engine takes, and what the engine did
is counted as if Lightning had made the steps.
"""

from __future__ import annotations

from typing import Any, Protocol, cast

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelPruning
from lightning.pytorch.plugins import Precision
from lightning.pytorch.strategies import DDPStrategy, SingleDeviceStrategy
from torch import Tensor
from torch.optim import Optimizer

from litclf.engines.base import Clip, Engine, Learner, Loss, Watch
from litclf.engines.execution import Execution, Sums, Tell
from litclf.engines.processes import mean_over_processes
from litclf.utilities.hooks import overrides
from litclf.utilities.lightning_internals import align_logging, count_steps

_STEP_HOOKS = ("on_before_zero_grad", "on_before_backward", "on_after_backward", "on_before_optimizer_step")
_MODULE_HOOKS = (*_STEP_HOOKS, "backward", "configure_gradient_clipping")


class Trainable(Protocol):
    """What a LightningModule must have beside so that an engine can train it."""

    def step(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Mean loss of a mini-batch, 0-dimensional, and the outputs it came from."""

    def correct(self, outputs: Tensor, y: Tensor) -> Tensor | None:
        """How many of the outputs are right, 0-dimensional; None where the task has no such thing."""

    def plain_loss(self, data: Any) -> Loss | str:
        """The loss on ``data`` for engines that compute it themselves; else why it is nothing that they could."""


def run_execution(module: LightningModule, engine: Engine, execution: Execution) -> Sums:
    """Has ``engine`` run the steps of ``execution`` in ``module``'s fit, and counts them in ``global_step``."""
    trainer: Any = module.trainer
    optimizer = cast(Optimizer, module.optimizers(use_pl_optimizer=False))
    before = trainer.global_step
    sums = engine.run(learner_of(module, trainer, trainer.datamodule, optimizer), execution, teller(trainer, module))
    count_run(trainer, before + len(execution.steps))
    return sums


def count_run(trainer: Trainer, done: int) -> None:
    """Has the Trainer know of the steps of an execution, after which it has done so many."""
    # Lightning's wrapper of the optimizer has counted those that went through it.
    count_steps(trainer, done - trainer.global_step)
    align_logging(trainer)


def learner_of(module: LightningModule, trainer: Trainer, data: Any, optimizer: Optimizer) -> Learner:
    """What an engine is given of ``module`` in a fit on ``data``.

    Args:
        module: The module, a :class:`Trainable`, its network built.
        trainer: The Trainer of the fit, which need not have begun.
        data: The DataModule.
        optimizer: The module's optimizer, unwrapped.
    """
    task = cast(Trainable, module)
    return Learner(
        network=getattr(module, "network", None) or module,
        step=task.step,
        correct=task.correct,
        optimizer=optimizer,
        schedules=[cast(Any, config.scheduler) for config in trainer.lr_scheduler_configs],
        device=trainer.strategy.root_device,
        loss=task.plain_loss(data),
        clip=_clip(module, trainer),
        watch=_watch(module, trainer, optimizer),
    )


def _clip(module: LightningModule, trainer: Trainer) -> Clip | None:
    """How an engine clips gradients; None where it does not, or where they are clipped by what watches."""
    value = trainer.gradient_clip_val
    if not value or value < 0 or _clips_itself(module, trainer):
        return None
    return Clip("value" if trainer.gradient_clip_algorithm == "value" else "norm", float(value))


def _clips_itself(module: LightningModule, trainer: Trainer) -> bool:
    """Whether the module or the precision has a way of its own to clip gradients."""
    own = overrides(module, LightningModule, "configure_gradient_clipping")
    return own or type(trainer.precision_plugin) is not Precision


def _watch(module: LightningModule, trainer: Trainer, optimizer: Optimizer) -> Watch | None:
    """What must see every step of a fit, by way of Lightning's public calls; None where nothing must."""
    unseen, strategy = _is_unseen(module, trainer), type(trainer.strategy)
    if unseen and strategy is SingleDeviceStrategy:
        return None
    clips = _clips_itself(module, trainer)

    def before_zero_grad() -> None:
        # Manual optimization leaves this hook to us.
        for callback in cast(Any, trainer).callbacks:
            callback.on_before_zero_grad(trainer, module, optimizer)
        module.on_before_zero_grad(optimizer)

    def step() -> None:
        if clips:  # and clipping too
            value, algorithm = trainer.gradient_clip_val, trainer.gradient_clip_algorithm
            module.configure_gradient_clipping(optimizer, value, cast(Any, algorithm))
        cast(Optimizer, module.optimizers()).step()

    reason = "hooks, precision or strategy need to see every step"
    # What else DDP can be told, of how gradients are handed on, it takes on CUDA devices only.
    alone = unseen and strategy is DDPStrategy and trainer.strategy.root_device.type == "cpu"
    return Watch(reason, before_zero_grad, module.manual_backward, step, mean_over_processes if alone else None)


def _is_unseen(module: LightningModule, trainer: Trainer) -> bool:
    """Whether neither a hook nor the precision needs to see single steps."""
    callbacks: list[Callback] = cast(Any, trainer).callbacks
    return (
        type(trainer.precision_plugin) is Precision
        and not any(overrides(module, LightningModule, hook) for hook in _MODULE_HOOKS)
        and not any(overrides(callback, Callback, hook) for callback in callbacks for hook in _STEP_HOOKS)
        # It takes weights to lie as PyTorch lays them out, and puts hooks on layers.
        and not any(isinstance(callback, ModelPruning) for callback in callbacks)
    )


def teller(trainer: Trainer, module: LightningModule) -> Tell | None:
    """Tells the callbacks that have a method ``on_steps(trainer, module, steps)``; None where there are none."""
    listeners = [callback.on_steps for callback in cast(Any, trainer).callbacks if hasattr(callback, "on_steps")]

    def tell(steps: int) -> None:
        for listen in listeners:
            listen(trainer, module, steps)

    return tell if listeners else None
