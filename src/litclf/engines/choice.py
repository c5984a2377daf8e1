"""Which engine carries out a fit, and why."""

from __future__ import annotations

from typing import Any, cast

import torch
from lightning.pytorch import LightningModule
from torch.optim import Optimizer

from litclf.checks import InputError
from litclf.engines.eager import EagerEngine, unwatched
from litclf.engines.execution import Engine
from litclf.engines.kernel import KernelEngine, layers_of, reason_against

ENGINES = ("auto", "eager", "kernel")


def choose_engine(name: str, module: LightningModule, optimizer: Optimizer) -> tuple[Engine, str]:
    """The engine called ``name``, or with ``auto`` the fastest that can serve the fit.

    Args:
        name: ``auto``, ``eager`` or ``kernel``.
        module: The LightningModule, at the start of its fit.
        optimizer: Its optimizer, unwrapped.

    Returns:
        The engine, and its name with the reason for it.

    Raises:
        InputError: If the engine asked for cannot serve the fit; the message says why.
    """
    if name == "eager":
        return EagerEngine(), "eager, as asked"
    reason = _reason_against_kernel(module, optimizer)
    if reason is None:
        return KernelEngine(), "kernel, for a fully connected network on the CPU"
    if name == "kernel":
        raise InputError("engine", f"kernel cannot serve this fit: {reason}", "pass auto, or eager")
    return EagerEngine(), f"eager, since {reason}"


def _reason_against_kernel(module: LightningModule, optimizer: Optimizer) -> str | None:
    trainer: Any = module.trainer
    if getattr(module, "has_own_step", True):
        return "the model computes its loss in a way of its own"
    if not unwatched(trainer, module):
        return "hooks, precision or strategy need to see every step"
    if trainer.gradient_clip_val:
        return "gradients are clipped"
    if any(getattr(callback, "needs_gradients", False) for callback in trainer.callbacks):
        return "a callback looks at gradients"
    if trainer.datamodule.splits["train"].y.dtype != torch.int64:
        return "the targets are not classes"
    layers, classes = layers_of(cast(Any, module).network), cast(Any, module).hparams["num_classes"]
    wanted = cast(Any, module).num_logits(classes)
    # The kernels take one output for the binary loss, several for the multiclass one.
    if layers is not None and (layers.linear[-1].out_features != wanted or (wanted == 1 and classes != 2)):
        return "the network's outputs do not fit the classes"
    return reason_against(module.network, optimizer)  # type: ignore[arg-type]
