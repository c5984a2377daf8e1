"""One run: its folder, fit then test, resume; shared by the command line and scripted fits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
import yaml
from lightning.pytorch import LightningDataModule, LightningModule, Trainer, seed_everything
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities import rank_zero_only
from lightning.pytorch.utilities.model_helpers import is_overridden

from litclf.data.audit.loaded import tell_findings
from litclf.data.base import ClassificationDataModule, InMemoryDataModule
from litclf.data.loading.limits import check_trainer
from litclf.models.base import SteppedModule
from litclf.models.classifier import Classifier
from litclf.models.decision import Calibration, Rule
from litclf.runs.find import run_folder
from litclf.runs.folder import checkpoint_to_resume, locked, new_folder, removed_if_refused, runs_folder
from litclf.runs.record import described, facts_of, is_plain, plain, run_seed, versions
from litclf.training.calibration import calibrate_checkpoint, check_rule
from litclf.training.callbacks.divergence import StopOnDivergence
from litclf.training.callbacks.gallery import pictures_for
from litclf.training.callbacks.resume import Resume
from litclf.training.loggers.tensorboard import RunTensorBoard
from litclf.training.notices import quiet_lightning
from litclf.training.resume import check_checkpoint, check_resuming, check_same_settings, rewind, tells_how_to_go_on
from litclf.training.trainer import choose_threads, has_samples, trainer_defaults, with_safe_checkpoints
from litclf.training.trainer_args import check_last_batch, check_launcher, check_names, check_trainer_args, make_trainer
from litclf.utilities import signals
from litclf.utilities.checks import whole
from litclf.utilities.errors import InputError, RunError
from litclf.utilities.files import write_json, write_text


@dataclass(frozen=True)
class RunResult:
    """What a fit leaves.

    Attributes:
        folder: The run folder; None where nothing is kept (``fast_dev_run``).
        metrics: Final train and val metrics and the best checkpoint's test metrics, under their log keys, with
            ``global_step`` and ``fit_seconds``; the content of ``metrics.json``.
        model: The model, with the weights of the best checkpoint where one was kept.
        trainer: The Trainer that was used.
    """

    folder: Path | None
    metrics: dict[str, Any]
    model: LightningModule
    trainer: Trainer


def fit(
    model: LightningModule,
    data: LightningDataModule,
    *,
    name: str | None = None,
    seed: int = 42,
    threads: int | None = None,
    ckpt_path: str | Path | None = None,
    pictures: bool = False,
    threshold_rule: Rule = "0.5",
    **trainer_args: Any,
) -> RunResult:
    """Trains, validates, checkpoints and tests, as ``litclf fit`` does, in one call.

    Args:
        model: The model; takes its sizes from ``data``.
        data: The data.
        name: Name of the run's folder below ``lightning_logs``; None takes the data's class.
        seed: Seed of the order of samples, and of the weights where the model takes its sizes from ``data``.
        threads: Threads of PyTorch; None takes one for small models and PyTorch's default for others.
        ckpt_path: Checkpoint to resume from, in its own run folder; a run folder, whose latest checkpoint is taken; or
            ``last``, for that of the newest run of this name. None starts anew.
        pictures: Whether to draw what fits the data, and to write ``report.html``.
        threshold_rule: How the probability above which a binary classifier predicts class 1 is chosen on the validation
            split: ``0.5`` as it is, ``youden`` or ``f1``. It counts in prediction and export, not in the metrics.
        trainer_args: Arguments of :class:`lightning.pytorch.Trainer`; callbacks and loggers given here replace the
            default ones of their kind.

    A fit that is sent SIGINT or SIGTERM saves ``last.ckpt`` at the end of its execution before it ends.

    Raises:
        InputError: If something was given that cannot be used; nothing has been written then.
        RunError: If the training loss is infinite or not a number; the last good checkpoint stays.
        KeyboardInterrupt: After SIGINT, once it is saved; ``SystemExit(143)`` after SIGTERM.

    Example:
        >>> import tempfile
        >>> from litclf import BinaryClassifier, CirclesDataModule
        >>> data = CirclesDataModule(batch_size=None, repeat=10, steps_per_execution=10)
        >>> root = tempfile.mkdtemp()
        >>> result = fit(BinaryClassifier(), data, max_epochs=1, enable_progress_bar=False, default_root_dir=root)
        >>> result.metrics["global_step"], sorted(path.name for path in result.folder.iterdir())[:3]
        (10, ['checkpoints', 'config.yaml', 'events.out...'])
    """
    check_names(trainer_args)
    whole("seed", seed, 0, 2**32)
    with quiet_lightning(), signals.as_python_ends():
        seed_everything(seed, verbose=False)
        config = {"seed_everything": seed, "model": described(model), "data": described(data)}
        config["trainer"] = {key: value for key, value in trainer_args.items() if is_plain(value)}
        text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
        name = name or type(data).__name__
        if ckpt_path is not None:
            ckpt_path = checkpoint_to_resume(ckpt_path, runs_folder(trainer_args, name))
        run = Run(model, data, name, text, threads, ckpt_path, pictures, threshold_rule)
        return run.fit(trainer_args)


class Run:
    """A model and its data on their way through a Trainer, and the folder that it fills.

    Args:
        model: The model.
        data: The data.
        name: Name of the folder below ``lightning_logs`` that new run folders are made in.
        config: The text of ``config.yaml``.
        threads: Threads of PyTorch; None chooses by the size of the work.
        ckpt_path: Checkpoint to resume from or to evaluate; None starts anew.
        pictures: Whether a fit draws what fits the data, and writes ``report.html``.
        threshold_rule: How the threshold of a binary classifier is chosen.

    Raises:
        InputError: If model, data and checkpoint do not fit together.
    """

    def __init__(
        self,
        model: LightningModule,
        data: LightningDataModule,
        name: str,
        config: str,
        threads: int | None = None,
        ckpt_path: str | Path | None = None,
        pictures: bool = False,
        threshold_rule: Rule = "0.5",
    ) -> None:
        if not isinstance(data, LightningDataModule):
            rule = f"must be a LightningDataModule, got {type(data).__name__}"
            raise InputError("data", rule, "pass one of litclf's, or fit loaders with lightning.Trainer")
        if name in ("", "..") or Path(name).name != name:
            raise InputError("name", f"must be the name of a folder, got {name!r}", "pass a name without slashes")
        if threads is not None:
            whole("threads", threads, 1, 2**16)
        self.model, self.data, self.name, self.config = model, data, name, config
        self.pictures, self.threshold_rule = pictures, threshold_rule
        self.ckpt_path = None if ckpt_path is None else Path(ckpt_path)
        attach = getattr(model, "attach", None)
        if attach is not None:
            attach(data)
        check_rule(threshold_rule, getattr(data, "num_classes", None))
        if self.ckpt_path is not None:
            check_checkpoint(self.ckpt_path, model, data)
        # Read now, so that missing files are found before anything is written.
        splits = getattr(data, "splits", None)
        if isinstance(splits, dict):
            check_last_batch(model, len(splits["train"].y), getattr(data, "batch_size", None))
        torch.set_num_threads(threads or choose_threads(model, data))

    def fit(self, trainer_args: dict[str, Any]) -> RunResult:
        """Fits, tests the best checkpoint and writes ``metrics.json``."""
        check_trainer_args(trainer_args)
        if isinstance(self.data, InMemoryDataModule):
            self.data.check_training()
        saved = {}
        if self.ckpt_path is not None:
            saved = check_resuming(self.ckpt_path, self.data, trainer_args, self.pictures)
        with signals.handled():
            folder = None if trainer_args.get("fast_dev_run") else self._open(trainer_args)
            with locked(folder), removed_if_refused(None if self.ckpt_path else folder), tells_how_to_go_on(folder):
                resume = Resume(folder)
                trainer = self._trainer(trainer_args, folder, resume, saved)
                metrics = self._fit(trainer, folder, resume)
        return RunResult(folder, metrics, self.model, trainer)

    def _fit(self, trainer: Trainer, folder: Path | None, resume: Resume) -> dict[str, Any]:
        """Runs the stages one after the other, and writes what each leaves; returns the content of ``metrics.json``."""
        if folder is not None and trainer.is_global_zero:
            self._write_config(trainer, folder)
        if trainer.is_global_zero:
            tell_findings(self.data, folder)
        if isinstance(self.model, SteppedModule):
            self.model.warm_up(trainer, self.data)
        resume.begin()
        try:
            trainer.fit(self.model, datamodule=self.data, ckpt_path=self.ckpt_path, weights_only=True)
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            if "which is not available" in reason:
                raise InputError("trainer.callbacks", reason, "monitor one of these") from error
            if trainer.world_size > 1 and re.search("gloo|nccl|connection|broken pipe", reason, re.IGNORECASE):
                rule = f"another process of the run has ended: {reason[:100]}"
                raise RunError("trainer.devices", rule, f"go on by litclf resume {folder}") from error
            raise
        metrics: dict[str, Any] = plain(trainer.callback_metrics)
        metrics.update(global_step=trainer.global_step, fit_seconds=round(resume.seconds, 3))
        best = getattr(trainer.checkpoint_callback, "best_model_path", "")
        if best:
            score = cast(ModelCheckpoint, trainer.checkpoint_callback).best_model_score
            metrics["best"] = {"path": Path(best).name, "score": None if score is None else float(score)}
        if has_samples(self.data, "test") and is_overridden("test_step", self.model) and trainer.state.finished:
            tested = trainer.test(self.model, self.data, best or None, verbose=False, weights_only=True)
            metrics.update(plain(tested[0] if tested else {}))
        if calibration := self._calibrate(Path(best) if best else None, trainer):
            metrics["calibration"] = calibration.to_dict()
        metrics.update(engine=getattr(self.model, "engine_choice", "ordinary batches"))
        metrics.update(seed=run_seed(), versions=versions())
        if folder is not None and trainer.is_global_zero:
            for logger in trainer.loggers:
                if isinstance(logger, RunTensorBoard):
                    logger.conclude({**self.data.hparams, **self.model.hparams}, metrics)
            metrics["facts"] = facts_of(trainer, self.data, resume.started)
            write_json(folder / "metrics.json", metrics)
            if self.pictures:
                from litclf.visualization.report.page import write_report  # what draws is loaded after the fit

                write_report(folder)
        return metrics

    def _write_config(self, trainer: Trainer, folder: Path) -> None:
        path = folder / "config.yaml"
        before = path.read_text(encoding="utf-8") if path.is_file() else ""
        write_text(path, self.config)
        for logger in trainer.loggers:
            if isinstance(logger, RunTensorBoard) and before != self.config:
                logger.describe(self.config)

    def _calibrate(self, best: Path | None, trainer: Trainer) -> Calibration | None:
        """Calibrates the best checkpoint on the validation split."""
        classifies = isinstance(self.model, Classifier) and isinstance(self.data, ClassificationDataModule)
        if best is None or not classifies or not trainer.is_global_zero or not has_samples(self.data, "val"):
            return None
        return calibrate_checkpoint(best, cast(Classifier, self.model), self.data, self.threshold_rule)

    def evaluate(self, stage: str, trainer_args: dict[str, Any]) -> dict[str, float]:
        """Validates or tests the checkpoint and writes ``<stage>.json`` into its run folder."""
        trainer = self._evaluator(trainer_args)
        if not has_samples(self.data, "val" if stage == "validate" else stage):
            raise InputError("data", f"has nothing to {stage}", "hold samples out, for example by --data.holdout 0.2")
        run = trainer.validate if stage == "validate" else trainer.test
        path = cast(Path, self.ckpt_path)
        evaluated = run(self.model, self.data, ckpt_path=path, verbose=False, weights_only=True)
        if not evaluated:
            raise InputError("trainer", f"its limits leave nothing to {stage}", "raise the limit")
        metrics = plain(evaluated[0])
        write_json(run_folder(path) / f"{stage}.json", metrics)
        return metrics

    def predict(self, trainer_args: dict[str, Any]) -> list[Any]:
        """The outputs of ``predict_step`` for each batch of the data's prediction split."""
        trainer = self._evaluator(trainer_args)
        if not hasattr(self.data, "class_names"):
            raise InputError("data", f"{type(self.data).__name__} has no classes to predict", "see val/psnr instead")
        return cast(
            "list[Any]", trainer.predict(self.model, self.data, ckpt_path=self.ckpt_path, weights_only=True) or []
        )

    def _trainer(
        self, trainer_args: dict[str, Any], folder: Path | None, resume: Resume, checkpoint: dict[str, Any]
    ) -> Trainer:
        """The Trainer, with loggers that go on where the checkpoint was saved."""
        args = trainer_defaults(trainer_args, self.data, folder, checkpoint.get("global_step"))
        if self.pictures and folder is not None:
            args["callbacks"] = [*args["callbacks"], *pictures_for(self.model, self.data, args["callbacks"])]
        # First of all, so that nothing is drawn or saved of a fit that has diverged.
        args["callbacks"] = [StopOnDivergence(), resume, *args["callbacks"]]
        trainer = make_trainer(args)
        check_launcher(trainer, trainer_args.get("strategy"))
        if getattr(self.data, "steps_per_execution", 1) > 1:
            check_trainer(trainer)
        if self.ckpt_path is not None:
            check_same_settings(trainer, self.ckpt_path, checkpoint)
        if self.ckpt_path is not None and trainer.is_global_zero:
            rewind(trainer, self.ckpt_path, checkpoint)
        return trainer

    def _evaluator(self, trainer_args: dict[str, Any]) -> Trainer:
        check_trainer_args(trainer_args)
        changes = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "callbacks": None}
        return make_trainer({**trainer_args, **changes, "plugins": with_safe_checkpoints(trainer_args)})

    def _open(self, trainer_args: dict[str, Any]) -> Path:
        """The run folder: that of the checkpoint to resume, or a new one."""
        if self.ckpt_path is not None:
            return run_folder(self.ckpt_path)
        parent = runs_folder(trainer_args, self.name)
        return parent / "written by the first process" if getattr(rank_zero_only, "rank", 0) else new_folder(parent)
