"""Boundary plot: the decision boundary in the plane, as a panel of a figure and as a film."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from contourpy import contour_generator
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from litclf.utilities.files import write_bytes
from litclf.visualization.plots.canvas import image, legend_beside, legend_width, set_title, use_fonts
from litclf.visualization.plots.colours import class_colours
from litclf.visualization.plots.data import around, limits, plane, plot_classes, sample
from litclf.visualization.plots.fonts import boxes_for_missing, label

_MOST_POINTS = 1000
_STRENGTH = 0.65
"""Share of a class's colour in the shading where the model is sure: points of the class stand out."""

_MOST_NAMES = 17
_OF_A_MEMBER = "of a member"
_SHADES = 32
"""Shades of a class's colour in a film: more cannot be told apart, and take as many bytes again."""

_HOLD = 2000
"""Milliseconds that a film shows its last frame."""


def mesh_points(x: NDArray[Any], resolution: int = 100) -> NDArray[np.float32]:
    """A mesh over the plane around points ``x``, with a margin of a tenth.

    Args:
        x: Points of shape ``(N, 2)``.
        resolution: R, points along each side of the mesh.

    Returns:
        Points of shape ``(R * R, 2)``, row after row from the lower left.

    Example:
        >>> mesh_points(np.array([[0, 0], [10, 10]]), 2)
        array([[-1., -1.],
               [11., -1.],
               [-1., 11.],
               [11., 11.]], dtype=float32)
    """
    left, right, bottom, top = limits(x)
    columns, rows = np.meshgrid(np.linspace(left, right, resolution), np.linspace(bottom, top, resolution))
    return np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float32)


def draw_boundary(
    axes: Axes,
    x: NDArray[Any],
    y: NDArray[Any],
    probabilities: NDArray[Any],
    predicted: NDArray[Any],
    class_names: Sequence[str],
    title: str = "",
    members: Sequence[NDArray[Any]] = (),
) -> None:
    """Draws probabilities over the plane, the border between classes and the points into one panel of a figure.

    Args:
        axes: Panel of a figure of :func:`litclf.visualization.plots.canvas.new_figure`.
        x: Training points, shape ``(N, 2)``; at most 1000 are drawn.
        y: Their classes, shape ``(N,)``.
        probabilities: Of each class over :func:`mesh_points`, shape ``(R * R, C)``.
        predicted: Predicted class of each point, shape ``(N,)``.
        class_names: Names of the C classes.
        title: What stands above, in front of the accuracy.
        members: What each member of the model says of the mesh, as ``probabilities``; their borders are thin lines.
    """
    with use_fonts([*class_names, title]):
        around(axes, x)
        panel = _Panel(axes, x, y, len(class_names))
        panel.show(probabilities, predicted, title)
        panel.show_members(members)
        names = [label(name) for name in class_names[:10]]
        legend = axes.legend(panel.points[:10], names, fontsize=7, loc="upper right")
        legend.set_zorder(5)


