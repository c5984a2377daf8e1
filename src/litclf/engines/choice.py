"""Which engine carries out a fit, and why."""

from __future__ import annotations

from typing import Any, cast

import torch
from lightning.pytorch import LightningModule
from torch.optim import Optimizer

from litclf.engines import graph
from litclf.engines.eager import EagerEngine, unwatched
from litclf.engines.execution import Engine
from litclf.engines.kernel import engine as kernel
from litclf.utilities.errors import InputError

ENGINES = ("auto", "eager", "kernel", "graph")


def choose_engine(name: str, module: LightningModule, optimizer: Optimizer) -> tuple[Engine, str]:
    """The engine called ``name``, or with ``auto`` the fastest that can serve the fit.

    Args:
        name: ``auto``, ``eager``, ``kernel`` or ``graph``.
        module: The LightningModule, at the start of its fit.
        optimizer: Its optimizer, unwrapped.

    Returns:
        The engine, and its name with the reason for it.

    Raises:
        InputError: If the engine asked for cannot serve the fit; the message says why.
    """
    if name == "eager":
        return EagerEngine(), "eager, as asked"
    on_cuda = module.device.type == "cuda"
    wanted = name if name != "auto" else "graph" if on_cuda else "kernel"
    reason = _reason_against_both(module)
    if reason is None:
        reason = (
            graph.reason_against(module, optimizer) if wanted == "graph" else _reason_against_kernel(module, optimizer)
        )
    if reason is None and wanted == "graph":
        return graph.GraphEngine(
            strict=name == "graph"
        ), "graph, for one optimizer step after the other on a CUDA device"
    if reason is None:
        return kernel.KernelEngine(), "kernel, for a fully connected network on the CPU"
    if name == wanted:
        raise InputError("engine", f"{name} cannot serve this fit: {reason}", "pass auto, or eager")
    return EagerEngine(), f"eager, since {reason}"


def _reason_against_both(module: LightningModule) -> str | None:
    trainer: Any = module.trainer
    if not unwatched(trainer, module):
        return "hooks, precision or strategy need to see every step"
    if trainer.gradient_clip_val:
        return "gradients are clipped"
    return None


def _reason_against_kernel(module: LightningModule, optimizer: Optimizer) -> str | None:
    if getattr(module, "class_weights", None) is not None:
        return "classes are weighed"
    if getattr(module, "has_own_step", True):
        return "the model computes its loss in a way of its own"
    if cast(Any, module.trainer).datamodule.splits["train"].y.dtype != torch.int64:
        return "the targets are not classes"
    layers, classes = kernel.layers_of(cast(Any, module).network), cast(Any, module).hparams["num_classes"]
    wanted = cast(Any, module).num_logits(classes)
    # The kernels take one output for the binary loss, several for the multiclass one.
    if layers is not None and (layers.linear[-1].out_features != wanted or (wanted == 1 and classes != 2)):
        return "the network's outputs do not fit the classes"
    return kernel.reason_against(module.network, optimizer)  # type: ignore[arg-type]
