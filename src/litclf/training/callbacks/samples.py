"""Sample callbacks: the images and rows behind the figures of a test."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Trainer
from numpy.typing import NDArray
from torch import Tensor

from litclf.data.base import ClassificationDataModule, InMemoryDataModule
from litclf.preprocessing.table import TablePreparation
from litclf.training.callbacks.picture import Evaluation, EvaluationPicture, folder_of
from litclf.utilities.data_spec import DataSpec
from litclf.utilities.files import write_json


class Predictions(EvaluationPicture):
    """Draws ``predictions.png``, the first test image of each class with its prediction, and ``worst.png``.

    Example:
        >>> Predictions().facts
        {}
    """

    def draw(self, trainer: Trainer, evaluation: Evaluation) -> None:
        """Draws both, for images."""
        data = self.data_of(trainer)
        from litclf.visualization.plots.images import draw_predictions, draw_worst
        from litclf.visualization.report.samples import worst_errors

        _, first = np.unique(evaluation.targets, return_index=True)
        names = evaluation.class_names
        shown = pixels_of(data.stored("test", torch.from_numpy(first)))
        figure = draw_predictions(shown, evaluation.targets[first], evaluation.probabilities[first], names)
        self.show(trainer, "predictions", figure)
        worst = worst_errors(evaluation.targets, evaluation.predicted, evaluation.losses)
        of_target = evaluation.probabilities[worst, evaluation.targets[worst]]
        shown = pixels_of(data.stored("test", torch.from_numpy(worst)))
        self.show(
            trainer,
            "worst",
            draw_worst(
                shown,
                evaluation.targets[worst],
                evaluation.predicted[worst],
                of_target,
                evaluation.losses[worst],
                names,
            ),
        )


class Samples(EvaluationPicture):
    """Writes ``samples.json``: the worst errors, and some samples of each cell of the confusion matrix.

    Example:
        >>> Samples().facts
        {}
    """

    def draw(self, trainer: Trainer, evaluation: Evaluation) -> None:
        """Writes the samples, as images or as rows of values."""
        from litclf.visualization.report.samples import data_uri, samples_of

        data = self.data_of(trainer)
        image = DataSpec.of(data).is_image

        def shown(index: int) -> Any:
            stored = data.stored("test", torch.tensor([index]))
            if image:
                return data_uri(pixels_of(stored)[0])
            return [float(f"{value:.6g}") for value in stored.flatten().tolist()]

        of = (evaluation.targets, evaluation.predicted, evaluation.probabilities, evaluation.losses)
        content = samples_of(*of, None if image else columns_of(data), shown)
        write_json(folder_of(trainer) / "samples.json", content, indent=None)


def columns_of(data: InMemoryDataModule) -> list[str]:
    """Names of the numbers of one input: of a table the features that its columns became, else x1, x2, ..."""
    preparation = data.preparation if isinstance(data, ClassificationDataModule) else None
    if isinstance(preparation, TablePreparation):
        return preparation.features
    return [f"x{number + 1}" for number in range(math.prod(data.input_shape))]


def pixels_of(x: Tensor) -> NDArray[np.uint8]:
    """Stored images as uint8 of shape ``(N, H, W)`` for grey ones, ``(N, H, W, 3)`` for colour."""
    images = x.cpu().numpy()
    if images.dtype != np.uint8:
        images = (images * 255).round().clip(0, 255).astype(np.uint8)
    if images.ndim == 4:
        images = images.transpose(0, 2, 3, 1)
        images = images[..., 0] if images.shape[-1] == 1 else images
    return np.asarray(images)
