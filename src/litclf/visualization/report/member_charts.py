"""Charts of the members of a fit: what lies behind the curves of their mean, and how many are worth how much."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litclf.runs.member_history import MemberHistory
from litclf.utilities.statistics import bands, bins

_MOST_POINTS = 20_000
"""Points of all members' curves in a chart; a page with more is slow to touch."""

_BARS, _MEAN, _TOGETHER, _MARK = "#0072b2", "#0072b2", "#009e73", "#d55e00"


def behind(members: MemberHistory, stage: str, name: str, color: str) -> list[dict[str, Any]]:
    """Traces of the members' curves of a metric: each member, a band of them, the interval of the mean, and a member
    that is touched, which the page's script fills in.

    The members are one trace, with a gap after each; its ``meta`` tells how many points each has.

    Example:
        >>> moments = [{"step": 9, "seed": seed, "val/loss": seed / 10} for seed in (1, 2)]
        >>> members = MemberHistory([{"seed": 1}, {"seed": 2}], moments)
        >>> [trace["name"] for trace in behind(members, "val", "loss", "#000000")]
        ['val, members', 'val, 95 % of the members', 'val, 95 % interval of the mean', 'val, touched']
    """
    steps, values = members.curve(f"{stage}/{name}")
    if not steps:
        return []
    every = -(-values.size // _MOST_POINTS)
    steps, values = steps[::-every][::-1], values[::-every][::-1]
    shown = bands(values)
    finite = values[np.isfinite(values)]
    least, most = (finite.min(), finite.max()) if len(finite) else (0.0, 0.0)
    lines = {
        "x": [step for _ in values.T for step in (*steps, None)],
        "y": [value for line in values.T for value in (*_plain(line), None)],
        "meta": {"points": len(steps), "stage": stage},
    }
    return [
        _trace(f"{stage}, members", color) | {"line": {"color": color, "width": 0.7}, "opacity": 0.3} | lines,
        _band(f"{stage}, 95 % of the members", color, 0.12, steps, shown.low, shown.high),
        _band(
            f"{stage}, 95 % interval of the mean",
            color,
            0.35,
            steps,
            *(np.clip(end, least, most) for end in (shown.mean_low, shown.mean_high)),
        ),
        _trace(f"{stage}, touched", color)
        | {"line": {"color": color, "width": 3, "dash": "dot"}, "meta": {"touched": stage}, "visible": False},
    ]


def histogram(members: MemberHistory, told: Mapping[str, Any], together: float | None) -> dict[str, Any] | None:
    """How many members have which accuracy, with their mean, that of the ensemble and the mark; None of no accuracy.

    Args:
        members: The members.
        told: What ``metrics.json`` holds under ``members``.
        together: The test accuracy of their mean probability; None where it is not known.
    """
    stage = next(
        (name for name in ("test", "val", "train") if np.isfinite(members.values(f"{name}/accuracy")).any()), ""
    )
    if not stage:
        return None
    key, values = f"{stage}/accuracy", members.values(f"{stage}/accuracy")
    finite = values[np.isfinite(values)]
    edges = bins(finite)
    places = np.digitize(values, edges) - 1
    seeds = [
        [seed for seed, at in zip(members.seeds, places, strict=True) if at == bar] for bar in range(len(edges) - 1)
    ]
    bars = {
        "type": "bar",
        "x": ((edges[:-1] + edges[1:]) / 2).tolist(),
        "y": [len(own) for own in seeds],
        "width": float(edges[1] - edges[0]),
        "marker": {"color": _BARS, "opacity": 0.5, "line": {"color": _BARS, "width": 1}},
        "hovertext": [f"{len(own)} with seed {', '.join(map(str, own))}" for own in seeds],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "showlegend": False,
    }
    mark = (told.get("marks") or {}).get(key)
    lines = [
        ("mean of the members", float(finite.mean()), _MEAN, "solid"),
        ("all together", together if stage == "test" else None, _TOGETHER, "solid"),
        (f"mark, {mark['reached']} of {mark['of']} reach it" if mark else "", mark and mark["mark"], _MARK, "dash"),
    ]
    top = max(len(own) for own in seeds)
    upright = [
        _trace(name, color, showlegend=True)
        | {"x": [at, at], "y": [0, top], "line": {"color": color, "width": 2, "dash": dash}}
        for name, at, color, dash in lines
        if at is not None and math.isfinite(at)
    ]
    axis = {"zeroline": False}
    layout = {
        "margin": {"l": 50, "r": 10, "t": 10, "b": 45},
        "height": 300,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "font": {"family": "system-ui, sans-serif", "size": 13},
        "xaxis": axis | {"title": {"text": f"{'validation' if stage == 'val' else stage} accuracy"}, "nticks": 6},
        "yaxis": axis | {"title": {"text": "members"}, "rangemode": "tozero", "nticks": 5},
    }
    return {"name": "members", "title": "Members by accuracy", "data": [bars, *upright], "layout": layout}


def _trace(name: str, color: str, showlegend: bool = False) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [],
        "y": [],
        "line": {"color": color},
        "hoverinfo": "skip",
        "showlegend": showlegend,
    }


def _band(
    name: str, color: str, opacity: float, steps: list[int], low: NDArray[Any], high: NDArray[Any]
) -> dict[str, Any]:
    """The area between two lines, where both are known."""
    known = np.isfinite(low) & np.isfinite(high)
    across = np.array(steps)[known].tolist()
    red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    return _trace(name, color) | {
        "x": [*across, *across[::-1]],
        "y": [*low[known].tolist(), *high[known].tolist()[::-1]],
        "line": {"width": 0},
        "fill": "toself",
        "fillcolor": f"rgba({red},{green},{blue},{opacity})",
    }


def _plain(line: NDArray[Any]) -> list[float | None]:
    """Values that JSON can hold, with seven digits."""
    return [float(f"{value:.7g}") if math.isfinite(value) else None for value in line.tolist()]
