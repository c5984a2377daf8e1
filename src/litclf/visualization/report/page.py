"""Report page: ``report.html``, made of what a run folder holds."""

from __future__ import annotations

import math
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from litclf.runs.fold_files import FoldFiles, parting
from litclf.runs.history import History, calibration_text
from litclf.runs.read import RunFiles, read_folder
from litclf.utilities.files import write_text
from litclf.utilities.text import listed
from litclf.visualization.report.charts import figures
from litclf.visualization.report.confusion import confusion
from litclf.visualization.report.folds import fold_page
from litclf.visualization.report.images import images
from litclf.visualization.report.members import member_table
from litclf.visualization.report.reading import read_run
from litclf.visualization.report.sortable import class_table

_NO_SAMPLES: dict[str, Any] = {"kind": "row", "columns": [], "cells": {}, "worst": []}

_STAGES = {"train": "train", "val": "validation", "test": "test"}


def write_report(folder: Path) -> Path:
    """Writes ``report.html`` into a run folder, from the files that lie there.

    Args:
        folder: The run folder. Whatever is missing there is left out of the report.

    Returns:
        The path of the report: one file, about 5 MB, that shows without a network.

    Raises:
        InputError: If one of the run's files is damaged.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "metrics.json").write_text('{"test/accuracy": 1.0}')
        >>> write_report(folder).name
        'report.html'
    """
    run = read_folder(folder)
    path = folder / "report.html"
    # A file system may hold names that are no Unicode.
    write_text(path, _template().render(_content(run)), errors="replace")
    return path


def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Not a number is no JSON to a browser: a bug here, not a broken page.
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False}
    environment.filters.update(number=_number, percent=_percent)
    return environment.get_template("report.html.j2")


def _content(run: RunFiles) -> dict[str, Any]:
    history, folder = run.history, run.path.resolve()
    folds = fold_page(run.folds, history, run.samples)
    charts = figures(history, run.members)
    matrix = confusion(history.facts, run.samples) if folds is None else folds.confusion
    members = member_table(history, run.members) if folds is None else None
    histogram = [members.chart] if members is not None and members.chart is not None else []
    drawn = [*charts, *histogram, *(folds.figures.values() if folds else ())]
    better = {
        "curves.png": bool(charts),
        "members.png": bool(histogram),
        "confusion_matrix.png": matrix is not None and bool(matrix.rows),
        "worst.png": bool(run.samples.get("worst")),
    }
    return {
        "name": folder.parent.name,
        "version": folder.name,
        "about": _about(history, folder, run.folds),
        "headline": _headline(history) if folds is None else [],
        "results": _results(history),
        "findings": [*(folds.sentences if folds else ()), *_findings(run)],
        "figures": charts,
        "members": members,
        "folds": folds,
        "drawn": drawn,
        "plotly": _plotly() if drawn else "",
        "confusion": matrix,
        "classes": class_table(history.facts) if folds is None else None,
        "class_names": [str(name) for name in history.facts.get("class_names") or []],
        "class_name": history.class_name,
        "samples": _NO_SAMPLES | (run.samples if folds is None else {"cells": folds.cells}),
        # What the page itself shows better is not shown twice.
        "images": list(images(run.path, without=[file for file, is_better in better.items() if is_better])),
        "config": run.config,
    }


def _findings(run: RunFiles) -> list[str]:
    metrics, facts, rows = run.history.metrics, run.history.facts, run.history.rows
    members = run.members if run.folds is None else None  # folds differ by more than their seeds
    return read_run(metrics, facts, rows, members) if metrics or rows else []


def _plotly() -> Markup:
    """The installed plotly.js as text, without loading the Python side of plotly."""
    path = Path(str(distribution("plotly").locate_file("plotly/package_data/plotly.min.js")))
    # It would end the script element early, if it ever stood in one of plotly.js's strings.
    return Markup(path.read_text(encoding="utf-8").replace("</script", "<\\/script"))


