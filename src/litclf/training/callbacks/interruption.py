"""Interruption: a fit that is told to stop saves where it is, and ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint

from litclf.training.callbacks.saves import RunCheckpoint
from litclf.utilities import signals


def keeps_last(trainer: Trainer) -> bool:
    """Whether a callback keeps ``last.ckpt`` as the fit goes on."""
    return any(
        isinstance(callback, RunCheckpoint) or getattr(callback, "filename", None) == "last"
        for callback in trainer.checkpoint_callbacks
    )


class Interruption(Checkpoint):
    """Saves ``last.ckpt`` when a signal was sent, at the end of the execution or validation batch, and ends the fit.

    It is a Lightning ``Checkpoint`` so that it comes after all other callbacks: nothing that was due is left out. What
    other checkpoint callbacks know of their best and last file stays as it is.

    Args:
        path: File to save.

    Raises:
        Interrupted: After the save.

    Example:
        >>> Interruption(Path("last.ckpt")).path.name
        'last.ckpt'
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """From here on, signals wait for the end of an execution."""
        signals.listen()
        signals.wait_for_save(True)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Ends the fit where a signal was sent; a batch that ends the fit anyway is followed by its validation."""
        if trainer.global_step != trainer.max_steps:
            self._stop(trainer)

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Ends the fit where a signal was sent; the validation will be done anew."""
        if trainer.state.fn == "fit" and not trainer.sanity_checking and trainer.global_step != trainer.max_steps:
            self._stop(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Ends the fit where a signal was sent."""
        self._stop(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """From here on, signals end what goes on at once; a last checkpoint that others keep is of this step."""
        signals.wait_for_save(False)
        self._stop(trainer, saves=not keeps_last(trainer))

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """From here on, signals end what goes on at once."""
        signals.wait_for_save(False)

    def _stop(self, trainer: Trainer, saves: bool = True) -> None:
        signum = signals.requested()
        if trainer.world_size > 1:  # one process may hear of it before the others
            stops = trainer.strategy.reduce_boolean_decision(signum is not None, all=False)
            signum = signum or (signals.STOPPING[1] if stops else None)
        if signum is None:
            return
        if saves:
            signals.take_your_time()
            trainer.save_checkpoint(self.path)
        raise signals.Interrupted(signum)
