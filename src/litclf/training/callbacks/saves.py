"""Saves of a run: ``best.ckpt`` and ``last.ckpt``, in one write where they are the same, and when it is time."""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor

from litclf.runs.checkpoint_io import SafeCheckpointIO
from litclf.training.callbacks.resume import KEY
from litclf.utilities.lightning_internals import quicken_states
from litclf.utilities.notes import tell

SAVE_EVERY = 1.0
"""Seconds between the saves of a fit, where nobody says how many."""

_FRESH = ("loops", KEY, "hyper_parameters", "datamodule_hyper_parameters")
"""What is made anew for each checkpoint, of values that nothing changes."""

By = tuple[str, Literal["min", "max"]]
"""A metric that tells the best epoch, and whether it is best at its ``min`` or ``max``."""


class RunCheckpoint(ModelCheckpoint):
    """Keeps ``best.ckpt`` and ``last.ckpt`` of what each validation is followed by, and writes them when it is time.

    It is time at first, at the end of the fit, and so many seconds after the latest write. In between the best is kept
    in memory; it is written before anything newer is, so that ``last.ckpt`` never tells of a best that is not there,
    and however the fit ends. A metric that is infinite or not a number is never the best.

    A model of one's own may name its metrics otherwise: then the best is told by its validation loss or accuracy, and
    without one ``last.ckpt`` is all that is kept; either is said.

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
        self._validated = self._looked = False
        self._key = super().state_key

    @property
    def state_key(self) -> str:
        """What the state is saved under, whichever metric tells the best in the end."""
        return self._key

    def state_dict(self) -> dict[str, Any]:
        """The best so far, and what tells it."""
        return {**super().state_dict(), "mode": self.mode, "looked": self._looked}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on comparing by what told the best before."""
        super().load_state_dict(state_dict)
        self.monitor, self.mode, self._looked = (state_dict[name] for name in ("monitor", "mode", "looked"))

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Has a save, which may follow each small epoch, take no longer than it."""
        super().setup(trainer, pl_module, stage)
        if stage == "fit":
            quicken_states(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keeps what is due then."""
        self._validated = True
        fits = trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking
        if fits and not _at_epoch_end(trainer):
            self._look(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keeps what is due then; an epoch that is cut short has had no validation, of which Lightning warns."""
        known = self._validated or not sum(trainer.num_val_batches) or self.monitor in trainer.callback_metrics
        if known and _at_epoch_end(trainer):
            self._look(trainer)

    def check_monitor_top_k(self, trainer: Trainer, current: Tensor | None = None) -> bool:
        """Whether ``current`` is the best so far."""
        finite = current is not None and math.isfinite(float(current))
        return finite and super().check_monitor_top_k(trainer, current)

    def _look(self, trainer: Trainer) -> None:
        """Keeps the best, in memory where there is an IO that can, and writes both where it is time."""
        metrics = trainer.callback_metrics
        if not self._looked:
            self._looked = True
            notes = self._choose(metrics)
            tell(*(notes if trainer.is_global_zero else ()))
        score = metrics.get(str(self.monitor))
        io = trainer.strategy.checkpoint_io
        own = io if isinstance(io, SafeCheckpointIO) else None
        is_best = self.check_monitor_top_k(trainer, score)
        if is_best and score is not None:
            with nullcontext() if own is None else own.holding(fresh=_FRESH):
                self._save_best(trainer, score.detach().clone())
        if self._is_due(trainer, own):
            self._save_last(trainer, own if is_best else None)

    def _is_due(self, trainer: Trainer, own: SafeCheckpointIO | None) -> bool:
        """Whether it is time to write."""
        due = own is None or _ends(trainer) or own.idle_seconds >= self.save_every
        # The first process decides: it alone writes, and each has a clock of its own.
        return bool(trainer.strategy.broadcast(due))

    def _save_best(self, trainer: Trainer, score: Tensor) -> None:
        self._note(score)
        trainer.save_checkpoint(self.best_model_path)
        for logger in trainer.loggers if trainer.is_global_zero else []:
            logger.after_save_checkpoint(self)

    def _choose(self, metrics: Iterable[str]) -> tuple[str, ...]:
        """Goes by another metric where the one that was thought of is not logged; gives what is to be said of it."""
        names = list(metrics)
        if self.monitor in names:
            return ()
        by = best_among(names)
        if by is None:
            return (
                "only last.ckpt is kept: no loss or accuracy of validation is logged; ModelCheckpoint keeps others",
            )
        self.monitor, self.mode = by
        self.kth_value = torch.tensor(math.inf if self.mode == "min" else -math.inf)
        return (f"best.ckpt is that of the {'lowest' if self.mode == 'min' else 'highest'} {self.monitor}",)

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


def best_among(names: Iterable[str]) -> By | None:
    """The metric that tells the best of a model that names its metrics in its own way; None where none does.

    Example:
        >>> best_among(["train_loss", "val_loss"]), best_among(["valid_acc"]), best_among(["loss"])
        (('val_loss', 'min'), ('valid_acc', 'max'), None)
    """
    of_validation = sorted((name for name in names if "val" in name.lower()), key=len)
    modes: tuple[By, ...] = (("loss", "min"), ("acc", "max"))
    return next(((name, mode) for word, mode in modes for name in of_validation if word in name.lower()), None)


def _at_epoch_end(trainer: Trainer) -> bool:
    """Whether it is time at the end of an epoch, and not at that of a validation, as a ModelCheckpoint has it."""
    once_each = getattr(trainer, "val_check_interval", None) == 1.0  # which it has not where that is a time
    return trainer.check_val_every_n_epoch == 1 and (once_each or not sum(trainer.num_val_batches))


def _ends(trainer: Trainer) -> bool:
    """Whether the fit ends with this epoch, as far as can be told; what is not foreseen is saved when it has ended."""
    most_epochs, most_steps = trainer.max_epochs or -1, trainer.max_steps
    over = -1 < most_epochs <= trainer.current_epoch + 1 or -1 < most_steps <= trainer.global_step
    return over or trainer.should_stop
