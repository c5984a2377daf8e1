"""Answer: what a trained model says of one point or one image, on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from litclf.inference.model import LoadedModel
from litclf.inference.plane import draw_plane, is_plane
from litclf.inference.predict import columns_of, measure_of, predict_piece
from litclf.inference.predictions import Predictions
from litclf.runs.find import run_folder
from litclf.utilities.errors import InputError
from litclf.utilities.text import aligned, listed

_MOST_CLASSES = 20
"""Classes beyond so many are told of by the most probable ones."""


def answer_point(model: LoadedModel, text: str, changes: dict[str, Any]) -> None:
    """Prints class and probabilities of one row, and draws it on the decision boundary of two-dimensional data.

    Args:
        model: A model of rows.
        text: Values in the order of the columns, or as ``name=value``, with commas between.
        changes: Arguments of the training data, which the picture shows, that are to be others.

    Raises:
        InputError: If the values do not fit the model.
    """
    row = parse_point(text, columns_of(model))
    frame = pd.DataFrame([{name: value or None for name, value in row.items()}])
    predictions = predict_piece(model, frame, "--point")
    rows = [["point", listed([f"{column} = {value}" for column, value in row.items()])], *_answer(model, predictions)]
    if is_plane(model.preparation) and all(row.values()):
        point = np.array([[float(value) for value in row.values()]])
        rows.append(["picture", str(draw_point(model, point, predictions, changes))])
    print(*aligned(rows, left=2), sep="\n")


def is_one_image(model: LoadedModel, source: Path | None) -> bool:
    """Whether ``source`` is a single file, and the model one of images."""
    return source is not None and model.preparation.kind == "image" and source.is_file()


def answer_image(model: LoadedModel, path: Path) -> None:
    """Prints class and probabilities of one image.

    Raises:
        InputError: If it cannot be read.
    """
    predictions = predict_piece(model, [path], str(path))
    print(*aligned([["image", str(path)], *_answer(model, predictions)], left=2), sep="\n")


def _answer(model: LoadedModel, predictions: Predictions) -> list[list[str]]:
    """What is predicted of one input: the class, the most probable classes, and how far members disagree."""
    (name,), (shares,) = predictions.classes, predictions.probabilities
    told = list(zip(model.class_names, shares, strict=True))
    if len(told) > _MOST_CLASSES:
        told = sorted(told, key=lambda pair: -pair[1])[:_MOST_CLASSES]
    rows = [["class", str(name)], *([f"probability of {other}", f"{share:.6f}"] for other, share in told)]
    if len(told) < len(shares):
        rows.append(["less probable", f"{len(shares) - len(told)} classes more"])
    return rows + [[measure_of(name), f"{value:.6f}"] for name, (value,) in predictions.disagreement.items()]


def parse_point(text: str, columns: list[str]) -> dict[str, str]:
    """Values of one row by column.

    Raises:
        InputError: If a column is missing, unknown or there twice.

    Example:
        >>> parse_point("x2=1,x1=-1", ["x1", "x2"])
        {'x1': '-1', 'x2': '1'}
    """
    values = [value.strip() for value in text.split(",")]
    if not any("=" in value for value in values):
        if len(values) != len(columns):
            rule = f"must hold {len(columns)} values with commas between, got {text}"
            raise InputError("--point", rule, f"pass a value each for {listed(columns)}")
        return dict(zip(columns, values, strict=True))
    named: dict[str, str] = {}
    for value in values:
        name, equals, own = value.partition("=")
        if name not in columns or name in named:
            rule = f"{name} stands there twice" if name in named else f"{name} is no column of the model"
            rule = rule if equals else f"{value} has no name, as others do"
            raise InputError("--point", rule, f"pass name=value for {listed(columns)}")
        named[name] = own
    missing = [name for name in columns if name not in named]
    if missing:
        raise InputError("--point", f"lacks {listed(missing)}", f"pass name=value for {listed(columns)}")
    return {name: named[name] for name in columns}


def draw_point(model: LoadedModel, point: NDArray[Any], predictions: Predictions, changes: dict[str, Any]) -> Path:
    """Draws ``point``, shape ``(1, 2)``, on the decision boundary, as ``point.png`` in the run folder.

    Returns:
        The picture.
    """
    from litclf.visualization.plots.canvas import save  # loads matplotlib

    figure = draw_plane(model, changes, point)
    share = predictions.probabilities[0, predictions.indexes[0]]
    figure.axes[0].set_title(f"{predictions.classes[0]}, probability {share:.3f}", fontsize=10, y=1.0)
    path = run_folder(model.path) / "point.png"
    save(figure, path)
    return path
