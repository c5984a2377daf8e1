"""Canvas: figures without pyplot, made, laid out by fixed margins, and turned into pixels once."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend
from matplotlib.textpath import text_to_path
from numpy.typing import NDArray
from PIL import Image

from litclf.utilities.files import write_bytes
from litclf.visualization.plots.fonts import boxes_for_missing, fonts_for, label, use_fonts

__all__ = ["fonts_for", "image", "new_figure", "pixels", "png", "save", "set_margins", "set_title", "use_fonts"]

SMALL = 9
"""Font size, in points, of legends and of names along an axis."""

_MOST_NAMES = 20


def new_figure(
    rows: int = 1, columns: int = 1, width: float = 5.0, height: float = 4.0
) -> tuple[Figure, NDArray[np.object_]]:
    """A figure of ``rows`` times ``columns`` panels, outside of pyplot and its global state.

    Args:
        rows: Panels from top to bottom, at least 1.
        columns: Panels from left to right, at least 1.
        width: Width of a panel with its margins, in inches of 100 pixels.
        height: Height of a panel with its margins, in inches.

    Returns:
        The figure, and its axes in an object array of shape ``(rows, columns)``.

    Example:
        >>> figure, axes = new_figure(1, 2)
        >>> axes.shape, pixels(figure).shape
        ((1, 2), (400, 1000, 3))
    """
    figure = Figure(figsize=(columns * width, rows * height), dpi=100)
    FigureCanvasAgg(figure)
    axes = np.asarray(figure.subplots(rows, columns, squeeze=False))
    for panel in axes.flat:
        for axis in (panel.xaxis, panel.yaxis):
            axis.get_major_locator().set_params(nbins=6)  # a tick costs a millisecond
        panel.ticklabel_format(axis="y", scilimits=(-3, 4))  # no number is wider than the margin
        panel.set_title("", y=1.0)  # a fixed place, or matplotlib looks for one at every drawing
    set_margins(figure)
    return figure, axes


def set_margins(figure: Figure, left: float = 0.75, right: float = 0.2, bottom: float = 0.55, top: float = 0.4) -> None:
    """Sets the space around each panel, in inches; automatic layouts draw everything twice.

    Args:
        figure: A figure of :func:`new_figure`.
        left: Room for ticks and label of the y axis.
        right: Room for what stands beside a panel.
        bottom: Room for ticks and label of the x axis.
        top: Room for a title.
    """
    specification = figure.axes[0].get_subplotspec()
    assert specification is not None, "a figure of new_figure has a grid"
    rows, columns = specification.get_gridspec().get_geometry()
    total_width, total_height = figure.get_size_inches()
    panel_width = total_width / columns - left - right
    panel_height = total_height / rows - top - bottom
    figure.subplots_adjust(
        left=left / total_width,
        right=1 - right / total_width,
        bottom=bottom / total_height,
        top=1 - top / total_height,
        wspace=(left + right) / panel_width,
        hspace=(top + bottom) / panel_height,
    )
    for panel in figure.axes:  # labels stand at the edge of the margin, where matplotlib need not look for room
        panel.xaxis.set_label_coords(0.5, -(bottom - 0.24) / panel_height)
        panel.yaxis.set_label_coords(-(left - 0.24) / panel_width, 0.5)


def set_title(axes: Axes, text: str) -> None:
    """Gives ``axes`` a title in the fonts in use; the title's own are those that were in use when ``axes`` was made."""
    axes.set_title(text, fontsize=10, fontfamily=matplotlib.rcParams["font.family"], parse_math=False)


def text_width(texts: Sequence[str], size: float = SMALL) -> float:
    """Width of the longest of ``texts`` in inches, in the fonts in use; 0 of none."""
    font = FontProperties(size=size)
    return max((text_to_path.get_text_width_height_descent(text, font, False)[0] / 72 for text in texts), default=0.0)


def legend_width(names: Sequence[str]) -> float:
    """Room in inches that :func:`legend_beside` takes to the right of a panel."""
    return text_width([label(name) for name in names]) + 0.5


def legend_beside(axes: Axes, handles: Sequence[Artist], names: Sequence[str]) -> Legend:
    """A legend to the right of ``axes``, of the first 20 names."""
    handles, shown = list(handles[:_MOST_NAMES]), [label(name) for name in names[:_MOST_NAMES]]
    title = None if len(names) == len(shown) else f"{len(shown)} of {len(names)}"
    return axes.legend(
        handles,
        shown,
        title=title,
        fontsize=SMALL,
        title_fontsize=SMALL,
        loc="upper left",
        bbox_to_anchor=(1.02, 1.0),
        borderaxespad=0,
        borderpad=0,
        frameon=False,
        handlelength=1.2,
        handletextpad=0.5,
    )


def image(figure: Figure) -> Image.Image:
    """The figure as an image of Pillow, RGB; drawn only where it changed since the last time."""
    canvas: Any = figure.canvas
    if figure.stale:
        with boxes_for_missing():
            canvas.draw()
    size = canvas.get_width_height(physical=True)
    return Image.frombuffer("RGBA", size, canvas.buffer_rgba(), "raw", "RGBA", 0, 1).convert("RGB")


def pixels(figure: Figure) -> NDArray[np.uint8]:
    """The figure as it looks, uint8 of shape ``(H, W, 3)``; drawn only where it changed since the last time."""
    return np.array(image(figure))


def png(figure: Figure) -> bytes:
    """The figure as the content of a PNG file."""
    content = io.BytesIO()
    image(figure).save(content, "png", compress_level=3)  # half the time of the default, a tenth more bytes
    return content.getvalue()


def save(figure: Figure, path: Path) -> None:
    """Writes the figure as a PNG; a file of that name is replaced at once, never seen half written."""
    write_bytes(path, png(figure))
