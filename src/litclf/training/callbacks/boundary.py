"""Boundary callback: the decision boundary of two-dimensional data, as it forms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from lightning.pytorch import LightningModule, Trainer
from numpy.typing import NDArray
from torch import Tensor

from litclf.models.classifier import Classifier
from litclf.models.networks.ensemble import members_of
from litclf.models.outputs import outputs
from litclf.training.callbacks.picture import (
    PeriodicPicture,
    class_names,
    folder_of,
    log_png,
    logits_of,
    some_of,
)
from litclf.utilities.errors import InputError

if TYPE_CHECKING:
    from litclf.visualization.plots.boundary import BoundaryFilm

_MOST_POINTS = 1000


class DecisionBoundary(PeriodicPicture):
    """Draws the probabilities over the plane with the training points, as a film.

    Each look is a picture in TensorBoard, whose slider plays them; ``boundary.gif`` holds all, ``boundary.png`` the
    latest. Of a fit with members they show the mean of the probabilities, and ``boundary.png`` each member's border.

    Args:
        every_n_train_steps: Optimizer steps from one frame to the next, at least 1; None makes 20 frames in a fit.

    Attributes:
        frames: The frames so far, each the content of a PNG file as uint8 numbers.

    Example:
        >>> DecisionBoundary(every_n_train_steps=50).every_n_train_steps
        50
    """

    kept = ("facts", "latest", "frames")

    def __init__(self, every_n_train_steps: int | None = None) -> None:
        super().__init__(every_n_train_steps)
        self.frames: list[Tensor] = []
        self._film: BoundaryFilm | None = None

    def look(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Adds a frame to the film and to TensorBoard."""
        content = self._draw(trainer, pl_module)
        self.frames.append(torch.frombuffer(bytearray(content), dtype=torch.uint8))
        log_png(trainer, "boundary", content)

    def _draw(self, trainer: Trainer, module: LightningModule) -> bytes:
        """Draws the model as it is, as the next frame."""
        if not isinstance(module, Classifier):
            rule = f"DecisionBoundary draws classes, and {type(module).__name__} is no classifier of litclf"
            raise InputError("callbacks", rule, "drop the callback")
        from litclf.visualization.plots.boundary import BoundaryFilm

        data = self.data_of(trainer)
        x, y = some_of(data, "train", _MOST_POINTS)
        if self._film is None:
            earlier = [frame.numpy().tobytes() for frame in self.frames]
            self._film = BoundaryFilm(x.cpu().numpy(), y.cpu().numpy(), class_names(trainer, 2), frames=earlier)
        over_mesh = module.probabilities(logits_of(module, data, torch.from_numpy(self._film.points)))
        predicted = module.classes(logits_of(module, data, x))
        title = f"step {trainer.global_step}"
        self._figure = self._film.draw(over_mesh.numpy(), predicted.numpy(), title)
        return self._film.png()

    def _of_members(self, trainer: Trainer, module: Classifier, numbers: list[int]) -> Iterator[NDArray[np.float64]]:
        """What each member says of the mesh."""
        assert self._film is not None
        x = self.data_of(trainer).prepare(torch.from_numpy(self._film.points).to(module.device))
        for number in numbers:
            logits, _ = outputs(members_of(module.network)[number], [(x, x)])
            yield module.probabilities(module.shaped(logits)).numpy()

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the film, and its last frame."""
        from litclf.visualization.plots import canvas

        if self._film is None and self.frames and trainer.is_global_zero:
            last = self.frames.pop()  # of a fit that was over when it was resumed; the last frame shows its weights
            self._draw(trainer, pl_module)
            self.frames.append(last)
        if self._film is not None:
            if isinstance(pl_module, Classifier) and pl_module.members is not None:
                self._film.draw_members(self._of_members(trainer, pl_module, pl_module.members.alive))
            folder = folder_of(trainer)
            canvas.save(self._figure, folder / "boundary.png")
            self._film.write_gif(folder / "boundary.gif")
            self._film = None
