"""Samples of a test: which of them a page shows, the worst errors and some of each cell of the confusion matrix."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_WORST = 24
_OF_A_CELL = 12


def worst_errors(
    targets: NDArray[np.int64], predicted: NDArray[np.int64], losses: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Indexes of the wrong predictions with the largest loss, the worst first; at most 24.

    Example:
        >>> worst_errors(np.array([0, 1, 1]), np.array([1, 0, 1]), np.array([0.7, 2.0, 0.1])).tolist()
        [1, 0]
    """
    wrong = np.flatnonzero(predicted != targets)
    return wrong[np.argsort(-losses[wrong], kind="stable")][:_WORST]


def samples_of(
    targets: NDArray[np.int64],
    predicted: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    losses: NDArray[np.float64],
    columns: Sequence[str] | None,
    shown: Callable[[int], Any],
    names: Sequence[Any] | None = None,
) -> dict[str, Any]:
    """What ``samples.json`` holds of N samples.

    Args:
        targets: Their classes, shape ``(N,)``.
        predicted: What they were taken for, shape ``(N,)``.
        probabilities: Of each class, shape ``(N, C)``.
        losses: Cross-entropy of each, shape ``(N,)``.
        columns: Names of the values of a row; None of images.
        shown: The values of a sample by its number, or its image as a data URI.
        names: What the samples are called; None takes their numbers.
    """
    cells: dict[str, list[int]] = {}
    for index, cell in enumerate(zip(targets.tolist(), predicted.tolist(), strict=True)):
        chosen = cells.setdefault(f"{cell[0]},{cell[1]}", [])
        if len(chosen) < _OF_A_CELL:
            chosen.append(index)

    def described(index: int) -> dict[str, Any]:
        return {
            "index": index if names is None else names[index],
            "target": int(targets[index]),
            "predicted": int(predicted[index]),
            "probability": round(float(probabilities[index].max()), 6),
            "loss": round(float(losses[index]), 6),
            "image" if columns is None else "values": shown(index),
        }

    return {
        "kind": "image" if columns is None else "row",
        "columns": list(columns or ()),
        "cells": {cell: [described(index) for index in chosen] for cell, chosen in cells.items()},
        "worst": [described(index) for index in worst_errors(targets, predicted, losses).tolist()],
    }


def data_uri(image: NDArray[np.uint8]) -> str:
    """``image`` as a PNG that a page can hold."""
    buffer = BytesIO()
    Image.fromarray(image).save(buffer, "png")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
