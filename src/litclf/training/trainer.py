"""Trainer of a run: what it takes where the user names nothing, and its way to the disk."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint, ProgressBar
from lightning.pytorch.loggers import Logger

from litclf.runs.checkpoint import Checkpoint
from litclf.runs.checkpoint_io import SafeCheckpointIO
from litclf.training.callbacks.interruption import Interruption
from litclf.training.callbacks.kept import KeptCheckpoint
from litclf.training.callbacks.member_bands import MemberBands
from litclf.training.callbacks.member_saves import MemberCheckpoint
from litclf.training.callbacks.progress import BarProgress, PlainProgress
from litclf.training.callbacks.saves import SAVE_EVERY, By, RunCheckpoint
from litclf.training.loggers.csv import MetricsCSV
from litclf.training.loggers.tensorboard import RunTensorBoard
from litclf.training.profiler import NoProfiler
from litclf.training.trainer_args import checked_trainer
from litclf.utilities.data_spec import DataSpec
from litclf.utilities.notebook import in_notebook

MAX_EPOCHS = 20
"""Length of a fit whose length nobody names; Lightning's own 1000 epochs are rarely meant."""

_BY_TRAINING: By = ("train/loss", "min")
"""What tells the best epoch where there is no validation."""

_LARGE_SPLIT = 1000
"""Samples from which on a validation split tells a tenth of a percent of accuracy."""


def trainer_defaults(
    trainer_args: dict[str, Any],
    spec: DataSpec,
    folder: Path | None,
    step: int | None = None,
    save_every: float = SAVE_EVERY,
    members: bool = False,
) -> dict[str, Any]:
    """The Trainer's arguments, with our loggers and callbacks where the user names none of the kind.

    Args:
        trainer_args: What the user gave.
        spec: What the data tells.
        folder: The run folder; None where nothing is kept.
        step: Optimizer steps after which a resumed fit goes on; None for a new one.
        save_every: Seconds between two saves at least.
        members: Whether there are members, each with a best epoch of its own.
    """
    args = dict(trainer_args)
    given = args.get("callbacks") or []
    own: list[Callback] = list(given) if isinstance(given, list | tuple) else [given]
    if all(args.get(limit) is None for limit in ("max_epochs", "max_time")) and args.get("max_steps", -1) == -1:
        args["max_epochs"] = MAX_EPOCHS
    args.setdefault("num_sanity_val_steps", 0)
    args.setdefault("enable_model_summary", False)
    args["profiler"] = args.get("profiler") or NoProfiler()
    args["default_root_dir"] = folder
    bands = [stage for stage in ("train", "val") if members and spec.has(stage)]
    args["logger"] = _loggers(args.get("logger"), folder, step, bands)
    if args.get("enable_checkpointing") is not False and folder is not None:
        by = best_by(spec) if args.get("limit_val_batches") != 0 else _BY_TRAINING
        kind = MemberCheckpoint if members else RunCheckpoint
        own += _checkpoints(own, folder / "checkpoints", partial(kind, folder / "checkpoints", *by, save_every))
    wants = args.get("enable_progress_bar") is not False
    if wants and not any(isinstance(callback, ProgressBar) for callback in own):
        redraws = in_notebook() or (sys.stdout is not None and sys.stdout.isatty())
        own.append(BarProgress() if redraws else PlainProgress())
    args["callbacks"] = [*own, MemberBands()] if members else own
    return args


def make_trainer(args: dict[str, Any]) -> Trainer:
    """A Trainer of ``args`` that writes and reads checkpoints safely, where nobody names another way to do so.

    Raises:
        InputError: If it cannot be; it names the setting.
    """
    trainer = checked_trainer(args)
    if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:  # Lightning's own, where none is named
        trainer.strategy.checkpoint_io = SafeCheckpointIO()
    return trainer


def hand(trainer: Trainer, checkpoint: Checkpoint) -> None:
    """Gives the Trainer what was read of a checkpoint that it is to load, so that the file is opened once."""
    if isinstance(trainer.strategy.checkpoint_io, SafeCheckpointIO):
        trainer.strategy.checkpoint_io.hand(checkpoint)


def _loggers(given: Any, folder: Path | None, step: int | None, bands: list[str]) -> list[Logger]:
    """The loggers that were given, and those that a run folder has beside them; none where they are switched off."""
    if given is False or folder is None:
        return list(given or []) if isinstance(given, list | tuple) else [given] if isinstance(given, Logger) else []
    theirs = [] if given in (None, True) else list(given) if isinstance(given, list | tuple) else [given]
    return [*theirs, RunTensorBoard(folder, step, bands), MetricsCSV(folder)]


def _checkpoints(given: list[Callback], where: Path, make: Callable[[], Callback]) -> list[Callback]:
    """Keep ``best.ckpt`` and ``last.ckpt`` where nobody names others.

    Args:
        given: The callbacks that were named.
        where: The folder of the run's checkpoints.
        make: Makes the callback that keeps them.
    """
    own: list[Callback] = [KeptCheckpoint(where), Interruption(where / "last.ckpt")]
    named = [callback for callback in given if isinstance(callback, ModelCheckpoint)]
    for callback in named:
        if callback.dirpath is None:  # else Lightning takes the folder of the first logger, which may be another
            callback.dirpath = str(where.absolute())
    if named:
        return own
    return [make(), *own]


def best_by(spec: DataSpec) -> By:
    """The metric that tells the best epoch, and whether it is best at its ``max`` or ``min``.

    Accuracy, where the validation split is large enough to tell epochs apart by it; else the loss, which also tells
    apart epochs that get the same few samples right; without validation, the training loss.
    """
    if not spec.has("val"):
        return _BY_TRAINING
    large = spec.class_names and (spec.num_samples["val"] or 0) >= _LARGE_SPLIT
    return ("val/accuracy", "max") if large else ("val/loss", "min")
