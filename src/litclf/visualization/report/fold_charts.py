"""Fold charts: calibration, importance of columns and learning curve of a cross-validation, each with its words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from litclf.runs.fold_files import FoldFiles, Row
from litclf.utilities.statistics import calibration, wilson
from litclf.utilities.text import listed

_MOST_COLUMNS = 30

_COLOR, _OPEN, _IDEAL = "#0072b2", "#8a8f98", "#d55e00"


def figures(files: FoldFiles) -> Iterator[dict[str, Any]]:
    """The figures that there are values for, with ``name``, ``title``, ``data`` and ``layout``."""
    if files.held_out:
        yield _calibration(files)
    if files.tables["importance"]:
        yield _importance(files.tables["importance"])
    if files.tables["learning_curve"]:
        yield _curve(files.tables["learning_curve"])


def calibration_words(files: FoldFiles) -> str:
    """How far probabilities mean what they say; empty where no row was held out."""
    if not files.held_out:
        return ""
    targets, probabilities = files.targets, files.probabilities
    said, right = probabilities.max(axis=1).mean(), (probabilities.argmax(axis=1) == targets).mean()
    error = calibration(targets, probabilities, len(files.class_names) == 2).error
    return (
        f"On held-out rows the models were right in {_percent(right)}, and gave what they predicted "
        f"{_percent(said)} on average. Expected calibration error: {_percent(error)}."
    )


def importance_words(rows: Sequence[Row]) -> str:
    """Which columns matter, and of which nothing shows it; empty where none was measured."""
    if not rows:
        return ""
    clear = [row["column"] for row in rows if _is_clear(row)]
    least = [row["column"] for row in rows if not _is_clear(row)]
    found = [f"What shuffling a column costs: {listed(clear)} matter{'s' if len(clear) == 1 else ''}."] if clear else []
    if least:
        found.append(
            f"Nothing shows that {listed(least)} matter{'s' if len(least) == 1 else ''}: the interval holds zero."
        )
    return " ".join(found)


def curve_words(rows: Sequence[Row]) -> str:
    """Whether more data would help, by what the last step of the curve has gained; empty where there is no curve."""
    if not rows:
        return ""
    before, last = rows[-2:]
    gain, low, high = (100 * float(last[key] or "nan") for key in ("gain", "gain_low", "gain_high"))
    shares = " to ".join(f"{float(row['share']):.0%}" for row in (before, last))
    step = f"From {shares} of the rows ({before['rows']} to {last['rows']})"
    interval = f"(95 % interval {low:+.1f} to {high:+.1f})"
    if not math.isfinite(low):
        return f"{step} the accuracy changed by {gain:+.1f} points; too few folds tell how sure that is."
    if low > 0:
        return f"More data would probably help. {step} the accuracy rose by {gain:.1f} points {interval}."
    if high < 0:
        return f"More data did not help. {step} the accuracy fell by {-gain:.1f} points {interval}."
    return (
        f"Nothing shows that more data would help. {step} the accuracy changed by {gain:+.1f} points {interval}: "
        "the interval holds zero."
    )


def _calibration(files: FoldFiles) -> dict[str, Any]:
    """What is said against what comes true, each bin with its interval, and its rows when it is pointed at."""
    names, binary = files.class_names, len(files.class_names) == 2
    told = calibration(files.targets, files.probabilities, binary)
    filled = told.share > 0
    said, right = told.said[filled], told.right[filled]
    counts = np.rint(told.share[filled] * len(files.targets)).astype(int)
    ends = np.array([wilson(float(share), int(count)) for share, count in zip(right, counts, strict=True)]).T
    points = {
        "type": "scatter",
        "mode": "markers",
        "name": "held-out rows, larger where there are more",
        "x": said.tolist(),
        "y": right.tolist(),
        "error_y": _errors(right, *ends),
        "marker": {"color": _COLOR, "size": (6 + 14 * np.sqrt(told.share[filled])).tolist()},
        "hovertext": [
            f"{count} rows: said {_percent(x)}, right {_percent(y)}"
            for count, x, y in zip(counts, said, right, strict=True)
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    ideal = {
        "type": "scatter",
        "mode": "lines",
        "name": "perfectly calibrated",
        "x": [0, 1],
        "y": [0, 1],
        "line": {"color": _IDEAL, "width": 1, "dash": "dash"},
        "hoverinfo": "skip",
    }
    x = f"probability of {names[1]}" if binary else "probability of what was predicted"
    layout = _layout(x, f"share that is {names[1]}" if binary else "share that is right")
    layout["xaxis"] |= {"range": [-0.03, 1.03]}
    layout["yaxis"] |= {"range": [-0.03, 1.03]}
    return {"name": "calibration", "title": "Calibration of held-out rows", "data": [ideal, points], "layout": layout}


def _importance(rows: Sequence[Row]) -> dict[str, Any]:
    shown = rows[:_MOST_COLUMNS]
    gained, low, high = _told(shown, "loss_gained")
    lost = _floats(shown, "accuracy_lost")
    bars = {
        "type": "bar",
        "orientation": "h",
        # A number for each, as two columns may be cut to the same name.
        "y": list(range(len(shown))),
        "x": _plain(gained),
        "error_x": _errors(gained, low, high),
        "marker": {"color": [_COLOR if _is_clear(row) else _OPEN for row in shown], "opacity": 0.7},
        "hovertext": [
            f"{_escaped(row['column'])}: loss {gain:+.3f}, accuracy {-100 * points:+.1f} points"
            for row, gain, points in zip(shown, gained, lost, strict=True)
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "showlegend": False,
    }
    layout = _layout("log-loss gained when shuffled", "")
    layout["height"] = 90 + 26 * len(shown)
    names = {"tickvals": bars["y"], "ticktext": [_escaped(_short(row["column"])) for row in shown], "automargin": True}
    layout["yaxis"] |= names | {"range": [len(shown) - 0.5, -0.5], "title": {"text": ""}}
    layout["xaxis"] |= {"zeroline": True, "zerolinecolor": _OPEN}
    return {"name": "importance", "title": "Importance of each column", "data": [bars], "layout": layout}


def _curve(rows: Sequence[Row]) -> dict[str, Any]:
    sizes, (mean, low, high) = _floats(rows, "rows"), _told(rows, "test/accuracy")
    points = {
        "type": "scatter",
        "mode": "markers+lines",
        "name": "mean over the folds, 95 % interval",
        "x": sizes.tolist(),
        "y": _plain(mean),
        "error_y": _errors(mean, low, high),
        "line": {"color": _COLOR, "width": 2},
        "marker": {"color": _COLOR, "size": 8},
        "hovertext": [
            f"{float(row['share']):.0%}, {row['rows']} rows: {_percent(own)}"
            for row, own in zip(rows, mean, strict=True)
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    layout = _layout("training rows", "test accuracy")
    layout["xaxis"] |= {"rangemode": "tozero"}
    return {"name": "learning-curve", "title": "Accuracy by training rows", "data": [points], "layout": layout}


def _layout(x: str, y: str) -> dict[str, Any]:
    axis = {"zeroline": False}
    return {
        "margin": {"l": 60, "r": 15, "t": 15, "b": 45},
        "height": 340,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hovermode": "closest",
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "font": {"family": "system-ui, sans-serif", "size": 13},
        "xaxis": axis | {"title": {"text": _escaped(x)}, "automargin": True},
        "yaxis": axis | {"title": {"text": _escaped(y)}, "automargin": True},
    }


def _errors(values: Any, low: Any, high: Any) -> dict[str, Any]:
    """Bars from the low to the high end; of no length where an end is not known."""
    up, down = np.nan_to_num(high - values), np.nan_to_num(values - low)
    own = {"array": up.clip(0).tolist(), "arrayminus": down.clip(0).tolist()}
    return {"type": "data", "symmetric": False, "color": _OPEN, "thickness": 1.5, **own}


def _is_clear(row: Row) -> bool:
    return bool(row["loss_gained_low"]) and float(row["loss_gained_low"]) > 0


def _floats(rows: Sequence[Row], key: str) -> Any:
    return np.array([float(row[key] or "nan") for row in rows])


def _told(rows: Sequence[Row], key: str) -> Iterator[Any]:
    """The values of a column and both ends of their intervals."""
    return (_floats(rows, name) for name in (key, f"{key}_low", f"{key}_high"))


def _plain(values: Any) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in values]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _short(text: str) -> str:
    return text if len(text) <= 28 else f"{text[:27]}…"


def _escaped(text: str) -> str:
    """A text in which Plotly finds no markup of its own, such as bold or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
