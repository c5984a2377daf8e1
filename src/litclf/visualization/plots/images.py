"""Image plots: images with what a model says of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from litclf.utilities.errors import InputError
from litclf.visualization.plots.canvas import SMALL, new_figure, set_margins, set_title, use_fonts
from litclf.visualization.plots.colours import RIGHT, WRONG
from litclf.visualization.plots.fonts import label

_MOST_PREDICTIONS = 40
_MOST_WORST = 24
_TILE = 1.4
"""Width of an image with its margin, in inches."""

_CAPTION = 0.42
_NAME = 15
"""Characters of a name that fit above an image."""


def draw_predictions(
    images: NDArray[Any], targets: NDArray[Any], probabilities: NDArray[Any], class_names: Sequence[str]
) -> Figure:
    """Images with their class, and below it what the model says: green with a tick where it is right, red otherwise.

    Args:
        images: Uint8, or floats in [0, 1], of shape ``(N, H, W)`` or ``(N, H, W, 3)``; the first 40 are drawn.
        targets: Their classes, shape ``(N,)``.
        probabilities: Of each class, shape ``(N, C)``.
        class_names: Names of the C classes.

    Example:
        >>> image, names = np.zeros((1, 8, 8), np.uint8), ["cat", "dog"]
        >>> figure = draw_predictions(image, np.array([0]), np.array([[0.1, 0.9]]), names)
        >>> figure.axes[0].texts[0].get_text()
        'cat\\n✗ dog 90 %'
    """
    images, targets, probabilities = (part[:_MOST_PREDICTIONS] for part in (images, targets, probabilities))
    captions = []
    for target, row in zip(targets, probabilities, strict=True):
        guess = int(row.argmax())
        sign = "✓" if guess == target else "✗"
        said = f"{sign} {label(class_names[guess], _NAME - 6)} {100 * row[guess]:.0f} %"
        captions.append(f"{label(class_names[target], _NAME)}\n{said}")
    right = probabilities.argmax(axis=1) == targets
    with use_fonts(class_names):
        return _tiles(
            images,
            captions,
            [RIGHT if correct else WRONG for correct in right],
            "class, and what the model says",
            columns=5,
        )


def draw_worst(
    images: NDArray[Any],
    targets: NDArray[Any],
    predicted: NDArray[Any],
    probabilities_of_target: NDArray[Any],
    losses: NDArray[Any],
    class_names: Sequence[str],
) -> Figure:
    """The 24 errors with the largest loss, the worst first: their class with its probability, and what was predicted.

    Args:
        images: Uint8, or floats in [0, 1], of shape ``(N, H, W)`` or ``(N, H, W, 3)``.
        targets: Their classes, shape ``(N,)``.
        predicted: Predicted classes, shape ``(N,)``.
        probabilities_of_target: What the model gives the true class, shape ``(N,)``.
        losses: Loss of each image, shape ``(N,)``.
        class_names: Names of the C classes.
    """
    wrong = np.flatnonzero(targets != predicted)
    worst = wrong[np.argsort(-losses[wrong], kind="stable")][:_MOST_WORST]
    captions = [
        f"{label(class_names[targets[i]], _NAME - 6)} {100 * probabilities_of_target[i]:.2g} %\n"
        f"✗ {label(class_names[predicted[i]], _NAME - 2)}"
        for i in worst
    ]
    with use_fonts(class_names):
        return _tiles(
            images[worst],
            captions,
            [WRONG] * len(worst),
            "class with its probability, and what the model says",
            columns=6,
        )


def _tiles(images: NDArray[Any], captions: Sequence[str], colours: Sequence[str], heading: str, columns: int) -> Figure:
    """Images with captions above, in rows; all in one panel, as a panel for each would take most of the time."""
    columns = max(1, min(columns, len(images)))
    rows = max(1, math.ceil(len(images) / columns))
    height = _TILE + _CAPTION
    figure, axes = new_figure(1, 1, columns * _TILE + 0.1, rows * height + 0.35)
    set_margins(figure, 0.05, 0.05, 0.05, 0.3)
    panel = axes[0, 0]
    panel.set_axis_off()
    panel.set_title(heading if len(images) else "", fontsize=SMALL, loc="left")
    for place, (image, caption, colour) in enumerate(zip(images, captions, colours, strict=True)):
        left, bottom = (place % columns) * _TILE, -(place // columns + 1) * height
        edge = _TILE / max(image.shape[:2]) * 0.92
        wide, high = image.shape[1] * edge, image.shape[0] * edge
        middle = left + _TILE / 2
        _show(panel, image, (middle - wide / 2, middle + wide / 2, bottom, bottom + high))
        panel.text(
            middle,
            bottom + high + 0.04,
            caption,
            color=colour,
            fontsize=SMALL,
            ha="center",
            va="bottom",
            linespacing=1.1,
        )
    if not len(images):
        panel.text(_TILE / 2, -height / 2, "no images" if columns == 5 else "no errors", ha="center", va="center")
    panel.set(xlim=(0, columns * _TILE), ylim=(-rows * height, 0))
    return figure


def draw_restoration(corrupted: NDArray[Any], current: NDArray[Any], original: NDArray[Any]) -> Figure:
    """Three grey images side by side: what was given, what it has become so far, and what it should become.

    Args:
        corrupted: Grey image, uint8 or floats in [0, 1], of shape ``(H, W)``, or flat with as many rows as columns.
        current: The image restored so far, alike.
        original: The image before it was corrupted, alike.

    Raises:
        InputError: If a flat image has no square number of pixels.

    Example:
        >>> figure = draw_restoration(np.zeros(4), np.ones(4), np.ones((2, 2)))
        >>> [axes.get_title() for axes in figure.axes]
        ['corrupted', 'restored so far', 'original']
    """
    figure, axes = new_figure(1, 3, 3.2, 3.5)
    set_margins(figure, 0.1, 0.1, 0.1, 0.4)
    for panel, image, title in zip(
        axes[0], (corrupted, current, original), ("corrupted", "restored so far", "original"), strict=True
    ):
        panel.set_axis_off()
        set_title(panel, title)
        _show(panel, _square(image), None)
    return figure


def _show(axes: Any, image: NDArray[Any], extent: tuple[float, float, float, float] | None) -> None:
    most = 255 if image.dtype == np.uint8 else 1
    image = image if image.dtype == np.uint8 else np.clip(image, 0, 1)
    axes.imshow(image, cmap="gray", vmin=0, vmax=most, extent=extent, interpolation="nearest")


def _square(image: NDArray[Any]) -> NDArray[Any]:
    if image.ndim == 2 and 1 not in image.shape:
        return image
    edge = math.isqrt(image.size)
    if edge * edge != image.size:
        what = f"a flat image must have a square number of pixels, got {image.size}"
        raise InputError("restoration", what, "give it as rows and columns")
    return image.reshape(edge, edge)
