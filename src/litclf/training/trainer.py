"""What a run takes where the user names nothing: loggers, callbacks, threads, and which notices are kept back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, cast

import torch
from lightning.fabric.plugins import CheckpointIO
from lightning.pytorch import Callback, LightningDataModule, LightningModule
from lightning.pytorch.callbacks import Checkpoint, ModelCheckpoint, ProgressBar
from torch import nn

from litclf.runs.checkpoint_io import SafeCheckpointIO
from litclf.training.callbacks.divergence import BestCheckpoint
from litclf.training.callbacks.interruption import Interruption
from litclf.training.callbacks.progress import BarProgress, PlainProgress
from litclf.training.loggers.csv import MetricsCSV
from litclf.training.loggers.tensorboard import RunTensorBoard
from litclf.utilities.files import sweep
from litclf.utilities.threads import threads_for

MAX_EPOCHS = 20
"""Length of a fit whose length nobody names; Lightning's own 1000 epochs are rarely meant."""

_LARGE_SPLIT = 1000
"""Samples from which on a validation split tells a tenth of a percent of accuracy."""


def trainer_defaults(
    trainer_args: dict[str, Any], data: LightningDataModule, folder: Path | None, step: int | None = None
) -> dict[str, Any]:
    """The Trainer's arguments, with our loggers and callbacks where the user names none of the kind.

    Args:
        trainer_args: What the user gave.
        data: The data.
        folder: The run folder; None where nothing is kept.
        step: Optimizer steps after which a resumed fit goes on; None for a new one.
    """
    args = dict(trainer_args)
    given = args.get("callbacks") or []
    callbacks: list[Callback] = list(given) if isinstance(given, list | tuple) else [given]
    if all(args.get(limit) is None for limit in ("max_epochs", "max_time")) and args.get("max_steps", -1) == -1:
        args["max_epochs"] = MAX_EPOCHS
    args.setdefault("num_sanity_val_steps", 0)
    args.setdefault("enable_model_summary", False)
    args["default_root_dir"] = folder
    if args.get("log_every_n_steps") is None:
        # An execution logs once, at its end; ordinary batches would pay for every row.
        args["log_every_n_steps"] = 1 if getattr(data, "steps_per_execution", 1) > 1 else 10
    if args.get("logger") in (None, True):
        args["logger"] = [RunTensorBoard(folder, step), MetricsCSV(folder)] if folder else False
    wants = args.get("enable_checkpointing") is not False and folder is not None
    if wants and not any(isinstance(callback, Checkpoint) for callback in callbacks):
        callbacks += _checkpoints(data, cast(Path, folder))
    if wants:
        callbacks.append(Interruption(cast(Path, folder) / "checkpoints" / "last.ckpt"))
    wants = args.get("enable_progress_bar") is not False
    if wants and not any(isinstance(callback, ProgressBar) for callback in callbacks):
        callbacks.append(BarProgress() if sys.stdout.isatty() else PlainProgress())
    args["callbacks"] = callbacks
    args["plugins"] = with_safe_checkpoints(args)
    if folder is not None:
        for place in (folder, folder / "checkpoints"):
            sweep(place)
    return args


def with_safe_checkpoints(trainer_args: dict[str, Any]) -> list[Any]:
    """The Trainer's plugins, with one that writes and reads checkpoints safely where the user names none for it."""
    given = trainer_args.get("plugins")
    plugins = list(given) if isinstance(given, list | tuple) else [] if given is None else [given]
    strategy = trainer_args.get("strategy")
    if any(isinstance(plugin, CheckpointIO) for plugin in plugins) or getattr(strategy, "_checkpoint_io", None):
        return plugins
    return [*plugins, SafeCheckpointIO()]


def _checkpoints(data: LightningDataModule, folder: Path) -> list[Callback]:
    """Keep ``best.ckpt``, by what :func:`best_by` says, and ``last.ckpt``, of every epoch."""
    where, (monitor, mode) = folder / "checkpoints", best_by(data)
    return [
        BestCheckpoint(where, filename="best", monitor=monitor, mode=mode, enable_version_counter=False),
        # Not `save_last` of the first one, which writes only when that one does.
        ModelCheckpoint(where, filename="last", enable_version_counter=False),
    ]


def best_by(data: LightningDataModule) -> tuple[str, str]:
    """The metric that tells the best epoch, and whether it is best at its ``max`` or ``min``.

    Accuracy, where the validation split is large enough to tell epochs apart by it; else the loss, which also tells
    apart epochs that get the same few samples right; without validation, the training loss.
    """
    if not has_samples(data, "val"):
        return "train/loss", "min"
    classes, splits = getattr(data, "class_names", ()), getattr(data, "splits", {})
    large = classes and isinstance(splits, dict) and len(splits["val"].y) >= _LARGE_SPLIT
    return ("val/accuracy", "max") if large else ("val/loss", "min")


def choose_threads(model: LightningModule, data: LightningDataModule) -> int:
    """One thread where a step is little work, PyTorch's default otherwise."""
    network, example = getattr(model, "network", None), model.example_input_array
    batch_size = getattr(data, "batch_size", None) or 1000
    if isinstance(network, nn.Module) and isinstance(example, torch.Tensor):
        return threads_for(network, example, batch_size)
    return threads_for(model, None, batch_size)


def has_samples(data: LightningDataModule, split: str) -> bool:
    """Whether ``data`` has samples in ``split`` (``val`` or ``test``); of data that is not ours, whether it has it."""
    splits = getattr(data, "splits", None)
    if isinstance(splits, dict):
        return len(splits[split].y) > 0
    return getattr(type(data), f"{split}_dataloader") is not getattr(LightningDataModule, f"{split}_dataloader")
