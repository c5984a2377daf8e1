"""One run: its folder, fit then test, resume; shared by the command line and scripted fits."""

from __future__ import annotations

import inspect
import json
import logging
import os
import platform
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import torch
import yaml
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer, seed_everything
from lightning.pytorch.callbacks import Checkpoint, ModelCheckpoint, ProgressBar, TQDMProgressBar
from lightning.pytorch.loggers import TensorBoardLogger
from torch import nn

import litclf
from litclf.callbacks.progress import PlainProgress
from litclf.checkpoints import check_checkpoint, run_folder
from litclf.checks import InputError
from litclf.engines.limits import check_trainer
from litclf.loggers import MetricsCSV, RunTensorBoard

_SMALL_WORK = 5e7
"""Multiply-adds of a step below which a second thread gains nothing, and can cost a lot on a busy machine."""


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
    **trainer_args: Any,
) -> RunResult:
    """Trains, validates, checkpoints and tests, as ``litclf fit`` does, in one call.

    Args:
        model: The model; takes its sizes from ``data``.
        data: The data.
        name: Name of the run's folder below ``lightning_logs``; None takes the data's class.
        seed: Seed of initial weights and of the order of samples.
        threads: Threads of PyTorch; None takes one for small models and PyTorch's default for others.
        ckpt_path: Checkpoint to resume from, in its own run folder; None starts anew.
        trainer_args: Arguments of :class:`lightning.pytorch.Trainer`; callbacks and loggers given here replace the
            default ones of their kind.

    Raises:
        InputError: If something was given that cannot be used; nothing has been written then.

    Example:
        >>> import tempfile
        >>> from litclf import BinaryClassifier, CirclesDataModule
        >>> data = CirclesDataModule(batch_size=None, repeat=10, steps_per_execution=10)
        >>> root = tempfile.mkdtemp()
        >>> result = fit(BinaryClassifier(), data, max_epochs=1, enable_progress_bar=False, default_root_dir=root)
        >>> result.metrics["global_step"], sorted(path.name for path in result.folder.iterdir())[:3]
        (10, ['checkpoints', 'config.yaml', 'events.out...'])
    """
    known = inspect.signature(Trainer).parameters
    for argument in trainer_args:
        if argument not in known:
            raise InputError.unknown("fit", argument, known)
    with quiet_lightning():
        seed_everything(seed, verbose=False)
        config = {"seed_everything": seed, "model": _described(model), "data": _described(data)}
        config["trainer"] = {key: value for key, value in trainer_args.items() if _is_plain(value)}
        text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
        run = Run(model, data, name or type(data).__name__, text, threads, ckpt_path)
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
    ) -> None:
        self.model, self.data, self.name, self.config = model, data, name, config
        self.ckpt_path = None if ckpt_path is None else Path(ckpt_path)
        attach = getattr(model, "attach", None)
        if attach is not None:
            attach(data)
        if self.ckpt_path is not None:
            check_checkpoint(self.ckpt_path, model, data)
        # Read now, so that missing files are found before anything is written.
        getattr(data, "splits", None)
        torch.set_num_threads(threads or _threads(model, data))

    def fit(self, trainer_args: dict[str, Any]) -> RunResult:
        """Fits, tests the best checkpoint and writes ``metrics.json``."""
        folder = None if trainer_args.get("fast_dev_run") else self._folder(trainer_args)
        try:
            trainer = Trainer(**self._with_defaults(trainer_args, folder))
            if getattr(self.data, "steps_per_execution", 1) > 1:
                check_trainer(trainer)
        except Exception:
            if folder is not None and not any(folder.iterdir()):
                folder.rmdir()
            raise
        if folder is not None:
            (folder / "config.yaml").write_text(self.config, encoding="utf-8")
            for logger in trainer.loggers:
                if isinstance(logger, RunTensorBoard):
                    logger.describe(self.config)
        begin = time.perf_counter()
        trainer.fit(self.model, datamodule=self.data, ckpt_path=self.ckpt_path, weights_only=True)
        seconds = time.perf_counter() - begin
        metrics: dict[str, Any] = _plain(trainer.callback_metrics)
        metrics.update(global_step=trainer.global_step, fit_seconds=round(seconds, 3))
        best = getattr(trainer.checkpoint_callback, "best_model_path", "")
        if best:
            score = cast(ModelCheckpoint, trainer.checkpoint_callback).best_model_score
            metrics["best"] = {"path": Path(best).name, "score": None if score is None else float(score)}
        if _has_samples(self.data, "test") and trainer.state.finished:
            metrics.update(_plain(trainer.test(self.model, self.data, best or None, verbose=False, weights_only=True)[0]))
        metrics.update(seed=_seed(), versions=_versions())
        if folder is not None and trainer.is_global_zero:
            self._log_hyperparams(trainer, metrics)
            (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
        return RunResult(folder, metrics, self.model, trainer)

    def evaluate(self, stage: str, trainer_args: dict[str, Any]) -> dict[str, float]:
        """Validates or tests the checkpoint and writes ``<stage>.json`` into its run folder."""
        trainer = self._evaluator(trainer_args)
        if not _has_samples(self.data, "val" if stage == "validate" else stage):
            raise InputError("data", f"has nothing to {stage}", "hold samples out, for example by --data.holdout 0.2")
        run = trainer.validate if stage == "validate" else trainer.test
        path = cast(Path, self.ckpt_path)
        metrics = _plain(run(self.model, self.data, ckpt_path=path, verbose=False, weights_only=True)[0])
        (run_folder(path) / f"{stage}.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
        return metrics

    def predict(self, trainer_args: dict[str, Any]) -> list[Any]:
        """The outputs of ``predict_step`` for each batch of the data's prediction split."""
        trainer = self._evaluator(trainer_args)
        return cast("list[Any]", trainer.predict(self.model, self.data, ckpt_path=self.ckpt_path, weights_only=True))

    def _evaluator(self, trainer_args: dict[str, Any]) -> Trainer:
        changes = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "callbacks": None}
        return Trainer(**{**trainer_args, **changes})

    def _folder(self, trainer_args: dict[str, Any]) -> Path:
        """The run folder: that of the checkpoint to resume, or the next free number."""
        if self.ckpt_path is not None:
            return run_folder(self.ckpt_path)
        parent = Path(trainer_args.get("default_root_dir") or ".") / "lightning_logs" / self.name
        parent.mkdir(parents=True, exist_ok=True)
        numbers = [int(path.name[8:]) for path in parent.glob("version_*") if path.name[8:].isdigit()]
        number = max(numbers, default=-1) + 1
        while True:
            try:
                # Fails where another run took the number in the meantime.
                (parent / f"version_{number}").mkdir()
            except FileExistsError:
                number += 1
            else:
                return parent / f"version_{number}"

    def _with_defaults(self, trainer_args: dict[str, Any], folder: Path | None) -> dict[str, Any]:
        """The Trainer's arguments, with our loggers and callbacks where the user names none of the kind."""
        args = dict(trainer_args)
        given = args.get("callbacks") or []
        callbacks: list[Callback] = list(given) if isinstance(given, list | tuple) else [given]
        args.setdefault("num_sanity_val_steps", 0)
        args.setdefault("enable_model_summary", False)
        args["default_root_dir"] = folder
        if args.get("log_every_n_steps") is None:
            args["log_every_n_steps"] = 1 if getattr(self.data, "steps_per_execution", 1) > 1 else 10
        if args.get("logger") in (None, True):
            args["logger"] = [RunTensorBoard(folder), MetricsCSV(folder)] if folder else False
        wants = args.get("enable_checkpointing") is not False and folder is not None
        if wants and not any(isinstance(callback, Checkpoint) for callback in callbacks):
            callbacks.append(self._checkpoint(cast(Path, folder)))
        wants = args.get("enable_progress_bar") is not False
        if wants and not any(isinstance(callback, ProgressBar) for callback in callbacks):
            callbacks.append(TQDMProgressBar() if sys.stdout.isatty() else PlainProgress())
        args["callbacks"] = callbacks
        return args

    def _checkpoint(self, folder: Path) -> ModelCheckpoint:
        """Keeps ``best.ckpt``, by validation loss where there is one, and ``last.ckpt``."""
        return ModelCheckpoint(
            folder / "checkpoints",
            filename="best",
            monitor="val/loss" if _has_samples(self.data, "val") else "train/loss",
            save_last=True,
            enable_version_counter=False,
        )

    def _log_hyperparams(self, trainer: Trainer, metrics: dict[str, Any]) -> None:
        """Fills TensorBoard's hparams tab."""
        scores = {key: value for key, value in metrics.items() if "/" in key and not key.startswith("gradients")}
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger) and scores:
                logger.log_hyperparams({**self.data.hparams, **self.model.hparams}, scores, trainer.global_step - 1)
            if isinstance(logger, RunTensorBoard):
                logger.close()


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Keeps back Lightning's notices that are not for the user: hardware found, products to install, loops ended."""
    levels = {name: logging.getLogger(name).level for name in ("lightning.pytorch", "lightning.fabric")}
    for name in levels:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            # Lightning 2.6 calls a name that PyTorch 2.14 has deprecated.
            warnings.filterwarnings("ignore", message=".*LeafSpec.*")
            # TensorBoard's graph tab is drawn from a trace, for which PyTorch has no other source yet.
            warnings.filterwarnings("ignore", message=".*torch.jit.trace.* is deprecated")
            # With executions a checkpoint is always of the weights after a step, as its name says.
            warnings.filterwarnings("ignore", message="Using ModelCheckpoint with manual optimization")
            # A resumed run goes on in its own folder.
            warnings.filterwarnings("ignore", message="Checkpoint directory .* exists and is not empty")
            # Resident tensors need no workers.
            warnings.filterwarnings("ignore", message=".*does not have many workers")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def _threads(model: LightningModule, data: LightningDataModule) -> int:
    """One thread for small fully connected work, PyTorch's default otherwise."""
    batch_size = getattr(data, "batch_size", None) or 1000
    weights = sum(parameter.numel() for parameter in model.parameters())
    convolves = any(isinstance(module, nn.Conv2d) for module in model.modules())
    return 1 if not convolves and weights * batch_size < _SMALL_WORK else torch.get_num_threads()


def _has_samples(data: LightningDataModule, split: str) -> bool:
    splits = getattr(data, "splits", None)
    if isinstance(splits, dict):
        return len(splits[split].y) > 0
    return getattr(type(data), f"{split}_dataloader") is not getattr(LightningDataModule, f"{split}_dataloader")


def _described(part: LightningModule | LightningDataModule) -> dict[str, Any]:
    """Class and arguments, as ``config.yaml`` holds them."""
    arguments = inspect.signature(type(part)).parameters
    values = {key: value for key, value in part.hparams.items() if key in arguments and _is_plain(value)}
    return {"class_path": f"{type(part).__module__}.{type(part).__qualname__}", "init_args": values}


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, str | bool | int | float)


def _plain(metrics: Any) -> dict[str, Any]:
    return {key: float(value) for key, value in metrics.items() if not key.endswith("_step")}


def _seed() -> int | None:
    import os

    seed = os.environ.get("PL_GLOBAL_SEED")
    return None if seed is None else int(seed)


def _versions() -> dict[str, str]:
    packages = {name: version(name) for name in ("torch", "lightning", "torchmetrics", "scikit-learn")}
    return {"litclf": litclf.__version__, "python": platform.python_version(), **packages}
