"""Readable checkpoints: what others put into them that nothing would read again is told before the first step."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from lightning.pytorch import Callback, LightningModule, Trainer

from litclf.runs.checkpoint_io import SafeCheckpointIO


class Readable(Callback):
    """Refuses a fit whose checkpoints would be refused.

    Those of litclf's and Lightning's own parts never are, and are not looked at.

    Args:
        folder: The run folder; None where nothing is kept.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Makes a checkpoint that is not written."""
        fit, io = cast(Any, trainer), trainer.strategy.checkpoint_io
        if self.folder is None or not fit.checkpoint_callbacks or not isinstance(io, SafeCheckpointIO):
            return
        if not all(map(_is_known, (pl_module, fit.datamodule, *fit.callbacks))):
            with io.trying():
                trainer.save_checkpoint(self.folder / "checkpoints" / "last.ckpt")


def _is_known(part: object) -> bool:
    return type(part).__module__.startswith(("litclf.", "lightning."))
