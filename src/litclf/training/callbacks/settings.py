"""Settings callback: what a fit has used is what is recorded, also where a callback has changed it on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import BatchSizeFinder, LearningRateFinder

from litclf.models.base import SteppedModule
from litclf.runs.record import is_plain
from litclf.training.loggers.tensorboard import RunTensorBoard
from litclf.utilities.files import write_text
from litclf.utilities.text import plain_yaml


class UsedSettings(Callback):
    """Follows the hyperparameters that finders of Lightning change, and has the whole run go by them.

    The optimizer and its schedule are then made anew, and ``config.yaml``, ``hparams.yaml`` and the checkpoints hold
    what was found. It comes after the callbacks that it follows.

    Args:
        model: The model of the fit.
        data: Its data.
        path: The ``config.yaml`` of the run; None where nothing is kept.

    Example:
        >>> from litclf import BinaryClassifier, CirclesDataModule
        >>> UsedSettings(BinaryClassifier(), CirclesDataModule(), None).changed()
        {}
    """

    def __init__(self, model: LightningModule, data: LightningDataModule, path: Path | None) -> None:
        self._parts: dict[str, Any] = {"model": model, "data": data}
        self._path = path
        self._before = {part: dict(one.hparams) for part, one in self._parts.items()}

    def changed(self) -> dict[str, dict[str, Any]]:
        """The hyperparameters that are not what they were any more, by ``model`` and ``data``."""
        new = {
            part: {name: value for name, value in one.hparams.items() if value != self._before[part].get(name)}
            for part, one in self._parts.items()
        }
        return {part: values for part, values in new.items() if values}

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Makes the optimizer anew where a finder has run, and records what it found."""
        self._end_at_all_samples()
        if self.changed() and isinstance(pl_module, SteppedModule):
            # Lightning gives the optimizer the rate it found; the schedule would go on by the old one.
            trainer.strategy.setup_optimizers(trainer)
        self._record(trainer)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Records what was found between two epochs."""
        self._record(trainer)

    def _end_at_all_samples(self) -> None:
        """Makes a size of batches above the number of samples, which a finder does not know, that number."""
        data = self._parts["data"]
        most = getattr(data, "num_train_samples", None)
        if most and self.changed().get("data", {}).get("batch_size", 0) > most:
            data.batch_size = data.hparams["batch_size"] = most

    def _record(self, trainer: Trainer) -> None:
        changed = self.changed()
        for part, values in changed.items():
            self._before[part] |= values
            # What loggers are told of is what was saved last by this call.
            self._parts[part].save_hyperparameters(values)
        if changed and self._path is not None and trainer.is_global_zero:
            text = with_used(self._path.read_text(encoding="utf-8"), changed)
            write_text(self._path, text)
            for logger in trainer.loggers:
                if isinstance(logger, RunTensorBoard):
                    logger.describe(text)


def with_used(config: str, used: dict[str, dict[str, Any]]) -> str:
    """The text of a ``config.yaml`` with the arguments of model and data that were used in the end.

    Args:
        config: The text.
        used: Arguments by name, of ``model`` and ``data``; those that the config does not hold are left out.

    Example:
        >>> with_used("model: {class_path: Net, init_args: {lr: 0.1}}", {"model": {"lr": 0.5}}).split()
        ['model:', 'class_path:', 'Net', 'init_args:', 'lr:', '0.5']
    """
    content = yaml.safe_load(config)
    for part, values in used.items():
        arguments = (content.get(part) or {}).get("init_args") or {}
        arguments.update({name: value for name, value in values.items() if name in arguments and is_plain(value)})
    return plain_yaml(content, sort_keys=False, allow_unicode=True)


def without_finders(callbacks: list[Callback]) -> list[Callback]:
    """The callbacks of a fit that goes on: what a finder found at its beginning stands in its settings by now.

    Example:
        >>> without_finders([LearningRateFinder()])
        []
    """
    kinds = (LearningRateFinder, BatchSizeFinder)
    # A subclass that looks at another time is no part of the beginning.
    begins = {kind.on_fit_start for kind in kinds}
    return [one for one in callbacks if not (isinstance(one, kinds) and type(one).on_fit_start in begins)]


def begin_batch_size(callbacks: list[Callback], data: LightningDataModule) -> None:
    """Gives data that is trained by full batches the number that a finder of batch sizes begins at."""
    given: Any = data
    for callback in callbacks:
        if isinstance(callback, BatchSizeFinder) and getattr(data, "batch_size", 0) is None:
            given.batch_size = given.hparams["batch_size"] = callback.optimal_batch_size
