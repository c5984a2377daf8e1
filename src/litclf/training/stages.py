"""Stages of a fit: open, train, test, calibrate, record, report; each a function of the run that was opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.fabric.utilities.spike import TrainingSpikeException
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks.spike import SpikeDetection
from lightning.pytorch.utilities.model_helpers import is_overridden

from litclf.data.audit.loaded import tell_findings
from litclf.data.base import ClassificationDataModule, InMemoryDataModule
from litclf.data.folds import FoldsDataModule
from litclf.data.loading.epoch import EpochDataModule
from litclf.data.loading.limits import notes_on, reason_against
from litclf.models.base import SteppedModule
from litclf.models.classifier import Classifier
from litclf.models.decision import Calibration
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.checkpoint_io import SafeCheckpointIO
from litclf.runs.record import facts_of, plain, versions
from litclf.training.calibration import calibrate_checkpoint
from litclf.training.callback_checks import check_checkpoints, check_finetuning, check_monitors
from litclf.training.callbacks.dead_units import DeadUnits
from litclf.training.callbacks.divergence import StopOnDivergence
from litclf.training.callbacks.gallery import pictures_for
from litclf.training.callbacks.kept import score_of, tested_path
from litclf.training.callbacks.monitors import Monitors
from litclf.training.callbacks.others import OtherProcesses
from litclf.training.callbacks.readable import Readable
from litclf.training.callbacks.resume import Resume
from litclf.training.callbacks.settings import UsedSettings, begin_batch_size, without_finders
from litclf.training.evaluation import measured_class, run_checkpoint
from litclf.training.loggers.tensorboard import RunTensorBoard
from litclf.training.members import summary, write_member_curves, write_members
from litclf.training.plan import Plan
from litclf.training.resume import check_same_settings, rewind
from litclf.training.trainer import hand, make_trainer, trainer_defaults
from litclf.training.trainer_args import check_launcher
from litclf.utilities.errors import InputError, RunError
from litclf.utilities.files import sweep, write_json, write_text
from litclf.utilities.notes import tell
from litclf.utilities.text import shell_word

NO_LOGS = "--trainer.logger false: the run has no metrics.csv and no TensorBoard events"
"""What a run without loggers says of its folder."""


@dataclass(frozen=True)
class Opened:
    """A run that has begun.

    Attributes:
        plan: What it is to do.
        folder: Where it leaves what it makes; None where nothing is kept.
        trainer: Its Trainer.
        resume: What makes it go on where it was stopped; counts its seconds.
        monitors: What tells a metric that is monitored and not logged.
        others: What tells that another process of the run has ended.
    """

    plan: Plan
    folder: Path | None
    trainer: Trainer
    resume: Resume
    monitors: Monitors
    others: OtherProcesses


def open_run(plan: Plan, folder: Path | None) -> Opened:
    """Makes the Trainer, with loggers that go on where the checkpoint was saved, and writes ``config.yaml``."""
    checkpoint = plan.checkpoint
    for place in () if folder is None else (folder, folder / "checkpoints"):
        sweep(place)
    step = None if checkpoint is None else checkpoint.step
    members = plan.members is not None
    args = trainer_defaults(plan.trainer_args, plan.spec, folder, step, plan.save_every, members)
    resume, monitors, others = Resume(folder), Monitors(folder), OtherProcesses()
    own = [StopOnDivergence(), resume, monitors, others, Readable(folder)]
    # First of all, so that nothing is drawn or saved of a fit that has diverged.
    args["callbacks"] = [*own, *_callbacks(plan, folder, args["callbacks"])]
    trainer = make_trainer(args)
    monitors.looks_first = check_monitors(trainer, plan.model, plan.spec)
    check_launcher(trainer, plan.trainer_args.get("strategy"))
    if isinstance(plan.data, EpochDataModule):
        plan.data.choose_steps(trainer, plan.model)
        if members and (reason := reason_against(trainer, plan.model)):
            raise InputError("members", f"train by executions of several steps: {reason}", "train one network")
    if plan.trainer_args.get("log_every_n_steps") is None:
        # Beside the training loss, an execution logs once, at its end; ordinary batches would pay for every row.
        trainer.log_every_n_steps = 1 if plan.spec.steps_per_execution > 1 else 10  # type: ignore[attr-defined]
    if checkpoint is not None:
        check_same_settings(trainer, checkpoint)
        hand(trainer, checkpoint)
    if isinstance(plan.model, SteppedModule):
        plan.model.as_curve = plan.trainer_args.get("log_every_n_steps") is None
    if isinstance(plan.data, EpochDataModule):
        plan.data.run_seed = plan.seed
    if trainer.is_global_zero:
        if checkpoint is not None:
            rewind(trainer, checkpoint)
        if folder is not None:
            _write_config(trainer, folder / "config.yaml", plan.config)
            if not trainer.loggers:
                tell(NO_LOGS)
        tell_findings(plan.data, folder)
        tell(*(notes_on(args["callbacks"]) if plan.spec.steps_per_execution > 1 else ()))
    return Opened(plan, folder, trainer, resume, monitors, others)


def _callbacks(plan: Plan, folder: Path | None, given: list[Callback]) -> list[Callback]:
    """The callbacks that were given, as a run can have them, and what draws and follows beside them."""
    callbacks = given if plan.checkpoint is None else without_finders(given)
    if len(callbacks) < len(given) and isinstance(plan.data, EpochDataModule) and plan.data.asked_steps == "auto":
        plan.data.asked_steps = 1  # as the fit has begun, because of its finder
    begin_batch_size(callbacks, plan.data)
    check_finetuning(callbacks, plan.model)
    if plan.members is not None and isinstance(plan.data, InMemoryDataModule):
        callbacks = [*callbacks, DeadUnits()]
    for one in callbacks:
        if isinstance(one, SpikeDetection):
            vars(one)["running"] = one.running_mean  # the name that it has in Lightning's `load_state_dict`
    if folder is None:
        return [*callbacks, UsedSettings(plan.model, plan.data, None)]
    check_checkpoints(callbacks, folder / "checkpoints")
    drawn = pictures_for(plan.model, plan.data, callbacks, plan.marks) if plan.pictures and _can_draw(plan) else []
    return [*callbacks, *drawn, UsedSettings(plan.model, plan.data, folder / "config.yaml")]


def _can_draw(plan: Plan) -> bool:
    """Whether weights are of the 32 bits that inputs have, which what is drawn of a model takes; says where not."""
    precision = str(plan.trainer_args.get("precision"))
    if precision == "32-true" or (precision != "64" and not precision.endswith("-true")):
        return True
    tell(f"--trainer.precision {precision}: nothing is drawn while it trains, which takes weights of 32 bits")
    return False


def _write_config(trainer: Trainer, path: Path, config: str) -> None:
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    write_text(path, config)
    for logger in trainer.loggers:
        if isinstance(logger, RunTensorBoard) and before != config:
            logger.describe(config)


def train(opened: Opened) -> dict[str, Any]:
    """Trains; gives the latest metrics, and what the fit took."""
    plan, trainer = opened.plan, opened.trainer
    if isinstance(plan.model, SteppedModule):
        plan.model.warm_up(trainer, plan.data)
    steps_at_once = plan.spec.steps_at_once
    opened.resume.begin()
    try:
        path = None if plan.checkpoint is None else plan.checkpoint.path
        trainer.fit(plan.model, datamodule=plan.data, ckpt_path=path, weights_only=True)
    except (RuntimeError, MisconfigurationException) as error:
        opened.monitors.check(trainer, error)
        if opened.others.ended:
            rule = f"another process of the run has ended: {' '.join(str(error).split())[:100]}"
            raise RunError("trainer.devices", rule, f"go on by litclf resume {shell_word(opened.folder)}") from error
        if isinstance(error, TrainingSpikeException):
            raise RunError(
                "trainer.callbacks", f"SpikeDetection has ended the fit: {error}", "lower --model.lr"
            ) from error
        if isinstance(error, MisconfigurationException):
            raise InputError("trainer", " ".join(str(error).split()), "change that setting of the Trainer") from error
        raise
    except ModuleNotFoundError as error:  # of a callback that asks for its package when the fit begins
        raise InputError("trainer.callbacks", " ".join(str(error).split()), "install it, or leave it out") from error
    if plan.checkpoint is None and not opened.resume.has_trained:
        raise InputError("trainer", "ended before its first step", "raise --trainer.max_time and the limits")
    done = {"global_step": trainer.global_step, "fit_seconds": round(opened.resume.seconds, 3)}
    done["steps_per_execution"] = steps_at_once
    return plain(trainer.callback_metrics) | done


def read_tested(opened: Opened) -> Checkpoint | None:
    """The checkpoint that the fit is judged by, read once for its test and its calibration; None where none was kept.

    Nor is one read that another CheckpointIO than ours has written, in a format of its own.
    """
    path, io = tested_path(opened.trainer), opened.trainer.strategy.checkpoint_io
    return Checkpoint.read(Path(path)) if path and isinstance(io, SafeCheckpointIO) else None


def test(opened: Opened, kept: Checkpoint | None) -> dict[str, Any]:
    """Tests what is left, or the model as it is where nothing is kept; gives its metrics, and what was tested."""
    plan, trainer = opened.plan, opened.trainer
    metrics: dict[str, Any] = {}
    path = tested_path(trainer)
    if path and Path(path).name != "last.ckpt":
        metrics["best"] = {"path": Path(path).name, "score": score_of(trainer, path)}
        if kept is not None:
            metrics["best"]["step"] = kept.step
    if plan.spec.has("test") and is_overridden("test_step", plan.model) and trainer.state.finished:
        if kept is not None:
            tested = run_checkpoint(trainer, plan, kept, "test")
        else:
            tested = list(trainer.test(plan.model, plan.data, path or None, verbose=False, weights_only=True))
        metrics.update(plain(tested[0] if tested else {}))
    return metrics


def compare_members(opened: Opened) -> dict[str, Any]:
    """What members are worth, with ``members.csv``, but of folds, and ``member_curves.csv``; nothing of one network.

    Of folds also how they came about.
    """
    plan = opened.plan
    members = plan.model.members if isinstance(plan.model, Classifier) else None
    if members is None:
        return {}
    folds = plan.data if isinstance(plan.data, FoldsDataModule) else None
    if opened.folder is not None and folds is None:
        write_members(opened.folder / "members.csv", members)
    if opened.folder is not None:
        write_member_curves(opened.folder / "member_curves.csv", members)
    told = {"members": summary(members, plan.marks, overlap=None if folds is None else folds.overlap)}
    return told if folds is None else told | {"folds": dict(folds.hparams)}


def calibrate(opened: Opened, kept: Checkpoint | None) -> Calibration | None:
    """Calibrates the best checkpoint on the validation split, and stores in it what was found."""
    plan = opened.plan
    classifies = isinstance(plan.model, Classifier) and isinstance(plan.data, ClassificationDataModule)
    validates = plan.spec.has("val") and opened.trainer.limit_val_batches != 0
    if kept is None or not classifies or not opened.trainer.is_global_zero or not validates:
        return None
    return calibrate_checkpoint(kept, cast(Classifier, plan.model), plan.data, plan.threshold_rule)


def record(opened: Opened, metrics: dict[str, Any]) -> dict[str, Any]:
    """Adds how the run came about, and writes ``metrics.json`` and what TensorBoard compares runs by."""
    plan, trainer = opened.plan, opened.trainer
    engine = getattr(plan.model, "engine_choice", "ordinary batches")
    metrics |= {**measured_class(plan.model), "engine": engine, "seed": plan.seed, "versions": versions()}
    if opened.folder is not None and trainer.is_global_zero:
        for logger in trainer.loggers:
            if isinstance(logger, RunTensorBoard):
                logger.conclude({**plan.data.hparams, **plan.model.hparams}, metrics)
        facts = facts_of(trainer, plan.spec, opened.resume.started)
        if "folds" in metrics:  # each has rows of its own
            facts = {key: value for key, value in facts.items() if not key.startswith("num_")}
        metrics["facts"] = facts
        write_json(opened.folder / "metrics.json", metrics)
    return metrics


def report(opened: Opened) -> None:
    """Writes ``report.html`` where it is wanted, last of all: a run that has it has finished."""
    if opened.plan.pictures and opened.folder is not None and opened.trainer.is_global_zero:
        from litclf.visualization.report.page import write_report  # what draws is loaded after the fit

        write_report(opened.folder)