class BoundaryFilm:
    """How the decision boundary forms, frame by frame.

    Only what changes is drawn anew, so a frame takes about 10 ms.

    Args:
        x: Training points, shape ``(N, 2)``; at most 1000 are drawn.
        y: Their classes, shape ``(N,)``, in {0, ..., C - 1}.
        class_names: Names of the C classes.
        resolution: R, points along each side of the mesh.
        frames: Earlier frames to begin with, as :meth:`png` gave them.

    Attributes:
        points: Where probabilities are wanted, float32 of shape ``(R * R, 2)``.

    Example:
        >>> x, y = np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([0, 1])
        >>> film = BoundaryFilm(x, y, ["left", "right"])
        >>> shares = np.linspace([1, 0], [0, 1], len(film.points))
        >>> figure = film.draw(shares, predicted=y, title="step 100")
        >>> figure.axes[0].get_title(), film.num_frames
        ('step 100, accuracy 100.0 %', 1)
    """

    def __init__(
        self,
        x: NDArray[Any],
        y: NDArray[Any],
        class_names: Sequence[str],
        resolution: int = 100,
        frames: Sequence[bytes] = (),
    ) -> None:
        self.points = mesh_points(x, resolution)
        self._names = [*class_names[:_MOST_NAMES], "misclassified", "border"]
        with use_fonts(self._names):
            self.figure, self._axes = plane(legend_width(self._names), x)
            self._panel = _Panel(self._axes, x, y, len(class_names))
            key = LineCollection([], colors="black", linewidths=1.4)
            self._keys = [*self._panel.points[:_MOST_NAMES], self._panel.rings, key]
            legend_beside(self._axes, self._keys, self._names)
        self._palette = _palette(len(class_names))
        self._background: Any = None
        self._frames: list[Image.Image] = [Image.open(io.BytesIO(content)) for content in frames]

    def draw_members(self, each: Iterable[NDArray[Any]]) -> Figure:
        """Draws the border of each member of a fit as a thin line into the figure, which is no frame then.

        Args:
            each: Probabilities of each class over the mesh, shape ``(R * R, C)``, for each member.
        """
        names = [*self._names, _OF_A_MEMBER]
        with use_fonts(names):
            legend_beside(self._axes, [*self._keys, self._panel.show_members(each)], names)
        return self.figure

    @property
    def num_frames(self) -> int:
        """Frames drawn so far."""
        return len(self._frames)

    def draw(self, probabilities: NDArray[Any], predicted: NDArray[Any], title: str) -> Figure:
        """Adds a frame.

        Args:
            probabilities: Of each class over the mesh, shape ``(R * R, C)``.
            predicted: Predicted class of each training point, shape ``(N,)``.
            title: What stands above the frame, in front of the accuracy.

        Returns:
            The figure, the same one for all frames.
        """
        with use_fonts([title]):
            self._panel.show(probabilities, predicted, title)
        canvas: Any = self.figure.canvas
        if self._background is None:
            for artist in self._panel.moving:
                artist.set_visible(False)
            image(self.figure)
            self._background = canvas.copy_from_bbox(self.figure.bbox)
            for artist in self._panel.moving:
                artist.set_visible(True)
        canvas.restore_region(self._background)
        with boxes_for_missing():
            for artist in self._panel.moving:
                self._axes.draw_artist(artist)
        self.figure.stale = False  # what the canvas holds is the whole picture
        self._frames.append(image(self.figure).quantize(palette=self._palette, dither=Image.Dither.NONE))
        return self.figure

    def png(self) -> bytes:
        """The latest frame in 256 colours, as the content of a PNG file; takes a tenth of the time of all colours."""
        content = io.BytesIO()
        self._frames[-1].save(content, "png", compress_level=1)
        return content.getvalue()

    def write_gif(self, path: Path, milliseconds: int = 150) -> None:
        """Writes all frames as an animated GIF that begins again at its end.

        Args:
            path: File to write.
            milliseconds: How long each frame is shown; the last one is held for two seconds.
        """
        content = io.BytesIO()
        durations = [milliseconds] * (self.num_frames - 1) + [_HOLD]
        first, *others = self._frames
        first.save(content, "gif", save_all=True, append_images=others, duration=durations, loop=0)
        write_bytes(path, content.getvalue())


class _Panel:
    """The artists of one decision boundary; made once, given new data for each frame."""

    def __init__(self, axes: Axes, x: NDArray[Any], y: NDArray[Any], num_classes: int) -> None:
        self._axes, self._y = axes, y
        self._colours = class_colours(num_classes)
        self._shown = sample(len(x), _MOST_POINTS)
        self._x = x[self._shown]
        self._limits = limits(x)
        self._shading = _Shading()
        axes.add_artist(self._shading)
        self._border = LineCollection([], colors="black", linewidths=1.4)
        axes.add_collection(self._border, autolim=False)
        self.points = plot_classes(axes, self._x, y[self._shown], num_classes)
        (self.rings,) = axes.plot([], [], "o", color="none", markeredgecolor="black", markersize=7.5)
        axes.set(xlim=self._limits[:2], ylim=self._limits[2:])

    @property
    def moving(self) -> list[Artist]:
        """What a new frame has to draw, from the back to the front; the frame is drawn over by the shading."""
        axes = self._axes
        return [self._shading, self._border, *self.points, self.rings, *axes.spines.values(), axes.title]

    def show(self, by_class: NDArray[Any], predicted: NDArray[Any], title: str) -> None:
        """Takes over what a model says of the mesh, shape ``(R * R, C)``, and of the points."""
        resolution = int(np.sqrt(len(by_class)))
        self._shading.show(_mixed(by_class, self._colours).reshape(resolution, resolution, 3))
        self._border.set_segments(self._borders(by_class))
        wrong = self._x[(predicted != self._y)[self._shown]]
        self.rings.set_data(wrong[:, 0], wrong[:, 1])
        before = f"{label(title, 40)}, " if title else ""
        set_title(self._axes, f"{before}accuracy {100 * np.mean(predicted == self._y):.1f} %")

    def show_members(self, each: Iterable[NDArray[Any]]) -> LineCollection:
        """Adds thin borders, a set of them for each that says something of the mesh, shape ``(R * R, C)``."""
        segments = [line for by_class in each for line in self._borders(by_class)]
        lines = LineCollection(segments, colors="black", linewidths=0.5, alpha=0.4, zorder=self._border.zorder - 1)
        self._axes.add_collection(lines, autolim=False)
        return lines

    def _borders(self, by_class: NDArray[Any]) -> list[NDArray[Any]]:
        resolution = int(np.sqrt(len(by_class)))
        across, up = (np.linspace(*ends, resolution) for ends in (self._limits[:2], self._limits[2:]))
        return _borders(by_class, across, up)


