"""How a run goes on from a checkpoint: what is asked of both, and the logs brought to where it was saved."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning.pytorch import LightningDataModule, Trainer
from lightning.pytorch.utilities import rank_zero_only

from litclf.runs.find import checkpoints_in, read_checkpoint, run_folder
from litclf.runs.folder import keep_as_last
from litclf.runs.record import run_seed
from litclf.training.callbacks.resume import KEY, settings_of
from litclf.utilities import signals
from litclf.utilities.errors import InputError

if TYPE_CHECKING:  # who only predicts does without Lightning, which takes seconds and memory to load
    from lightning.pytorch import LightningDataModule, LightningModule


_FREE = {"steps_per_execution", "data_dir", "engine", "path", "memory_budget", "num_workers"}
"""Arguments that change nothing about the weights, so that a resumed run may change them."""

_NEW = "drop the setting, or start a new run without the checkpoint"


def check_resuming(
    path: Path, data: LightningDataModule, trainer_args: dict[str, Any], pictures: bool
) -> dict[str, Any]:
    """The checkpoint at ``path``, for a fit to go on from.

    Args:
        path: The checkpoint.
        data: The data of the fit.
        trainer_args: Arguments of the Trainer.
        pictures: Whether the run is to have a report.

    Raises:
        InputError: If the seed is another than the run's, or the run has nothing left to do.
    """
    checkpoint = read_checkpoint(path)
    state = checkpoint.get(type(data).__name__, {})
    if state.get("order_seed", run_seed()) != run_seed():
        rule = f"is {run_seed()}, but {path} was made with {state['order_seed']}"
        raise InputError("seed_everything", rule, _NEW)
    if not _is_complete(run_folder(path), checkpoint["global_step"], pictures):
        return checkpoint
    if checkpoint.get(KEY, {}).get("should_stop"):
        raise InputError("ckpt_path", f"{path} has stopped early, as it was asked to", "start a new run")
    done, steps = checkpoint["global_step"], getattr(data, "train_steps", (0, 0))[1]
    epochs, most = trainer_args.get("max_epochs") or 0, trainer_args.get("max_steps") or -1
    if epochs > 0 and steps and done >= epochs * steps:
        what = f"{path} has finished its {epochs} epochs"
        raise InputError("ckpt_path", what, f"pass --trainer.max_epochs {2 * epochs} to go on")
    if 0 < most <= done:
        what = f"{path} has finished its {most} steps"
        raise InputError("ckpt_path", what, f"pass --trainer.max_steps {2 * most} to go on")
    return checkpoint


def _is_complete(folder: Path, global_step: int, pictures: bool) -> bool:
    """Whether all that a run writes at its end is there, for the steps it has done."""
    metrics, report = folder / "metrics.json", folder / "report.html"
    try:
        written = json.loads(metrics.read_text(encoding="utf-8"))["global_step"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    has_report = report.is_file() and report.stat().st_mtime >= metrics.stat().st_mtime
    return bool(written == global_step and (has_report or not pictures))


def check_same_settings(trainer: Trainer, path: Path, checkpoint: dict[str, Any]) -> None:
    """Refuses settings of the Trainer that change weights and are others than those of the checkpoint at ``path``.

    Raises:
        InputError: Naming the setting.
    """
    own = settings_of(trainer)
    for name, value in checkpoint.get(KEY, {}).get("trainer", {}).items():
        if own.get(name) != value:
            raise InputError(f"trainer.{name}", f"is {own.get(name)}, but {path} was made with {value}", _NEW)


def rewind(trainer: Trainer, path: Path, checkpoint: dict[str, Any]) -> None:
    """Brings the logs to where the checkpoint at ``path`` was saved, which becomes the last one."""
    states = checkpoint.get(KEY, {}).get("loggers", {})
    for logger in trainer.loggers:
        if type(logger).__name__ in states and hasattr(logger, "rewind"):
            logger.rewind(states[type(logger).__name__])
    if any(getattr(callback, "filename", None) == "last" for callback in trainer.checkpoint_callbacks):
        keep_as_last(path)


@contextmanager
def tells_how_to_go_on(folder: Path | None) -> Iterator[None]:
    """Says in one line what a signal has left, and has SLURM go on with it."""
    try:
        yield
    except signals.Interrupted as stop:
        if not getattr(rank_zero_only, "rank", 0):
            saved = folder is not None and bool(checkpoints_in(folder / "checkpoints"))
            way_on = f"go on with: litclf resume {folder}" if saved else "no checkpoint was kept yet: start anew"
            print(f"stopped by {stop}; {way_on}", file=sys.stderr, flush=True)
            if saved and stop.signum == signal.SIGUSR1:
                signals.requeue()
        raise


def check_checkpoint(path: Path, model: LightningModule, data: LightningDataModule) -> None:
    """Refuses a checkpoint of another model, and settings that would silently lose against the checkpoint's.

    Raises:
        InputError: Naming the checkpoint or the setting.
    """
    checkpoint = read_checkpoint(path)
    theirs = checkpoint["hyper_parameters"]
    kind = theirs.get("model_class", type(model).__name__)
    if kind != type(model).__name__:
        rule = f"{path} is of {kind}, not of {type(model).__name__}"
        raise InputError("ckpt_path", rule, f"pass --model {kind}, or a checkpoint of {type(model).__name__}")
    for prefix, own, saved in (
        ("model", model.hparams, theirs),
        ("data", data.hparams, checkpoint.get("datamodule_hyper_parameters", {})),
    ):
        for name in own.keys() & saved.keys() - _FREE:
            if own[name] != saved[name]:
                rule = f"is {own[name]}, but {path} was made with {saved[name]}"
                raise InputError(
                    f"{prefix}.{name}", rule, "drop the setting, or start a new run without the checkpoint"
                )
    shapes = {name: tuple(value.shape) for name, value in checkpoint["state_dict"].items()}
    own_shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    if shapes != own_shapes:
        differing = sorted(
            name for name in shapes.keys() | own_shapes.keys() if shapes.get(name) != own_shapes.get(name)
        )
        rule = f"{path} does not fit the network: {differing[0]} is {shapes.get(differing[0], 'missing')} there"
        raise InputError("ckpt_path", rule, "pass a checkpoint of the same network")
