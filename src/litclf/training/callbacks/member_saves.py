"""Saves of a run with members: ``best.ckpt`` of each when it was best; ``last.ckpt`` of all as they are, and that."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

from lightning.pytorch import LightningModule, Trainer

from litclf.models.measured import MeasuredModule
from litclf.models.members import Members
from litclf.runs.checkpoint_io import SafeCheckpointIO
from litclf.training.callbacks.saves import SAVE_EVERY, RunCheckpoint


class MemberCheckpoint(RunCheckpoint):
    """Keeps of each member what it is after the validation that is its best, and writes all when it is time.

    The members remember their best by themselves, so that nothing waits in memory beside.

    Args:
        folder: The folder of checkpoints.
        monitor: The metric that tells the best.
        mode: Whether it is best at its ``min`` or ``max``.
        save_every: Seconds from a write to the next; 0 writes each time.

    Example:
        >>> MemberCheckpoint(Path("checkpoints"), "val/loss").monitor
        'val/loss'
    """

    def __init__(
        self, folder: Path, monitor: str, mode: Literal["min", "max"] = "min", save_every: float = SAVE_EVERY
    ) -> None:
        super().__init__(folder, monitor, mode, save_every)
        # A fit that goes on may know of a best that was not written before it was stopped.
        self._unwritten = True

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes what a fit that ended unforeseen has not."""
        super().on_train_end(trainer, pl_module)
        self._write_best(trainer)

    def _look(self, trainer: Trainer) -> None:
        module = cast(MeasuredModule, trainer.lightning_module)
        members, io = cast(Members, module.members), trainer.strategy.checkpoint_io
        self._unwritten |= members.keep_best(module, str(self.monitor), self.mode)
        if not self._is_due(trainer, io if isinstance(io, SafeCheckpointIO) else None):
            return
        self._write_best(trainer)
        self._save_last(trainer, None)

    def _write_best(self, trainer: Trainer) -> None:
        members = cast(Members, cast(MeasuredModule, trainer.lightning_module).members)
        if self._unwritten and any(best is not None for best in members.best):
            with members.as_best():
                self._save_best(trainer, members.best_score())
            self._unwritten = False