class _Shading(Artist):
    """Colours over a mesh, drawn across the whole of an axes; ``imshow`` would take half of the time of a frame."""

    zorder = 0

    def show(self, colours: NDArray[np.uint8]) -> None:
        """Takes over colours of shape ``(R, R, 3)``, from the lowest row up."""
        self._image = Image.fromarray(colours)
        self.stale = True

    def draw(self, renderer: Any) -> None:
        """Draws the colours, without steps from one point of the mesh to the next."""
        if self.axes is None or not self.get_visible():
            return
        left, bottom, right, top = np.rint(self.axes.bbox.extents).astype(int).tolist()
        points = (0.5, 0.5, self._image.width - 0.5, self._image.height - 0.5)  # the outer ones lie on the frame
        smooth = self._image.resize((right - left, top - bottom), Image.Resampling.BILINEAR, points)
        graphics = renderer.new_gc()
        renderer.draw_image(graphics, left, bottom, np.array(smooth.convert("RGBA")))
        graphics.restore()


def _mixed(by_class: NDArray[Any], colours: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The colour of the most probable class, the paler the closer it is to a guess; grey where nothing is known."""
    num_classes = by_class.shape[1]
    known = np.isfinite(by_class).all(axis=1)
    guess = 1 / num_classes
    strength = np.clip((by_class.max(axis=1) - guess) / (1 - guess), 0, 1) * _STRENGTH
    mixed = 1 + strength[:, None] * (colours[by_class.argmax(axis=1)] - 1)
    mixed[~known] = 0.6
    return np.asarray((255 * mixed).round(), dtype=np.uint8)


def _borders(by_class: NDArray[Any], across: NDArray[Any], up: NDArray[Any]) -> list[NDArray[Any]]:
    """Lines along which the two most probable classes are equally probable."""
    winner = by_class.argmax(axis=1)
    second, first = np.partition(by_class, -2, axis=1)[:, -2:].T
    lines: list[NDArray[Any]] = []
    for number in np.unique(winner)[1:] if by_class.shape[1] == 2 else np.unique(winner):
        lead = np.where(winner == number, first - second, by_class[:, number] - first)
        field = np.ma.masked_invalid(lead.reshape(len(up), len(across)))
        lines.extend(cast("list[NDArray[Any]]", contour_generator(across, up, field).lines(0.0)))
    return lines


def _palette(num_classes: int) -> Image.Image:
    """The 256 colours of a film: greys, and each class's colour from pale to full."""
    greys = np.linspace(0, 1, 32)[:, None].repeat(3, axis=1)
    # Paler steps than a tenth would be taken for white by Pillow, and the other way round.
    steps = np.linspace(0.1, 1, min(_SHADES, max(1, 224 // num_classes)))[:, None, None]
    colours = np.concatenate([greys, (1 + steps * (class_colours(num_classes) - 1)).reshape(-1, 3)])[:256]
    palette = Image.new("P", (1, 1))
    palette.putpalette((255 * colours).round().astype(np.uint8).tobytes())
    return palette
