"""The data, before the first step."""

from __future__ import annotations

from typing import Any, cast

from lightning.pytorch import LightningModule, Trainer

from litclf.callbacks.picture import Picture, class_names


class DataScatter(Picture):
    """Draws two-dimensional training data as ``data.png``, before anything is learned.

    Example:
        >>> DataScatter().facts
        {}
    """

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draws the training split."""
        if not trainer.is_global_zero:
            return
        from litclf.pictures.data import draw_scatter

        x, y = (tensor.cpu().numpy() for tensor in cast(Any, trainer).datamodule.splits["train"])
        self.show(trainer, "data", draw_scatter(x, y, class_names(trainer, 2), "training data"))
