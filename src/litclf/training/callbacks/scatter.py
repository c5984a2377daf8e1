"""Scatter callback: the data, before the first step."""

from __future__ import annotations

from lightning.pytorch import LightningModule, Trainer

from litclf.training.callbacks.picture import Picture, class_names


class DataScatter(Picture):
    """Draws two-dimensional training data as ``data.png``, before anything is learned.

    Attributes:
        drawn: Whether that was done, also by an earlier part of the run.

    Example:
        >>> DataScatter().facts
        {}
    """

    kept = ("facts", "drawn")

    def __init__(self) -> None:
        super().__init__()
        self.drawn = False

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draws the training split."""
        if not trainer.is_global_zero or self.drawn:
            return
        self.drawn = True
        from litclf.visualization.plots.data import draw_scatter

        x, y = (tensor.cpu().numpy() for tensor in self.data_of(trainer).splits["train"])
        self.show(trainer, "data", draw_scatter(x, y, class_names(trainer, 2), "training data"))
