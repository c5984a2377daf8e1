"""Gradient plot: how the gradient reaches each layer, and how many units have gone idle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from litclf.visualization.plots.canvas import legend_beside, legend_width, new_figure, set_margins, set_title, use_fonts
from litclf.visualization.plots.colours import class_colours


def draw_gradients(
    steps: Sequence[float],
    norms: Mapping[str, Sequence[float]],
    idle: Mapping[str, Sequence[float]],
    network: str = "",
) -> Figure:
    """Gradient norm of each layer on the left, share of idle units of each hidden layer on the right, over steps.

    Args:
        steps: Optimizer steps of the looks, shape ``(N,)``.
        norms: N norms of each layer, by its name, first layer first; zeros are left out, as the scale is logarithmic.
        idle: N shares in [0, 1] of each hidden layer's units that are dead or saturated, by the name of the layer;
            where there are none, the panel is left out.
        network: Which network they are of, where there are several.

    Example:
        >>> figure = draw_gradients([0, 10], {"0": [1.0, 0.1], "2": [2.0, 0.3]}, {})
        >>> len(figure.axes), figure.axes[0].get_yscale()
        (1, 'log')
    """
    panels = [norms, idle] if idle else [norms]
    with use_fonts([*norms, *idle]):
        right = max(legend_width(list(panel)) for panel in panels)
        figure, axes = new_figure(1, len(panels), width=0.75 + 3.6 + right, height=3.8)
        set_margins(figure, 0.75, right + 0.05)
        _draw_series(axes[0, 0], steps, norms)
        of = f", {network}" if network else ""
        set_title(axes[0, 0], f"gradient norm{of}")
        positive = [norm for series in norms.values() for norm in series if norm > 0]
        if positive:
            _logarithmic(axes[0, 0], min(positive), max(positive))
        if idle:
            _draw_series(axes[0, 1], steps, idle)
            set_title(axes[0, 1], f"share of dead or saturated units{of}")
            axes[0, 1].set_ylim(-0.03, 1.03)
    return figure


def _draw_series(axes: Axes, steps: Sequence[float], series: Mapping[str, Sequence[float]]) -> None:
    lines = [
        axes.plot(steps, values, color=colour, marker="o", markersize=3)[0]
        for values, colour in zip(series.values(), class_colours(len(series)), strict=True)
    ]
    legend_beside(axes, lines, list(series))
    axes.set_xlabel("optimizer step")


def _logarithmic(axes: Axes, smallest: float, largest: float) -> None:
    """A logarithmic scale with a few plain numbers, however wide or narrow the range."""
    axes.set_yscale("log", nonpositive="mask")
    narrow = largest < 100 * smallest
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if narrow else (1,), numticks=8))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(NullLocator())  # a decade of minor ticks costs as much as the rest of the panel
