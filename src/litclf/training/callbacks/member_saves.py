"""Saves of a run with members: ``best.ckpt`` of each when it was best; ``last.ckpt`` of all as they are, and that."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

from lightning.pytorch import Trainer

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
        self._unwritten = False

    def _look(self, trainer: Trainer) -> None:
        module = cast(MeasuredModule, trainer.lightning_module)
        members, io = cast(Members, module.members), trainer.strategy.checkpoint_io
        self._unwritten |= members.keep_best(module, str(self.monitor), self.mode)
        if not self._is_due(trainer, io if isinstance(io, SafeCheckpointIO) else None):
            return
        if self._unwritten:
            with members.as_best():
                self._save_best(trainer, members.best_score())
            self._unwritten = False
        self._save_last(trainer, None)
