"""Kept checkpoint: a run leaves a checkpoint of its end, whatever validation and limits were set to."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint, ModelCheckpoint, StochasticWeightAveraging

from litclf.training.callbacks.saves import RunCheckpoint


class KeptCheckpoint(Checkpoint):
    """Saves what the other checkpoint callbacks of a fit have not kept when it ends, and knows what is to be tested.

    That is ``last.ckpt``, where the last steps were followed by no validation, or nothing was kept at all. Weights
    that are averaged after the last epoch, of which no other callback knows, are ``averaged.ckpt``.

    It is a Lightning ``Checkpoint`` so that it comes after all other callbacks.

    Args:
        folder: The folder of checkpoints.

    Example:
        >>> KeptCheckpoint(Path("checkpoints")).averaged
        ''
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.averaged = ""
        self.last = ""
        self._saved_at = -1

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Notes that this step is kept."""
        self._saved_at = trainer.global_step

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Saves what is missing."""
        others = _model_checkpoints(trainer)
        kept = any(callback.best_model_path or callback.last_model_path for callback in others)
        if not kept or any(self._last_step(callback) not in (None, trainer.global_step) for callback in others):
            self.last = self._save(trainer, "last.ckpt")
        if any(isinstance(callback, StochasticWeightAveraging) for callback in cast(Any, trainer).callbacks):
            self.averaged = self._save(trainer, "averaged.ckpt")

    def _last_step(self, callback: ModelCheckpoint) -> int | None:
        """Steps of the ``last.ckpt`` that ``callback`` keeps; None where it keeps none."""
        if isinstance(callback, RunCheckpoint):
            return callback.last_step
        return self._saved_at if callback.filename == "last" and callback.monitor is None else None

    def _save(self, trainer: Trainer, name: str) -> str:
        # Only the first process knows the folder of a new run.
        path = str(trainer.strategy.broadcast(str(self.folder / name)))
        trainer.save_checkpoint(path)
        return path


def tested_path(trainer: Trainer) -> str:
    """The checkpoint that a fit is judged by: averaged weights, the best, or the last; empty where none was kept."""
    own = [callback for callback in trainer.checkpoint_callbacks if isinstance(callback, KeptCheckpoint)]
    others = _model_checkpoints(trainer)
    found = [callback.averaged for callback in own] + [callback.best_model_path for callback in others]
    found += [callback.last_model_path for callback in others] + [callback.last for callback in own]
    return next(filter(None, found), "")


def score_of(trainer: Trainer, path: str) -> float | None:
    """What the checkpoint ``path`` was kept for: the value of what is monitored; None where nothing was."""
    scores = [one.best_model_score for one in _model_checkpoints(trainer) if one.best_model_path == path]
    return float(scores[0]) if scores and scores[0] is not None else None


def _model_checkpoints(trainer: Trainer) -> list[ModelCheckpoint]:
    return [callback for callback in trainer.checkpoint_callbacks if isinstance(callback, ModelCheckpoint)]
