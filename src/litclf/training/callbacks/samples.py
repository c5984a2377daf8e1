"""Sample callbacks: the images and rows behind the figures of a test."""

from __future__ import annotations

import base64
import math
from io import BytesIO
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Trainer
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from litclf.data.base import ClassificationDataModule, InMemoryDataModule
from litclf.preprocessing.table import TablePreparation
from litclf.training.callbacks.picture import Evaluation, EvaluationPicture, folder_of
from litclf.utilities.data_spec import DataSpec
from litclf.utilities.files import write_json

_WORST = 24
_OF_A_CELL = 12


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

        _, first = np.unique(evaluation.targets, return_index=True)
        names = evaluation.class_names
        shown = pixels_of(data.stored("test", torch.from_numpy(first)))
        figure = draw_predictions(shown, evaluation.targets[first], evaluation.probabilities[first], names)
        self.show(trainer, "predictions", figure)
        worst = worst_errors(evaluation)
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
        data = self.data_of(trainer)
        image = DataSpec.of(data).is_image
        columns = columns_of(data)
        cells: dict[str, list[int]] = {}
        for index, cell in enumerate(zip(evaluation.targets.tolist(), evaluation.predicted.tolist(), strict=True)):
            chosen = cells.setdefault(f"{cell[0]},{cell[1]}", [])
            if len(chosen) < _OF_A_CELL:
                chosen.append(index)

        def described(index: int) -> dict[str, Any]:
            sample: dict[str, Any] = {
                "index": index,
                "target": int(evaluation.targets[index]),
                "predicted": int(evaluation.predicted[index]),
                "probability": round(float(evaluation.probabilities[index].max()), 6),
                "loss": round(float(evaluation.losses[index]), 6),
            }
            stored = data.stored("test", torch.tensor([index]))
            if image:
                return {**sample, "image": data_uri(pixels_of(stored)[0])}
            return {**sample, "values": [float(f"{value:.6g}") for value in stored.flatten().tolist()]}

        content = {
            "kind": "image" if image else "row",
            "columns": [] if image else columns,
            "cells": {cell: [described(index) for index in chosen] for cell, chosen in cells.items()},
            "worst": [described(index) for index in worst_errors(evaluation).tolist()],
        }
        write_json(folder_of(trainer) / "samples.json", content, indent=None)


def worst_errors(evaluation: Evaluation) -> NDArray[np.int64]:
    """Indexes of the wrong predictions with the largest loss, the worst first; at most 24."""
    wrong = np.flatnonzero(evaluation.predicted != evaluation.targets)
    return wrong[np.argsort(-evaluation.losses[wrong], kind="stable")][:_WORST]


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


def data_uri(image: NDArray[np.uint8]) -> str:
    """``image`` as a PNG that a page can hold."""
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, "png")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
