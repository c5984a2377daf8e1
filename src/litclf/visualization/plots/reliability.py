"""Reliability plot: whether probabilities mean what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from litclf.utilities.statistics import calibration
from litclf.visualization.plots.canvas import SMALL, new_figure, set_margins, set_title
from litclf.visualization.plots.colours import GREY, TRAIN

_BINS = 15


def draw_reliability(targets: NDArray[Any], probabilities: NDArray[Any], binary: bool = False) -> Figure:
    """The reliability diagram with the expected calibration error, above the number of samples in each bin.

    Args:
        targets: Classes, shape ``(N,)``.
        probabilities: Of each class, shape ``(N, C)``.
        binary: Whether the model is binary: the diagram is then of class 1.

    Example:
        >>> figure = draw_reliability(np.array([0, 1]), np.eye(2), binary=True)
        >>> figure.axes[0].get_title()
        'expected calibration error 0.000'
    """
    confidence, accuracy, share, error = calibration(targets, probabilities, binary, _BINS)
    figure, axes = new_figure(1, 1, width=4.4, height=5.2)
    set_margins(figure, bottom=1.75)
    above = axes[0, 0]
    below = above.inset_axes((0, -0.42, 1, 0.32))
    above.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="perfectly calibrated")
    filled = share > 0
    above.vlines(confidence[filled], confidence[filled], accuracy[filled], color=TRAIN, alpha=0.35, linewidth=4)
    above.plot(confidence[filled], accuracy[filled], "o-", color=TRAIN, markersize=4, label="this model")
    above.legend(fontsize=SMALL)
    set_title(above, f"expected calibration error {error:.3f}")
    above.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), ylabel="frequency of class 1" if binary else "accuracy")
    above.tick_params(labelbottom=False)
    counts = np.rint(share * len(targets))
    counts[-2] += counts[-1]
    below.bar((np.arange(_BINS) + 0.5) / _BINS, counts[:-1], width=0.9 / _BINS, color=TRAIN)
    below.locator_params(axis="y", nbins=3, integer=True)
    below.set(xlim=(-0.02, 1.02), ylabel="samples")
    below.set_xlabel("predicted probability of class 1" if binary else "probability of the predicted class")
    return figure
