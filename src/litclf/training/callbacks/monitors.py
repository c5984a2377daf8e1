"""Monitors: a metric that a callback or a schedule waits for and nobody logs is told by both names."""

from __future__ import annotations

from pathlib import Path

from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Callback, LightningModule, Trainer

from litclf.training.callback_checks import is_of_validation, monitored, not_logged
from litclf.utilities.errors import InputError
from litclf.utilities.text import pasted


class Monitors(Callback):
    """Knows whether metrics were measured yet, and so whether what is monitored is there to be found.

    What is not there is refused by a look at one batch of validation before the fit, where
    :func:`~litclf.training.callback_checks.check_monitors` asks for one; else when a callback asks for it, and then
    ``last.ckpt`` holds what was trained until then.

    Args:
        folder: The run folder; None where nothing is kept.

    Attributes:
        measured: Whether there was an occasion for metrics.
        looks_first: Whether one batch of validation comes before the fit, and what is not logged then never will be.

    Example:
        >>> Monitors(None).measured
        False
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.measured = self.looks_first = False
        self._left = ""

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Has a batch of validation come first, as Lightning's check of sanity."""
        if self.looks_first:
            trainer.num_sanity_val_steps = max(trainer.num_sanity_val_steps, 1)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Notes that there are metrics, or looks at those of the first batch."""
        self.measured = not trainer.sanity_checking
        if trainer.sanity_checking and self.looks_first:
            logged = set(trainer.callback_metrics)
            for who, name in monitored(trainer):
                if is_of_validation(name) and name not in logged:
                    raise not_logged(f"{who} {name}", name, logged)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Notes that there are metrics."""
        self.measured = True

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Keeps what was trained until it turned out that something waits in vain."""
        if self.folder is not None and trainer.checkpoint_callbacks and self._missing(trainer, exception):
            trainer.save_checkpoint(self.folder / "checkpoints" / "last.ckpt")
            self._left = f"; with that mended, {pasted('--ckpt_path', str(self.folder))} goes on after this epoch"

    def check(self, trainer: Trainer, error: Exception) -> None:
        """Refuses what is monitored and was not logged, once there was an occasion.

        Args:
            trainer: The Trainer of a fit that has failed.
            error: What it failed by.

        Raises:
            InputError: Naming the callback or schedule, its metric and those that are logged.
        """
        for who, name in self._missing(trainer, error):
            refusal = not_logged(f"{who} {name}", name, set(trainer.callback_metrics))
            raise InputError(refusal.where, refusal.what, refusal.fix + self._left) from error

    def _missing(self, trainer: Trainer, error: BaseException) -> list[tuple[str, str]]:
        """What monitors what is not logged, where it is that which the fit has failed by."""
        if not self.measured or type(error) not in (RuntimeError, MisconfigurationException):  # what Lightning raises
            return []
        logged = trainer.callback_metrics
        return [(who, name) for who, name in monitored(trainer) if name not in logged]
