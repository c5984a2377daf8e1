"""Confusion plot: which classes are taken for which, as a picture and as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from litclf.utilities.files import write_text
from litclf.visualization.plots.canvas import SMALL, new_figure, set_margins, text_width, use_fonts
from litclf.visualization.plots.fonts import label

_WITH_NUMBERS = 20
"""Classes up to which each cell says its count."""

_WITH_ZEROS = 10
"""Classes up to which a count of 0 is written too; a text costs a millisecond or two."""

_WITH_NAMES = 60
"""Classes up to which rows and columns say their names."""


def draw_confusion(matrix: NDArray[Any], class_names: Sequence[str]) -> Figure:
    """The confusion matrix: rows are true classes, columns predicted ones, colours shares of a row.

    Up to 20 classes each cell has its count and its percentage of the row (beyond 10, where they are not 0); up to 60
    rows and columns have names.

    Args:
        matrix: Counts, shape ``(C, C)``.
        class_names: Names of the C classes.

    Example:
        >>> figure = draw_confusion(np.array([[3, 1], [0, 0]]), ["cat", "dog"])
        >>> [text.get_text() for text in figure.axes[0].texts]
        ['3\\n75.0 %', '1\\n25.0 %', '0', '0']
    """
    num_classes = len(matrix)
    numbers, named = num_classes <= _WITH_NUMBERS, num_classes <= _WITH_NAMES
    names = [label(name, 18) for name in class_names] if named else []
    percent = row_percent(matrix)
    with use_fonts(names):
        cell = max(0.6, 2.4 / num_classes) if numbers else 0.18 if named else 7 / num_classes
        box, longest = cell * num_classes, text_width(names) if named else 0.3
        upright = longest < cell or not named
        left, bottom, right, top = 0.5 + longest, 0.5 + (0.1 if upright else longest), 0.3, 0.2
        figure, axes = new_figure(1, 1, left + box + right, bottom + box + top)
        set_margins(figure, left, right, bottom, top)
        panel: Axes = axes[0, 0]
        panel.imshow(percent, cmap="Blues", vmin=0, vmax=100)
        panel.set(xlabel="predicted", ylabel="true")
        if named:
            panel.set_xticks(range(num_classes), names, fontsize=SMALL, rotation=0 if upright else 90)
            panel.set_yticks(range(num_classes), names, fontsize=SMALL)
        if numbers:
            _write_cells(panel, matrix, percent)
    return figure


def _write_cells(axes: Axes, matrix: NDArray[Any], percent: NDArray[np.float64]) -> None:
    for (row, column), count in np.ndenumerate(matrix):
        if not count and len(matrix) > _WITH_ZEROS:
            continue
        share = percent[row, column]
        axes.text(
            column,
            row,
            f"{count}\n{share:.1f} %" if count else "0",
            ha="center",
            va="center",
            fontsize=SMALL,
            color="white" if share > 55 else "black" if count else "#9a9a9a",
        )


def row_percent(matrix: NDArray[Any]) -> NDArray[np.float64]:
    """Percentages of each row, 0 in a row without samples.

    Example:
        >>> row_percent(np.array([[3, 1], [0, 0]]))
        array([[75., 25.],
               [ 0.,  0.]])
    """
    return np.asarray(100 * matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1))


def write_confusion(path: Path, matrix: NDArray[Any], class_names: Sequence[str]) -> None:
    """Writes the confusion matrix as CSV with the columns true, predicted, count and row_percent.

    Args:
        path: File to write.
        matrix: Counts, shape ``(C, C)``; rows are true classes.
        class_names: Names of the C classes, written in full.
    """
    content = io.StringIO(newline="")
    table = csv.writer(content, lineterminator="\n")
    table.writerow(["true", "predicted", "count", "row_percent"])
    percent = row_percent(matrix)
    for (row, column), count in np.ndenumerate(matrix):
        table.writerow([class_names[row], class_names[column], count, f"{percent[row, column]:.4g}"])
    write_text(path, content.getvalue(), errors="surrogateescape")
