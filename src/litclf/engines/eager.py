"""Plain PyTorch steps, with no Trainer between them: the engine that can run everything.

Where nothing watches single steps (no hook overridden, full precision, one device), a step is forward, backward and
``optimizer.step()`` and nothing else. Otherwise each step goes through Lightning's public calls, so that mixed
precision, DDP, gradient clipping and hooks see it. Both give the same weights.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.plugins import Precision
from lightning.pytorch.strategies import SingleDeviceStrategy
from lightning.pytorch.utilities.model_helpers import is_overridden
from torch.optim import Optimizer

from litclf.engines.execution import Execution, Sums, Trainable, batches_in_pieces
from litclf.utilities.lightning_internals import align_logging, count_steps

_STEP_HOOKS = ("on_before_zero_grad", "on_before_backward", "on_after_backward", "on_before_optimizer_step")
_MODULE_HOOKS = (*_STEP_HOOKS, "backward")


class EagerEngine:
    """Runs the optimizer steps of an execution one by one in PyTorch.

    Example:
        >>> from litclf.engines.execution import Engine
        >>> engine: Engine = EagerEngine()
    """

    def run(self, module: LightningModule, optimizer: Optimizer, execution: Execution) -> Sums:
        """One optimizer step for each mini-batch of ``execution``.

        Args:
            module: The LightningModule in its ``training_step``; supplies ``step(x, y)``.
            optimizer: The module's optimizer, unwrapped.
            execution: The mini-batches, on the module's device.
        """
        trainer = module.trainer
        bare = unwatched(trainer, module)
        wrapped = cast(Optimizer, module.optimizers())
        advance: Callable[[], Any] = optimizer.step if bare else wrapped.step
        schedulers = [config.scheduler for config in trainer.lr_scheduler_configs]
        clip = _clipper(trainer, module, optimizer)
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        task, steps = cast(Trainable, module), execution.steps
        losses, counted = [], []
        for number, (x, y) in batches_in_pieces(module, execution):
            loss, outputs = task.step(x, y)
            if not bare:
                # Manual optimization leaves this hook to us.
                for callback in cast(Any, trainer).callbacks:
                    callback.on_before_zero_grad(trainer, module, optimizer)
                module.on_before_zero_grad(optimizer)
            for parameter in parameters:
                parameter.grad = None
            if bare:
                loss.backward()  # type: ignore[no-untyped-call]
            else:
                module.manual_backward(loss if steps.shares is None else loss * steps.shares[number])
            if clip is not None:
                clip()
            advance()
            for scheduler in schedulers:
                scheduler.step()
            losses.append(loss.detach())
            if number >= steps.counted_from:
                counted.append(outputs.detach() if steps.share(number) else outputs.detach()[:0])
        if bare:
            count_steps(trainer, len(losses))
        align_logging(trainer)
        correct = task.correct(torch.cat(counted), execution.counted()) if counted else None
        return Sums(torch.stack(losses), correct)


def unwatched(trainer: Trainer, module: LightningModule) -> bool:
    """Whether nothing needs to see single steps."""
    callbacks: list[Callback] = cast(Any, trainer).callbacks
    return (
        type(trainer.precision_plugin) is Precision
        and type(trainer.strategy) is SingleDeviceStrategy
        and not any(is_overridden(hook, module, parent=LightningModule) for hook in _MODULE_HOOKS)
        and not any(is_overridden(hook, c, parent=Callback) for c in callbacks for hook in _STEP_HOOKS)
    )


def _clipper(trainer: Trainer, module: LightningModule, optimizer: Optimizer) -> Callable[[], None] | None:
    """The Trainer's gradient clipping, which manual optimization leaves to the step; None where none is asked for."""
    if not trainer.gradient_clip_val:
        return None
    return partial(
        module.configure_gradient_clipping, optimizer, trainer.gradient_clip_val, trainer.gradient_clip_algorithm
    )
