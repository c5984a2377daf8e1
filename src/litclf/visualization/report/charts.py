"""Charts of a run as plotly.js figures: plain dicts, which the page's own copy of plotly.js draws.

The Python side of plotly would check them and take longer to load than the report takes to write.
"""

from __future__ import annotations

import math
from itertools import cycle
from typing import Any

from litclf.runs.history import History, Point
from litclf.runs.member_history import MemberHistory
from litclf.visualization.report.member_charts import behind

CHARTS = {"loss": "Loss", "accuracy": "Accuracy", "psnr": "Signal to noise (dB)"}
"""What is drawn, train and val in one chart each, with the title of the axis."""

MOST_POINTS = 2000
"""Points of a curve; more cannot be told apart on a screen."""

_LOG_SPAN = 50
"""Highest over lowest loss from which on a logarithmic axis shows more."""

# Told apart by people with any kind of colour vision (Okabe and Ito).
_COLORS = {"train": "#0072b2", "val": "#d55e00", "best": "#009e73"}
_BASELINES = ("#777777", "#aa6fa0", "#9a7d0a")


def figures(history: History, members: MemberHistory | None = None) -> list[dict[str, Any]]:
    """A figure for each of ``CHARTS`` that the run has logged, with ``name``, ``data`` and ``layout``.

    With members, the curves are their means, before a band and the single members, and nothing is the best epoch of
    all.

    Example:
        >>> history = History({}, {}, [{"step": 9, "train/loss": 0.5, "val/loss": 0.6}])
        >>> [(figure["name"], [trace["name"] for trace in figure["data"]]) for figure in figures(history)]
        [('loss', ['train', 'val', 'best'])]
    """
    logged = [name for name in CHARTS if history.curve(f"train/{name}") or history.curve(f"val/{name}")]
    return [_figure(history, name, members) for name in logged]


def _figure(history: History, name: str, members: MemberHistory | None) -> dict[str, Any]:
    curves = {stage: history.curve(f"{stage}/{name}") for stage in ("train", "val")}
    traces = [_line(stage, curve, _COLORS[stage]) for stage, curve in curves.items() if curve]
    by_step = history.curve("train/loss_step") if name == "loss" and members is None else []
    if len(by_step) > 2 * len(curves["train"]):
        faint = {"mode": "lines", "line": {"color": _COLORS["train"], "width": 1}, "opacity": 0.3}
        traces.insert(0, _line("train, by step", by_step, _COLORS["train"]) | faint)
    steps = [step for trace in traces for step in trace["x"]]
    best = history.best
    shown = curves["val"] or curves["train"]
    marked = [point for point in shown if best and point.step == best.step and members is None]
    traces += [_star(point) for point in marked]
    traces += _baselines(history, name, min(steps), max(steps))
    layout = _layout(CHARTS[name])
    values = [value for trace in traces for value in trace["y"] if value is not None]
    if name == "loss" and values and 0 < min(values) < max(values) / _LOG_SPAN:
        layout["yaxis"]["type"] = "log"
    if members is not None:
        traces = [*(trace for stage in curves for trace in behind(members, stage, name, _COLORS[stage])), *traces]
    layout["shapes"] = [_upright(point.step) for point in marked]
    layout["annotations"] = [_above(point, is_late=2 * point.step > min(steps) + max(steps)) for point in marked]
    return {"name": name, "title": CHARTS[name], "data": traces, "layout": layout}


def _layout(title: str) -> dict[str, Any]:
    axis = {"gridcolor": "#e5e7eb", "zeroline": False}
    return {
        "margin": {"l": 60, "r": 10, "t": 10, "b": 45},
        "height": 360,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hovermode": "x unified",
        "hoverdistance": -1,  # few epochs lie far apart
        "legend": {"orientation": "h", "x": 0, "y": 1.07, "yanchor": "bottom"},
        "font": {"family": "system-ui, sans-serif", "size": 13},
        "xaxis": axis | {"title": {"text": "optimizer step"}, "unifiedhovertitle": {"text": "step %{x:,d}"}},
        "yaxis": axis | {"title": {"text": title}},
    }


def _line(name: str, curve: list[Point], color: str) -> dict[str, Any]:
    thinned = curve[:: -(-len(curve) // MOST_POINTS)]
    return {
        "type": "scatter",
        "mode": "lines+markers" if len(thinned) <= 50 else "lines",
        "name": name,
        "x": [point.step for point in thinned],
        # A gap in the line: JSON knows no infinity.
        "y": [point.value if math.isfinite(point.value) else None for point in thinned],
        "line": {"color": color, "width": 2},
        "hovertemplate": "%{y:.4g}",
    }


def _star(point: Point) -> dict[str, Any]:
    marker = {"symbol": "star", "size": 13, "color": _COLORS["best"]}
    words_say_it = {"showlegend": False, "hoverinfo": "skip", "hovertemplate": None}
    return _line("best", [point], _COLORS["best"]) | {"mode": "markers", "marker": marker} | words_say_it


def _upright(step: int) -> dict[str, Any]:
    """A dotted line over the whole height, which the scale of the values does not move."""
    line = {"color": _COLORS["best"], "width": 1, "dash": "dot"}
    return {"type": "line", "xref": "x", "yref": "paper", "x0": step, "x1": step, "y0": 0, "y1": 1, "line": line}


def _above(point: Point, is_late: bool) -> dict[str, Any]:
    """Words above the chart, on the side that has room."""
    side = "right" if is_late else "left"
    place = {"xref": "x", "x": point.step, "xanchor": side, "yref": "paper", "y": 1, "yanchor": "bottom"}
    font = {"color": _COLORS["best"], "size": 12}
    return {"text": f"best, epoch {point.epoch}", "showarrow": False, "font": font} | place


def _baselines(history: History, name: str, first: int, last: int) -> list[dict[str, Any]]:
    """Dashed lines; what scored them is the validation split."""
    lines = []
    for (baseline, scores), color in zip(
        (history.facts.get("baselines") or {}).items(), cycle(_BASELINES), strict=False
    ):
        value = (scores or {}).get(name)
        if value is not None and math.isfinite(value):
            trace = _line(baseline, [Point(step, 1, value) for step in (first, last)], color)
            line = {"color": color, "width": 1.5, "dash": "dash"}
            lines.append(trace | {"mode": "lines", "line": line})
    return lines
