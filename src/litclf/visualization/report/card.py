"""Card: a run as a notebook shows it, its results in a table, its curves and its border, and where more stands."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from markupsafe import Markup, escape

from litclf.runs.history import History
from litclf.visualization.plots.canvas import png
from litclf.visualization.plots.curves import METRICS, STAGES, draw_curves

_CELL = "padding:2px 12px 2px 0;text-align:right;white-space:nowrap"
_LEFT = "padding:2px 12px 2px 0;text-align:left"
# Colours are the notebook's own, light or dark; the pictures are on white.
_PICTURE = "height:260px;max-width:100%;background:white;border-radius:4px;margin:6px 6px 0 0"


def results(history: History) -> list[list[str]]:
    """The table of results: a header, and a row for each stage; of members their mean with its 95 % interval.

    Example:
        >>> results(History({"val/loss": 0.25, "val/accuracy": 0.9}, {"num_val": 100}, []))
        [['', 'loss', 'accuracy'], ['val', '0.2500', '0.9000 (0.826 to 0.945)']]
    """
    cells: dict[tuple[str, str], str] = {}
    for key, value in history.metrics.items():
        stage, _, name = key.partition("/")
        if stage in ("train", "val", "test") and isinstance(value, float) and not name.endswith("_step"):
            interval = history.interval(stage) if name == "accuracy" and stage != "train" else None
            cells[stage, name] = f"{value:.4f}" + (f" ({interval[0]:.3f} to {interval[1]:.3f})" if interval else "")
    for key, own in ((history.metrics.get("members") or {}).get("metrics") or {}).items():
        stage, _, name = key.partition("/")
        cells[stage, name] = f"{own['mean']:.4f} ({own['low']:.3f} to {own['high']:.3f})"
    names = list(dict.fromkeys(name for _, name in cells))
    stages = [stage for stage in ("train", "val", "test") if any(own == stage for own, _ in cells)]
    return [
        ["", *(name.replace("_", " ") for name in names)],
        *([stage, *(cells.get((stage, name), "") for name in names)] for stage in stages),
    ]


def curves_of(history: History) -> bytes | None:
    """The curves of a run as the content of a PNG file; None where nothing was logged."""
    keys = [f"{stage}/{name}" for stage in STAGES for name in METRICS] + ["train/loss_step"]
    curves = {key: points for key in keys if (points := history.curve(key))}
    if not curves:
        return None
    best = history.best
    drawn = {key: ([point.step + 1 for point in own], [point.value for point in own]) for key, own in curves.items()}
    return png(draw_curves(drawn, None if best is None else best.step + 1))


def card(
    title: str, facts: Mapping[str, str], history: History, boundary: bytes | None = None, folder: Path | None = None
) -> str:
    """The card as HTML, in the colours of the page that it stands in.

    Args:
        title: What it is of.
        facts: What is said of it, by labels.
        history: What the run has measured.
        boundary: The content of a PNG file that shows the border between classes; None shows none.
        folder: The run folder, whose report is linked to where there is one.

    Example:
        >>> "<b>circles &lt;0&gt;</b>" in card("circles <0>", {"steps": "2000"}, History({}, {}, []))
        True
    """
    told = " &nbsp; ".join(f"{escape(label)} {escape(value)}" for label, value in facts.items())
    pictures = {"curves": curves_of(history), "border between classes": boundary}
    parts = [
        f'<div style="margin-bottom:4px"><b>{escape(title)}</b></div>',
        f'<div style="opacity:.75">{told}</div>',
        _table(results(history)),
        *(_picture(name, content) for name, content in pictures.items() if content is not None),
    ]
    report = None if folder is None else folder / "report.html"
    if report is not None and report.is_file():
        link = escape(Path(os.path.relpath(report)).as_posix())
        parts.append(f'<div style="margin-top:4px"><a href="{link}" target="_blank">{link}</a></div>')
    return f"<div>{''.join(parts)}</div>"


def _table(rows: Sequence[Sequence[str]]) -> str:
    header, *others = rows
    if not others:
        return ""
    head = "".join(f'<th style="{_CELL}">{escape(cell)}</th>' for cell in header)
    body = [
        f'<td style="{_LEFT}">{escape(row[0])}</td>'
        + "".join(f'<td style="{_CELL}">{escape(cell)}</td>' for cell in row[1:])
        for row in others
    ]
    return (
        f'<div style="overflow-x:auto"><table><tr>{head}</tr>{"".join(f"<tr>{row}</tr>" for row in body)}</table></div>'
    )


def _picture(name: str, content: bytes) -> str:
    data = base64.b64encode(content).decode()
    return Markup('<img alt="{}" style="{}" src="data:image/png;base64,{}">').format(name, _PICTURE, data)
