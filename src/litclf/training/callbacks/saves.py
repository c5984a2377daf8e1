"""Saves of a run: ``best.ckpt`` and ``last.ckpt``, in one write where they are the same, and when it is time."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor

from litclf.runs.checkpoint_io import SafeCheckpointIO

SAVE_EVERY = 1.0
"""Seconds between the saves of a fit, where nobody says how many."""


class RunCheckpoint(ModelCheckpoint):
    """Keeps ``best.ckpt`` and ``last.ckpt`` of what each validation is followed by, and writes them when it is time.

    It is time at first, at the end of the fit, and so many seconds after the latest write. In between the best is kept
    in memory; it is written before anything newer is, so that ``last.ckpt`` never tells of a best that is not there,
    and however the fit ends. A metric that is infinite or not a number is never the best.

    A CheckpointIO that is not ours keeps nothing in memory: both are then written each time.

    Args:
        folder: The folder of checkpoints.
        monitor: The metric that tells the best.
        mode: Whether it is best at its ``min`` or ``max``.
        save_every: Seconds from a write to the next; 0 writes each time.

    Attributes:
        last_step: Optimizer steps of ``last.ckpt``; -1 before it is written.

    Example:
        >>> checkpoint = RunCheckpoint(Path("checkpoints"), "val/loss")
        >>> checkpoint.save_every, checkpoint.last_step
        (1.0, -1)
    """

    def __init__(
        self, folder: Path, monitor: str, mode: Literal["min", "max"] = "min", save_every: float = SAVE_EVERY
    ) -> None:
        super().__init__(folder, filename="best", monitor=monitor, mode=mode, enable_version_counter=False)
        self.save_every = save_every
        self.last_step = -1
        self._validated = self._looked = self._improved = False

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keeps what is due then."""
        self._validated = True
        self._keep(trainer, pl_module, super().on_validation_end)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keeps what is due then; an epoch that is cut short has had no validation, of which Lightning warns."""
        if self._validated or self.monitor in trainer.callback_metrics:
            self._keep(trainer, pl_module, super().on_train_epoch_end)

    def check_monitor_top_k(self, trainer: Trainer, current: Tensor | None = None) -> bool:
        """Whether ``current`` is the best so far."""
        finite = current is not None and math.isfinite(float(current))
        self._looked, self._improved = True, finite and super().check_monitor_top_k(trainer, current)
        return self._improved

    def _keep(self, trainer: Trainer, module: LightningModule, hook: Callable[..., None]) -> None:
        """Keeps the best, in memory where there is an IO that can, and writes both where it is time."""
        self._looked = self._improved = False
        io = trainer.strategy.checkpoint_io
        if not isinstance(io, SafeCheckpointIO):
            hook(trainer, module)
            if self._looked:
                self._save_last(trainer)
            return
        with io.holding():
            hook(trainer, module)
        if not self._looked:
            return
        # The first process decides: it alone writes, and each has a clock of its own.
        due, is_best = trainer.strategy.broadcast(
            (_ends(trainer) or io.idle_seconds >= self.save_every, self._improved and io.holds(self.best_model_path))
        )
        if due and is_best:
            io.write_held(self._last_path())
            self.last_step = trainer.global_step
        elif due:
            self._save_last(trainer)

    def _save_last(self, trainer: Trainer) -> None:
        trainer.save_checkpoint(self._last_path())
        self.last_step = trainer.global_step

    def _last_path(self) -> str:
        assert self.dirpath is not None  # which is known from the setup on
        return str(Path(self.dirpath) / "last.ckpt")


def _ends(trainer: Trainer) -> bool:
    """Whether the fit ends with this epoch, as far as can be told; what is not foreseen is saved when it has ended."""
    most_epochs, most_steps = trainer.max_epochs or -1, trainer.max_steps
    over = -1 < most_epochs <= trainer.current_epoch + 1 or -1 < most_steps <= trainer.global_step
    return over or trainer.should_stop