def _about(history: History, folder: Path, folds: FoldFiles | None) -> list[tuple[str, str]]:
    """What was run, as labels with their values; what is not known is left out."""
    metrics, facts = history.metrics, history.facts
    counts = [f"{facts[f'num_{stage}']} {name}" for stage, name in _STAGES.items() if facts.get(f"num_{stage}")]
    if folds is not None:
        counts = [f"{len(folds.tables['oof'])} in {parting(folds.settings)}"]
    versions = [f"{package} {version}" for package, version in (metrics.get("versions") or {}).items()]
    names = [str(name) for name in facts.get("class_names") or []]
    shown = listed(names)
    about = {
        "Run folder": str(Path(*folder.parts[-3:])),
        "Started": str(facts.get("started") or "").replace("T", " ")[:16],
        "Length": _length(metrics),
        "Engine": metrics.get("engine"),
        "Hardware": facts.get("hardware"),
        "Samples": ", ".join(counts),
        "Classes": f"{len(names)}: {shown}" if names else "",
        "F1, precision, recall": _positive(metrics.get("positive_class") or {}),
        "Calibration": calibration_text(metrics.get("calibration") or {}),
        "Learning rate": facts.get("learning_rate"),
        "Seed": metrics.get("seed"),
        "Versions": ", ".join(versions),
    }
    return [(label, str(value)) for label, value in about.items() if value not in (None, "")]


def _positive(told: Any) -> str:
    """The class that they are of; empty where they are means over the classes."""
    return f"of class {told['name']}, {told['why']}" if told.get("name") and told.get("why") else ""


def _length(metrics: Any) -> str:
    steps, seconds = metrics.get("global_step"), metrics.get("fit_seconds")
    if steps is None or seconds is None:
        return ""
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    if hours:
        duration = f"{hours:.0f} h {minutes:.0f} min"
    elif minutes:
        duration = f"{minutes:.0f} min {rest:.0f} s"
    else:
        duration = f"{seconds:.3g} s"
    return f"{steps} optimizer steps in {duration}"


def _headline(history: History) -> list[str]:
    """The accuracy that counts, and what it is held against; empty where none was measured."""
    metrics: dict[str, Any] = {**history.metrics, **history.of_best}
    stage = next((name for name in ("test", "val", "train") if f"{name}/accuracy" in metrics), None)
    if stage is None or not 0 <= metrics[f"{stage}/accuracy"] <= 1:
        return []
    value, interval = metrics[f"{stage}/accuracy"], history.interval(stage, metrics[f"{stage}/accuracy"])
    members = len((metrics.get("members") or {}).get("seeds") or ())
    told = f"{_STAGES[stage]} accuracy{f', mean of {members} members' if members else ''}"
    if interval is not None and not members:
        told += f" (95 % interval {_percent(interval[0])} to {_percent(interval[1])})"
    scores = [(name, (own or {}).get("accuracy")) for name, own in (history.facts.get("baselines") or {}).items()]
    beside = [f"{name} {_percent(score)}" for name, score in scores if score is not None]
    return [_percent(value), told, *([f"on validation: {', '.join(beside)}"] if beside else [])]


def _results(history: History) -> dict[str, Any]:
    """The table of results: its columns, and rows of ``(title, [(value, interval or None), ...])``."""
    metrics, best = {**history.metrics, **history.of_best}, bool(history.of_best)
    cells = {tuple(key.split("/")): value for key, value in metrics.items() if key.count("/") == 1}
    columns = list(dict.fromkeys(name for stage, name in cells if stage in _STAGES))
    rows = [
        (
            title,
            [
                (
                    value := cells.get((stage, name)),
                    history.interval(stage, value) if name == "accuracy" and stage != "train" else None,
                )
                for name in columns
            ],
        )
        for stage, title in _STAGES.items()
        if any(row == stage for row, _ in cells)
    ]
    baselines = history.facts.get("baselines") or {}
    rows += [(title, [((scores or {}).get(name), None) for name in columns]) for title, scores in baselines.items()]
    seen = {"has_baselines": bool(baselines), "rows_seen": _rows_seen(history)}
    return {"columns": columns, "rows": rows, "of": _of(history, best), **seen}


def _of(history: History, best: bool) -> str:
    """Which weights the results are of."""
    if "members" in history.metrics:
        return "Of each member when it was best."
    return (
        "Of the best checkpoint." if best else "Train and validation after the last epoch, test of the best checkpoint."
    )


def _rows_seen(history: History) -> str:
    """How many rows of the training split the logistic regression was fitted on; empty where it is not known."""
    seen = ((history.facts.get("baselines") or {}).get("logistic regression") or {}).get("rows")
    count = history.facts.get("num_train")
    if not seen or not count:
        return ""
    return f"all {count}" if seen == count else f"{seen} of {count}"


def _number(value: Any) -> str:
    """A number for the eye: four decimals, or four digits where it is small; a raw value that is text stays so."""
    if value is None or isinstance(value, str):
        return value or ""
    return f"{value:.4f}" if not math.isfinite(value) or value == 0 or abs(value) >= 0.001 else f"{value:.4g}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"
