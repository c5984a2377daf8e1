"""Monitors: a metric that a callback waits for and nobody logs is told by both names."""

from __future__ import annotations

from typing import Any, cast

from lightning.pytorch import Callback, LightningModule, Trainer

from litclf.training.callback_checks import not_logged


class Monitors(Callback):
    """Knows whether metrics were measured yet, and so whether a callback's ``monitor`` is there to be found.

    Example:
        >>> Monitors().measured
        False
    """

    def __init__(self) -> None:
        self.measured = False

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Notes that there are metrics."""
        self.measured = not trainer.sanity_checking

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Notes that there are metrics."""
        self.measured = True

    def check(self, trainer: Trainer, error: Exception) -> None:
        """Refuses what is monitored and was not logged, once there was an occasion.

        Args:
            trainer: The Trainer of a fit that has failed.
            error: What it failed by.

        Raises:
            InputError: Naming the callback, its metric and those that are logged.
        """
        for callback in cast(Any, trainer).callbacks if self.measured else []:
            monitor, logged = getattr(callback, "monitor", None), set(trainer.callback_metrics)
            if isinstance(monitor, str) and monitor not in logged:
                raise not_logged(f"{type(callback).__name__} monitors {monitor}", monitor, logged) from error
