"""Data plot: two-dimensional data as points in the plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from litclf.visualization.plots.canvas import legend_beside, legend_width, new_figure, set_margins, set_title, use_fonts
from litclf.visualization.plots.colours import class_colours
from litclf.visualization.plots.fonts import label

_MOST_POINTS = 2000
_BOX = 3.35
"""Edge of the square that shows the plane, in inches."""


def draw_scatter(x: NDArray[Any], y: NDArray[Any], class_names: Sequence[str], title: str = "") -> Figure:
    """Points in the plane, in the colours of their classes.

    Args:
        x: Coordinates, shape ``(N, 2)``; 2000 are drawn where there are more, always the same ones.
        y: Classes, shape ``(N,)``, in {0, ..., C - 1}.
        class_names: Names of the C classes.
        title: What stands above.

    Example:
        >>> draw_scatter(np.zeros((1, 2)), np.zeros(1, int), ["inner", "outer"]).axes[0].get_xlabel()
        'x1'
    """
    with use_fonts([*class_names, title]):
        figure, axes = plane(legend_width(class_names), x)
        set_title(axes, label(title, 60))
        shown = sample(len(x), _MOST_POINTS)
        points = plot_classes(axes, x[shown], y[shown], len(class_names))
        legend_beside(axes, points, class_names)
    return figure


def plane(right: float, x: NDArray[Any]) -> tuple[Figure, Axes]:
    """A figure with one square panel for the plane around ``x``, and ``right`` inches for what stands beside it."""
    left, bottom, top = 0.75, 0.55, 0.35
    figure, axes = new_figure(1, 1, left + _BOX + max(right, 0.2), bottom + _BOX + top)
    set_margins(figure, left, max(right, 0.2), bottom, top)
    around(axes[0, 0], x)
    return figure, axes[0, 0]


def around(axes: Axes, x: NDArray[Any]) -> None:
    """Gives ``axes`` the limits and labels of the plane around ``x``."""
    left, right, bottom, top = limits(x)
    axes.set(xlim=(left, right), ylim=(bottom, top), xlabel="x1", ylabel="x2")


def limits(x: NDArray[Any]) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of the plane around the points, with a tenth of their range to spare.

    Example:
        >>> limits(np.array([[0, 3], [10, 3]]))
        (-1.0, 11.0, 2.0, 4.0)
    """
    low, high = x.min(axis=0).astype(float), x.max(axis=0).astype(float)
    spare = np.where(high > low, (high - low) / 10, 1.0)
    (left, bottom), (right, top) = low - spare, high + spare
    return float(left), float(right), float(bottom), float(top)


def plot_classes(axes: Axes, x: NDArray[Any], y: NDArray[Any], num_classes: int) -> list[Line2D]:
    """The points of each class, one artist a class."""
    return [
        axes.plot(*x[y == number].T, "o", color=colour, markersize=4.5, markeredgecolor="white", markeredgewidth=0.5)[0]
        for number, colour in enumerate(class_colours(num_classes))
    ]


def sample(count: int, most: int) -> NDArray[np.int64]:
    """Indexes of at most ``most`` of ``count`` samples, in order and always the same."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, most, replace=False))
