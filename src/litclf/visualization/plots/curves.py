"""Curve plot: metrics over a fit, train and val in one chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from litclf.utilities.statistics import bands
from litclf.visualization.plots.canvas import SMALL, new_figure, set_margins, use_fonts
from litclf.visualization.plots.colours import GREY, TRAIN, VAL
from litclf.visualization.plots.fonts import label

METRICS = ("loss", "accuracy", "psnr")
STAGES = {"train": TRAIN, "val": VAL}
_LIMITS = {"loss": (0.0, np.inf), "accuracy": (0.0, 1.0)}
"""Between which values of a metric lie, and so the interval of a mean."""

_FEW = 30
"""Values up to which each is marked: a line through one value cannot be seen."""

Curve = tuple[Sequence[float], Sequence[float]]


@dataclass(frozen=True)
class MemberLines:
    """What curves show of the members of a fit.

    Attributes:
        curves: Optimizer steps, T of them, and the values of the M members, shape ``(T, M)``, by log key.
        best: Optimizer steps after which each member was best.
    """

    curves: Mapping[str, tuple[Sequence[float], NDArray[Any]]] = field(default_factory=dict)
    best: Sequence[float] = ()


def draw_curves(
    curves: Mapping[str, Curve],
    best: float | None = None,
    baselines: Mapping[str, Mapping[str, float]] | None = None,
    members: MemberLines | None = None,
) -> Figure:
    """One panel a metric: train and val over optimizer steps, the best epoch, and baselines to compare with.

    With members, train and val are their means, with the 95 % interval of the mean and a band that holds 95 % of them;
    behind lie the single members, and at the lower edge their best epochs.

    Args:
        curves: Optimizer steps and values by log key; those of loss, accuracy and PSNR are drawn, and, faintly, those
            of ``train/loss_step``.
        best: Optimizer steps after which the best epoch ended.
        baselines: Values of the same metrics by the name of a baseline.
        members: The members, where there are any.

    Example:
        >>> figure = draw_curves({"train/loss": ([10, 20], [0.7, 0.5]), "val/loss": ([10, 20], [0.8, 0.6])}, best=20)
        >>> [text.get_text() for text in figure.legends[0].get_texts()]
        ['train', 'val', 'best epoch']
    """
    metrics = [name for name in METRICS if any(f"{stage}/{name}" in curves for stage in STAGES)]
    baselines = baselines or {}
    with use_fonts(baselines):
        figure, axes = new_figure(1, max(1, len(metrics)), width=5 if len(metrics) > 1 else 6)
        artists: dict[str, Artist] = {}
        of_members: dict[str, Artist] = {}
        if members is not None:
            figure.set_figheight(4.3)
            set_margins(figure, top=0.7)  # for a legend in two rows
        for panel, metric in zip(axes[0], metrics, strict=False):
            if members is not None:
                of_members |= draw_behind(panel, metric, members)
            artists |= draw_metric(panel, metric, curves)
            if best is not None:
                artists["best epoch"] = panel.axvline(best, color="black", linewidth=0.8)
            for (name, values), style in zip(baselines.items(), cycle(("--", ":", "-.")), strict=False):
                if metric in values:
                    artists[label(name)] = panel.axhline(values[metric], color=GREY, linestyle=style, linewidth=1.4)
        artists |= of_members
        figure.legend(
            list(artists.values()),
            list(artists),
            loc="upper center",
            ncols=6 if members is None else 5,
            fontsize=SMALL,
            frameon=False,
        )
    return figure


def draw_behind(axes: Axes, metric: str, members: MemberLines) -> dict[str, Artist]:
    """Draws bands and single members behind the curves of their mean; gives back a key for each of their kinds."""
    found: dict[str, Artist] = {}
    for stage, colour in STAGES.items():
        if (own := members.curves.get(f"{stage}/{metric}")) is None:
            continue
        steps, values = np.asarray(own[0], dtype=float), own[1]
        lines = LineCollection(
            [np.column_stack([steps, line]) for line in values.T], colors=colour, linewidths=0.5, alpha=0.25
        )
        axes.add_collection(lines, autolim=False)  # one that goes astray is no reason to see less of the others
        shown = bands(values)
        broad = axes.fill_between(steps, shown.low, shown.high, color=colour, alpha=0.12, linewidth=0)
        ends = np.clip([shown.mean_low, shown.mean_high], *_LIMITS.get(metric, (-np.inf, np.inf)))
        narrow = axes.fill_between(steps, *ends, color=colour, alpha=0.35, linewidth=0)
        found = {"a member": lines, "95 % of the members": broad, "95 % interval of the mean": narrow}
    if len(members.best):
        found["a member's best epoch"] = axes.plot(
            members.best,
            np.zeros(len(members.best)),
            "|",
            color="black",
            markersize=9,
            transform=axes.get_xaxis_transform(),
        )[0]
    return found


def draw_metric(axes: Axes, metric: str, curves: Mapping[str, Curve]) -> dict[str, Artist]:
    """Draws train and val of one metric into ``axes``; gives back their lines by what they show."""
    lines: dict[str, Artist] = {}
    if (by_step := curves.get(f"train/{metric}_step")) is not None:
        (lines["train, by step"],) = axes.plot(*by_step, color=TRAIN, alpha=0.35, linewidth=1, label="train, by step")
    for stage, colour in STAGES.items():
        if (curve := curves.get(f"{stage}/{metric}")) is not None:
            marker = "o" if len(curve[0]) <= _FEW else ""
            (lines[stage],) = axes.plot(*curve, color=colour, marker=marker, markersize=3, linewidth=1.6, label=stage)
    axes.set(xlabel="optimizer step", ylabel="PSNR (dB)" if metric == "psnr" else metric)
    return lines
