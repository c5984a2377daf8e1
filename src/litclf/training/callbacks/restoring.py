"""Restoration callback: an image on its way back from its corrupted form."""

from __future__ import annotations

import math

from lightning.pytorch import LightningModule, Trainer

from litclf.training.callbacks.picture import PeriodicPicture


class RestoredImage(PeriodicPicture):
    """Draws ``restoration.png``: the corrupted, the current and the original image, side by side.

    Args:
        every_n_train_steps: Optimizer steps from one look to the next, at least 1; None makes 20 looks in a fit.

    Example:
        >>> RestoredImage(every_n_train_steps=500).every_n_train_steps
        500
    """

    def look(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Shows the three images."""
        from litclf.visualization.plots.images import draw_restoration

        data = self.data_of(trainer)
        size = math.isqrt(data.input_shape[0])
        corrupted, original = data.splits["train"]
        current = pl_module(corrupted.to(pl_module.device)).detach()
        images = [image.cpu().reshape(size, size).numpy() for image in (corrupted, current, original)]
        self.show(trainer, "restoration", draw_restoration(*images))
