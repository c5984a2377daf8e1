"""Member plot: how many members of a fit are worth how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from litclf.utilities.statistics import bins
from litclf.visualization.plots.canvas import SMALL, new_figure, set_margins, use_fonts
from litclf.visualization.plots.colours import RIGHT, TRAIN, VAL


@dataclass(frozen=True)
class Measured:
    """What the members of a fit are worth by one metric.

    Attributes:
        name: The metric, such as ``test accuracy``.
        values: Of each member; what is not finite is left out.
        together: Of the mean of their probabilities; None where it is not known.
        mark: What a member is to reach; None where there is no such thing.
        reached: How many reach it, in words; empty where there is no mark.
    """

    name: str
    values: NDArray[Any]
    together: float | None = None
    mark: float | None = None
    reached: str = ""


def draw_members(shown: Sequence[Measured]) -> Figure:
    """A histogram of the members for each metric, with their mean, what they are worth together, and the mark.

    Example:
        >>> figure = draw_members([Measured("test accuracy", np.array([0.9, 1.0, 1.0]), together=1.0)])
        >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
        ['mean of the members, 0.9667', 'all together, 1.0000']
    """
    with use_fonts([]):
        figure, axes = new_figure(1, len(shown), width=5, height=4.2)
        set_margins(figure, top=0.85)
        for panel, measured in zip(axes[0], shown, strict=True):
            _draw(panel, measured)
    return figure


def _draw(axes: Axes, measured: Measured) -> None:
    values = measured.values[np.isfinite(measured.values)]
    if len(values):
        edges = bins(values)
        counts, _ = np.histogram(values, edges)
        axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color=TRAIN, alpha=0.45, edgecolor="white")
    lines: dict[str, Artist] = {}
    upright: Mapping[str, tuple[float | None, str, str]] = {
        "mean of the members, {:.4f}": (float(values.mean()) if len(values) else None, TRAIN, "-"),
        "all together, {:.4f}": (measured.together, RIGHT, "-"),
        f"mark, {{:g}}: {measured.reached}": (measured.mark, VAL, "--"),
    }
    for text, (place, colour, style) in upright.items():
        if place is not None:
            lines[text.format(place)] = axes.axvline(place, color=colour, linestyle=style, linewidth=1.6)
    axes.set(xlabel=measured.name, ylabel="members")
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.legend(
        list(lines.values()),
        list(lines),
        loc="lower left",
        bbox_to_anchor=(0, 1),
        fontsize=SMALL,
        frameon=False,
    )
