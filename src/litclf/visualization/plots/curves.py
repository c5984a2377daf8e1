"""Curve plot: metrics over a fit, train and val in one chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from litclf.visualization.plots.canvas import SMALL, new_figure, use_fonts
from litclf.visualization.plots.colours import GREY, TRAIN, VAL
from litclf.visualization.plots.fonts import label

METRICS = ("loss", "accuracy", "psnr")
STAGES = {"train": TRAIN, "val": VAL}
_FEW = 30
"""Values up to which each is marked: a line through one value cannot be seen."""

Curve = tuple[Sequence[float], Sequence[float]]


def draw_curves(
    curves: Mapping[str, Curve],
    best: float | None = None,
    baselines: Mapping[str, Mapping[str, float]] | None = None,
) -> Figure:
    """One panel a metric: train and val over optimizer steps, the best epoch, and baselines to compare with.

    Args:
        curves: Optimizer steps and values by log key; those of loss, accuracy and PSNR are drawn, and, faintly, those
            of ``train/loss_step``.
        best: Optimizer steps after which the best epoch ended.
        baselines: Values of the same metrics by the name of a baseline.

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
        for panel, metric in zip(axes[0], metrics, strict=False):
            artists |= draw_metric(panel, metric, curves)
            if best is not None:
                artists["best epoch"] = panel.axvline(best, color="black", linewidth=0.8)
            for (name, values), style in zip(baselines.items(), cycle(("--", ":", "-.")), strict=False):
                if metric in values:
                    artists[label(name)] = panel.axhline(values[metric], color=GREY, linestyle=style, linewidth=1.4)
        figure.legend(list(artists.values()), list(artists), loc="upper center", ncols=6, fontsize=SMALL, frameon=False)
    return figure


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
