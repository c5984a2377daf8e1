"""Comparison plot: several runs in one figure: boundaries above, curves below, a column each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from numpy.typing import NDArray

from litclf.visualization.plots.boundary import draw_boundary
from litclf.visualization.plots.canvas import SMALL, new_figure, use_fonts
from litclf.visualization.plots.curves import METRICS, STAGES, Curve, MemberLines, draw_behind, draw_metric
from litclf.visualization.plots.fonts import label


@dataclass(frozen=True)
class Plane:
    """What a model of two-dimensional inputs makes of the plane.

    Attributes:
        x: Training points, shape ``(N, 2)``.
        y: Their classes, shape ``(N,)``.
        probabilities: Of each class over :func:`~litclf.visualization.plots.boundary.mesh_points` of ``x``, shape
            ``(R * R, C)``.
        predicted: Predicted class of each point, shape ``(N,)``.
        class_names: Names of the C classes.
        members: Of each member of the model, its ``probabilities``; none of one network.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    probabilities: NDArray[Any]
    predicted: NDArray[Any]
    class_names: Sequence[str]
    members: Sequence[NDArray[Any]] = ()


def draw_comparison(
    curves: Mapping[str, Mapping[str, Curve]],
    planes: Mapping[str, Plane] | None = None,
    members: Mapping[str, MemberLines] | None = None,
) -> Figure:
    """A column for each run: its boundary where the inputs are two-dimensional, then a panel for each metric.

    Panels of one metric have the same scale. The accuracy above a boundary is that of the training points.

    Args:
        curves: By the name of the run: optimizer steps and values by log key.
        planes: By the name of the run, of every run; None draws curves only.
        members: By the name of the run, of those that have members, which lie behind the curves of their means.

    Example:
        >>> curves = {"train/loss": ([10, 20], [0.7, 0.5])}
        >>> figure = draw_comparison({"slow": curves, "fast": curves})
        >>> [panel.get_title() for panel in figure.axes], figure.axes[0].get_ylabel()
        (['slow', 'fast'], 'loss')
    """
    metrics = [name for name in METRICS if any(f"{stage}/{name}" in own for stage in STAGES for own in curves.values())]
    runs, members = list(curves), members or {}
    above = 1 if planes is not None else 0
    figure, axes = new_figure(max(1, above + len(metrics)), len(runs), width=4.2, height=3.6)
    for column, name in enumerate(runs):
        if planes is not None:
            plane = planes[name]
            x, y, names = plane.x, plane.y, plane.class_names
            draw_boundary(axes[0, column], x, y, plane.probabilities, plane.predicted, names, name, plane.members)
        else:
            with use_fonts([name]):
                axes[0, column].set_title(label(name, 40), fontsize=10)
        for panel, metric in zip(axes[above:, column], metrics, strict=False):
            if name in members:
                draw_behind(panel, metric, members[name])
            if draw_metric(panel, metric, curves[name]):
                panel.legend(fontsize=SMALL)
    for row in axes[above:]:
        _share_scale(row)
    return figure


def _share_scale(row: NDArray[Any]) -> None:
    """Gives the panels that hold a curve the same range of values."""
    drawn = [panel for panel in row if panel.lines]
    ranges = [panel.get_ylim() for panel in drawn]
    for panel in drawn:
        panel.set_ylim(min(low for low, _ in ranges), max(high for _, high in ranges))
