"""Restoration data: one image and its corrupted form, for the restoration experiment."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_sample_image

from litclf.data.base import InMemoryDataModule, Split
from litclf.preprocessing.corruption import Corruption
from litclf.utilities.checks import positive, whole
from litclf.utilities.errors import InputError


class RestorationDataModule(InMemoryDataModule):
    """A grey image, corrupted by a known function; the task is to find the image.

    Batches are ``(x, y)``: ``x`` the corrupted image and ``y`` the original one, both float32 of shape
    ``(1, size * size)``, row after row; the original's pixels are in [0, 1]. It is both training and validation data:
    the original serves to measure the result and is never trained on.

    Args:
        image: Image file in any format that Pillow reads; None for scikit-learn's photograph ``china.jpg``.
        size: Edge of the square image in pixels, at least 2; the file is cut to a square and scaled down.
        rounds: How often the corrupting function shifts, subtracts and folds, at least 1.
        repeat: Optimizer steps in one Trainer epoch.
        steps_per_execution: Most optimizer steps that run as one Trainer batch; ``auto`` chooses for each fit.

    Raises:
        InputError: If an argument is out of range or the file cannot be read.

    Example:
        >>> RestorationDataModule(size=10).input_shape
        (100,)
    """

    def __init__(
        self,
        image: str | None = None,
        size: int = 100,
        rounds: int = 5,
        repeat: int = 1,
        steps_per_execution: int | Literal["auto"] = "auto",
    ) -> None:
        super().__init__(None, repeat, steps_per_execution, seed=0)
        whole("size", size, 2, example=100)
        positive("rounds", rounds, 5)
        self.save_hyperparameters()
        self.image, self.size, self.rounds = image, size, rounds
        self.input_shape = (size * size,)

    def load(self) -> dict[str, Split]:
        """Reads the image and corrupts it."""
        try:
            source = Image.fromarray(load_sample_image("china.jpg")) if self.image is None else Image.open(self.image)
            edge = min(source.size)
            left, top = (source.width - edge) // 2, (source.height - edge) // 2
            grey = source.convert("L").crop((left, top, left + edge, top + edge)).resize((self.size, self.size))
        except OSError as error:
            raise InputError("image", f"cannot read {self.image}: {error}", "pass a PNG or JPEG file") from error
        original = torch.from_numpy(np.array(grey, dtype=np.float32)).reshape(1, -1) / 255
        pair = Split(Corruption(self.rounds)(original), original)
        return {"train": pair, "val": pair, "test": Split(pair.x[:0], pair.y[:0])}
