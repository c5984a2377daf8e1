"""Saves of a run: ``best.ckpt`` and ``last.ckpt``, in one write where they are the same, and when it is time."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Literal

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.trainer.states import TrainerFn
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
        self._validated = False

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keeps what is due then."""
        self._validated = True
        fits = trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking
        if fits and not _at_epoch_end(trainer):
            self._look(trainer, partial(super().on_validation_end, trainer, pl_module))

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keeps what is due then; an epoch that is cut short has had no validation, of which Lightning warns."""
        known = self._validated or self.monitor in trainer.callback_metrics
        if known and _at_epoch_end(trainer):
            self._look(trainer, partial(super().on_train_epoch_end, trainer, pl_module))

    def check_monitor_top_k(self, trainer: Trainer, current: Tensor | None = None) -> bool:
        """Whether ``current`` is the best so far."""
        finite = current is not None and math.isfinite(float(current))
        return finite and super().check_monitor_top_k(trainer, current)

    def _look(self, trainer: Trainer, complain: Callable[[], None]) -> None:
        """Keeps the best, in memory where there is an IO that can, and writes both where it is time.

        It takes Lightning's own way, a third of a millisecond, only to complain of a metric that is not there.
        """
        score = trainer.callback_metrics.get(str(self.monitor))
        if score is None:
            return complain()
        io = trainer.strategy.checkpoint_io
        own = io if isinstance(io, SafeCheckpointIO) else None
        is_best = self.check_monitor_top_k(trainer, score)
        if is_best:
            self._note(score.detach().clone())
            with nullcontext() if own is None else own.holding():
                trainer.save_checkpoint(self.best_model_path)
            for logger in trainer.loggers if trainer.is_global_zero else []:
                logger.after_save_checkpoint(self)
        due = own is None or _ends(trainer) or own.idle_seconds >= self.save_every
        # The first process decides: it alone writes, and each has a clock of its own.
        if trainer.strategy.broadcast(due):
            self._save_last(trainer, own if is_best else None)

    def _note(self, score: Tensor) -> None:
        """Says where the best is, before it is saved: what is saved tells it too."""
        path = self.format_checkpoint_name({})
        self.best_model_path = self.kth_best_model_path = path
        self.best_model_score = self.current_score = self.kth_value = score
        self.best_k_models = {path: score}

    def _save_last(self, trainer: Trainer, io: SafeCheckpointIO | None) -> None:
        """Writes ``last.ckpt``; another name of the best where ``io`` is given and has it of this step."""
        path = self.format_checkpoint_name({}, filename="last")
        # Some strategies write by themselves.
        if io is not None and trainer.strategy.broadcast(io.holds(self.best_model_path)):
            io.write_held(also=path)
        else:
            trainer.save_checkpoint(path)
        self.last_step = trainer.global_step


def _at_epoch_end(trainer: Trainer) -> bool:
    """Whether it is time at the end of an epoch, and not at that of a validation, as a ModelCheckpoint has it."""
    once_each = getattr(trainer, "val_check_interval", None) == 1.0  # which it has not where that is a time
    return trainer.check_val_every_n_epoch == 1 and (once_each or not sum(trainer.num_val_batches))


def _ends(trainer: Trainer) -> bool:
    """Whether the fit ends with this epoch, as far as can be told; what is not foreseen is saved when it has ended."""
    most_epochs, most_steps = trainer.max_epochs or -1, trainer.max_steps
    over = -1 < most_epochs <= trainer.current_epoch + 1 or -1 < most_steps <= trainer.global_step
    return over or trainer.should_stop
