"""Gradient norms of each layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer


class GradientNorms(Callback):
    """Logs ``gradients/<layer>``, the norm of each layer's weight gradient, and ``gradients/first_over_last``.

    The ratio of the first layer's norm to the last one's tells whether the gradient vanishes on its way back: about 1
    is healthy, far below 1 means that the first layers hardly learn. Taken after the latest optimizer step of each
    batch or execution.

    Example:
        >>> GradientNorms().needs_gradients
        True
    """

    needs_gradients = True
    """Keeps compiled engines away, which never store a gradient."""

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Sequence[Any], batch_idx: int
    ) -> None:
        """Logs the norms."""
        layers = [
            (name.removesuffix(".weight"), parameter.grad)
            for name, parameter in pl_module.named_parameters()
            if parameter.ndim > 1 and parameter.grad is not None
        ]
        if not layers:
            return
        norms = torch.stack([gradient.norm() for _, gradient in layers])
        values = {f"gradients/{name}": norm for (name, _), norm in zip(layers, norms.unbind(), strict=True)}
        values["gradients/first_over_last"] = norms[0] / norms[-1]
        pl_module.log_dict(values, on_step=True, on_epoch=False, batch_size=1)
