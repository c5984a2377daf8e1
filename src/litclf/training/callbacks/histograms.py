"""Histogram callback: distributions of weights, when asked for."""

from __future__ import annotations

from lightning.pytorch import LightningModule, Trainer

from litclf.training.callbacks.picture import PeriodicPicture, first_member
from litclf.training.loggers.tensorboard import RunTensorBoard


class Histograms(PeriodicPicture):
    """Shows a histogram of each parameter in TensorBoard, under *Histograms* and *Distributions*.

    Of a fit with members, the parameters are those of the first.

    Args:
        every_n_train_steps: Optimizer steps from one look to the next, at least 1; None makes 20 looks in a fit.

    Example:
        >>> Histograms(every_n_train_steps=100).every_n_train_steps
        100
    """

    def look(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Adds a histogram of each parameter."""
        for logger in trainer.loggers:
            if isinstance(logger, RunTensorBoard):
                with first_member(pl_module):
                    for name, parameter in pl_module.named_parameters():
                        logger.experiment.add_histogram(name, parameter.detach(), max(0, trainer.global_step - 1))
