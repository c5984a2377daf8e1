"""Resuming: what is asked of a checkpoint and of the run that goes on from it, and the logs brought to where it was."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningDataModule, LightningModule, Trainer

from litclf.runs.checkpoint import Checkpoint
from litclf.runs.find import checkpoints_in
from litclf.runs.folder import is_first_process
from litclf.runs.hparams import FREE
from litclf.training.callbacks.interruption import keeps_last
from litclf.training.callbacks.resume import KEY, settings_of
from litclf.utilities import signals
from litclf.utilities.data_spec import DataSpec
from litclf.utilities.errors import InputError
from litclf.utilities.text import shell_word, short

_NEW = "drop the setting, or start a new run without the checkpoint"


def check_same_run(checkpoint: Checkpoint, model: LightningModule, data: LightningDataModule) -> None:
    """Refuses a checkpoint of another model, and settings that would silently lose against the checkpoint's.

    Raises:
        InputError: Naming the checkpoint or the setting.
    """
    path = checkpoint.path
    kind = checkpoint.hparams.get("model_class", type(model).__name__)
    if kind != type(model).__name__:
        rule = f"{path} is of {kind}, not of {type(model).__name__}"
        raise InputError("ckpt_path", rule, f"pass --model {kind}, or a checkpoint of {type(model).__name__}")
    ours, theirs = model.hparams.get("members"), checkpoint.hparams.get("members")
    if ours != theirs:
        rule = f"are {_told(ours)}, but {path} was made with {_told(theirs)}"
        raise InputError("members", rule, _NEW)
    for prefix, own, saved in (
        ("model", model.hparams, checkpoint.hparams),
        ("data", data.hparams, checkpoint.data_hparams),
    ):
        for name in own.keys() & saved.keys() - FREE:
            if own[name] != saved[name]:
                rule = f"is {short(own[name])}, but {path} was made with {short(saved[name])}"
                raise InputError(f"{prefix}.{name}", rule, _NEW)
    shapes = {name: tuple(value.shape) for name, value in checkpoint.weights.items()}
    own_shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    names = sorted(shapes.keys() | own_shapes.keys())
    if differing := [name for name in names if shapes.get(name) != own_shapes.get(name)]:
        rule = f"{path} does not fit the network: {differing[0]} is {shapes.get(differing[0], 'missing')} there"
        raise InputError("ckpt_path", rule, "pass a checkpoint of the same network")


def _told(members: dict[str, Any] | None) -> str:
    return "1" if members is None else f"{members['count']} from seed {members['first']} (vary {members['vary']})"


def check_unfinished(
    checkpoint: Checkpoint, spec: DataSpec, seed: int, trainer_args: dict[str, Any], pictures: bool
) -> None:
    """Refuses to go on from a checkpoint with another seed, or where the run has nothing left to do.

    Args:
        checkpoint: The checkpoint.
        spec: What the data of the fit tells.
        seed: Seed of the fit.
        trainer_args: Arguments of the Trainer.
        pictures: Whether the run is to have a report.

    Raises:
        InputError: Naming the seed, or how to go on.
    """
    path, done = checkpoint.path, checkpoint.step
    if not checkpoint.is_whole:
        rule = f"{path} holds weights alone, without the state of the optimizer that a fit goes on from"
        raise InputError("ckpt_path", rule, "start a new run, without save_weights_only")
    order_seed = checkpoint.content.get(spec.kind, {}).get("order_seed", seed)
    if order_seed != seed:
        raise InputError("seed_everything", f"is {seed}, but {path} was made with {order_seed}", _NEW)
    if not _is_complete(checkpoint.folder, done, pictures):
        return
    if checkpoint.content.get(KEY, {}).get("should_stop"):
        raise InputError("ckpt_path", f"{path} has stopped early, as it was asked to", "start a new run")
    # A schedule of the learning rate has come to its end with the run, and cannot be made longer.
    ended = checkpoint.hparams.get("lr_schedule", "none") != "none"
    way_on = "start a new run with {}, since the learning-rate schedule ends here" if ended else "pass {} to go on"
    epochs, most = trainer_args.get("max_epochs") or 0, trainer_args.get("max_steps") or -1
    if epochs > 0 and spec.steps_per_epoch and done >= epochs * spec.steps_per_epoch:
        what = f"{path} has finished its {epochs} epochs"
        raise InputError("ckpt_path", what, way_on.format(f"--trainer.max_epochs {2 * epochs}"))
    if 0 < most <= done:
        what = f"{path} has finished its {most} steps"
        raise InputError("ckpt_path", what, way_on.format(f"--trainer.max_steps {2 * most}"))


def _is_complete(folder: Path, global_step: int, pictures: bool) -> bool:
    """Whether all that a run writes at its end is there, for the steps it has done."""
    metrics, report = folder / "metrics.json", folder / "report.html"
    try:
        content = json.loads(metrics.read_text(encoding="utf-8"))
        written, folds = content["global_step"], "folds" in content
    except (OSError, ValueError, KeyError, TypeError):
        return False
    if folds and not (folder / "cv.csv").is_file():
        return False
    has_report = report.is_file() and report.stat().st_mtime >= metrics.stat().st_mtime
    return bool(written == global_step and (has_report or not pictures))


def check_same_settings(trainer: Trainer, checkpoint: Checkpoint) -> None:
    """Refuses settings of the Trainer that change weights and are others than the checkpoint's.

    Raises:
        InputError: Naming the setting.
    """
    own = settings_of(trainer)
    for name, value in checkpoint.content.get(KEY, {}).get("trainer", {}).items():
        if own.get(name) != value:
            rule = f"is {own.get(name)}, but {checkpoint.path} was made with {value}"
            raise InputError(f"trainer.{name}", rule, _NEW)


def rewind(trainer: Trainer, checkpoint: Checkpoint) -> None:
    """Brings the logs to where the checkpoint was saved, which becomes the last one."""
    states = checkpoint.content.get(KEY, {}).get("loggers", {})
    for logger in trainer.loggers:
        if type(logger).__name__ in states and hasattr(logger, "rewind"):
            logger.rewind(states[type(logger).__name__])
    if keeps_last(trainer):
        checkpoint.keep_as_last()


@contextmanager
def tells_how_to_go_on(folder: Path | None) -> Iterator[None]:
    """Says in one line what a signal has left, and has SLURM go on with it."""
    try:
        yield
    except signals.Interrupted as stop:
        if is_first_process():
            saved = folder is not None and bool(checkpoints_in(folder / "checkpoints"))
            way_on = (
                f"go on with: litclf resume {shell_word(folder)}" if saved else "no checkpoint was kept yet: start anew"
            )
            print(f"stopped by {stop}; {way_on}", file=sys.stderr, flush=True)
            if saved and stop.asks_for_more_time:
                signals.requeue()
        raise
