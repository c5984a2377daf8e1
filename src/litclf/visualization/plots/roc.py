"""ROC plot: what a threshold costs and brings: ROC and precision-recall curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import auc, precision_recall_curve, roc_curve

from litclf.visualization.plots.canvas import SMALL, new_figure, set_margins, use_fonts
from litclf.visualization.plots.colours import GREY, class_colours
from litclf.visualization.plots.fonts import label

_MOST_CLASSES = 10
_MOST_POINTS = 500


def draw_roc(
    targets: NDArray[Any],
    probabilities: NDArray[Any],
    class_names: Sequence[str],
    classes: Sequence[int] | None = None,
) -> Figure:
    """ROC curves on the left, precision-recall curves on the right, each class against the rest.

    A class needs samples that belong to it and samples that do not. Of more than ten classes the ten with most samples
    are drawn.

    Args:
        targets: Classes, shape ``(N,)``.
        probabilities: Of each class, shape ``(N, C)``.
        class_names: Names of the C classes.
        classes: Those that may have a curve; None for all. Where it is one alone, its share is drawn too.

    Example:
        >>> shares = np.array([[0.8, 0.2], [0.1, 0.9], [0.4, 0.6]])
        >>> figure = draw_roc(np.array([0, 1, 1]), shares, ["rest", "ill"], classes=[1])
        >>> [axes.get_legend().get_texts()[0].get_text() for axes in figure.axes]
        ['ill (AUC 1.000)', 'ill (AP 1.000)']
    """
    classes = range(len(class_names)) if classes is None else classes
    with use_fonts(class_names):
        figure, axes = new_figure(1, 2, width=4.4, height=3.8)
        set_margins(figure, top=0.15)
        left, right = axes[0]
        left.set(xlabel="false positive rate", ylabel="true positive rate", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        left.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)
        right.set(xlabel="recall", ylabel="precision", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        chosen = _with_curve(targets, probabilities, classes)
        colours = class_colours(len(class_names))
        for number in chosen:
            score, name = probabilities[:, number], label(class_names[number])
            _draw_class(left, right, targets == number, score, name, colours[number])
        if len(classes) == 1:
            right.axhline(np.mean(targets == classes[0]), color=GREY, linestyle="--", linewidth=1)
        if chosen:
            left.legend(loc="lower right", fontsize=SMALL)
            right.legend(loc="lower left", fontsize=SMALL)
        else:
            left.text(0.5, 0.6, "no class with samples\nof both kinds", ha="center", va="center")
    return figure


def _with_curve(targets: NDArray[Any], probabilities: NDArray[Any], classes: Sequence[int]) -> list[int]:
    """Of ``classes`` those that have a curve, in order; none where the model has diverged."""
    if not np.isfinite(probabilities).all():
        return []
    counts = np.bincount(targets, minlength=probabilities.shape[1])
    usable = [number for number in classes if 0 < counts[number] < len(targets)]
    return sorted(sorted(usable, key=lambda number: -counts[number])[:_MOST_CLASSES])


def _draw_class(
    left: Axes, right: Axes, belongs: NDArray[np.bool_], score: NDArray[Any], name: str, colour: NDArray[np.float64]
) -> None:
    false_positive, true_positive, _ = roc_curve(belongs, score)
    area = auc(false_positive, true_positive)
    left.plot(*_thinned(false_positive, true_positive), color=colour, label=f"{name} (AUC {area:.3f})")
    precision, recall, _ = precision_recall_curve(belongs, score)
    average = -np.sum(np.diff(recall) * precision[:-1])
    right.plot(*_thinned(recall, precision), color=colour, drawstyle="steps-pre", label=f"{name} (AP {average:.3f})")


def _thinned(across: NDArray[Any], up: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """At most 500 points of a curve, both ends among them."""
    kept = np.unique(np.linspace(0, len(across) - 1, _MOST_POINTS).round().astype(int))
    return across[kept], up[kept]
