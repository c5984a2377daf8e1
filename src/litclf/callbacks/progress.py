"""Progress where there is no terminal: one plain line an epoch."""

from __future__ import annotations

from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ProgressBar

_SHOWN = ("train/loss", "train/accuracy", "val/loss", "val/accuracy", "val/psnr")


class PlainProgress(ProgressBar):
    """Prints a line at the end of each epoch, for output that goes to a file or a pipe.

    Example:
        >>> PlainProgress().is_enabled
        True
    """

    def __init__(self) -> None:
        super().__init__()
        self._enabled = True

    @property
    def is_enabled(self) -> bool:
        """Whether lines are printed."""
        return self._enabled

    @property
    def is_disabled(self) -> bool:
        """Whether no lines are printed."""
        return not self._enabled

    def disable(self) -> None:
        """Prints nothing from now on."""
        self._enabled = False

    def enable(self) -> None:
        """Prints lines again."""
        self._enabled = True

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Prints epoch, step and the main metrics."""
        metrics = trainer.callback_metrics
        values = [f"{key} {float(metrics[key]):.4f}" for key in _SHOWN if key in metrics]
        total = "" if trainer.max_epochs in (None, -1) else f"/{trainer.max_epochs}"
        self.print(f"epoch {trainer.current_epoch + 1}{total}", f"step {trainer.global_step}", *values, sep="  ")

    def print(self, *args: Any, **kwargs: Any) -> None:
        """Prints on the first process only, at once."""
        if self.is_enabled and self.trainer.is_global_zero:
            print(*args, **kwargs, flush=True)
