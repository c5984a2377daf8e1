"""Folds as the page shows them: what a cross-validation found, in words, tables and charts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from litclf.runs.fold_files import FoldFiles, Row, parting
from litclf.runs.history import History
from litclf.utilities.statistics import student
from litclf.visualization.report import fold_charts
from litclf.visualization.report.confusion import Confusion, confusion
from litclf.visualization.report.sortable import Cell, Table

MOST_DOUBTFUL = 100
"""Rows of doubtful labels that the page shows; ``label_errors.csv`` has all."""

_LEAST_DOUBTFUL = 20

_DOUBTFUL = (("row", True), ("label", True), ("seems to be", True), ("quality", False), ("probable error", True))

_OF_A_CELL = 12

_HOW_TO_GET = {
    "importance": ("Importance of columns", "for data that are columns of numbers or categories"),
    "label_errors": ("Probable label errors", "install cleanlab: pip install 'litclf[labels]'"),
    "learning_curve": ("Whether more data would help", "litclf cv SOURCE --learning_curve"),
}


@dataclass(frozen=True)
class Doubtful:
    """The rows whose label is most doubtful: a table, or images.

    Attributes:
        told: How many there are, in a sentence.
        table: The rows, in the columns that the user has; None where they are images.
        images: Of each its name, its label, the class it seems to be, and the image as a ``data:`` address.
    """

    told: str
    table: Table | None
    images: Sequence[tuple[str, str, str, str]]


@dataclass(frozen=True)
class Folds:
    """What the page shows of a cross-validation.

    Attributes:
        sentences: What it found, the accuracy first, for the reading.
        results: Each metric with mean, interval, standard deviation, least and most over the folds.
        members: Each fold.
        classes: Each class.
        confusion: Which class held-out rows were taken for.
        cells: Some of the rows of each cell of it, as ``samples.json`` of a fit has those of a test.
        calibration: How far probabilities mean what they say, in a sentence.
        slices: Each slice, the worst first.
        importance: What of the columns matters, in a sentence; empty where it was not measured.
        doubtful: Doubtful labels; None where they were not looked for.
        curve: Whether more data would help, in a sentence; empty where it was not tried.
        figures: The charts, by name.
        missing: What was not computed, with how to get it.
    """

    sentences: Sequence[str]
    results: Table
    members: Table
    classes: Table
    confusion: Confusion | None
    cells: Mapping[str, Any]
    calibration: str
    slices: Table
    importance: str
    doubtful: Doubtful | None
    curve: str
    figures: Mapping[str, Mapping[str, Any]]
    missing: Sequence[tuple[str, str]]


def fold_page(files: FoldFiles | None, history: History, samples: Mapping[str, Any]) -> Folds | None:
    """What the page shows of a cross-validation; None of another run.

    Args:
        files: What it left.
        history: What ``metrics.json`` holds of it.
        samples: The content of its ``samples.json``, or nothing.
    """
    if files is None:
        return None
    told = (history.metrics.get("members") or {}).get("metrics") or {}
    tables, folder = files.tables, _common_folder([row["row"] for row in files.tables["oof"]])
    counts, cells = _confused(files, folder)
    facts = {"confusion": counts, "class_names": files.class_names}
    return Folds(
        sentences=_sentences(files, told),
        results=_results(told),
        members=_members(tables["cv"]),
        classes=_table(tables["classes"], ("class",), {"recall": ("recall_low", "recall_high")}),
        confusion=confusion(facts, {"cells": cells}),
        cells=cells,
        calibration=fold_charts.calibration_words(files),
        slices=_table(
            tables["slices"],
            ("column", "value", "mostly_taken_for"),
            {"accuracy": ("accuracy_low", "accuracy_high")},
        ),
        importance=fold_charts.importance_words(tables["importance"]),
        doubtful=_doubtful(tables["label_errors"], samples, folder),
        curve=fold_charts.curve_words(tables["learning_curve"]),
        figures={figure["name"]: figure for figure in fold_charts.figures(files)},
        missing=[how for name, how in _HOW_TO_GET.items() if not tables[name]],
    )


def _sentences(files: FoldFiles, told: Mapping[str, Any]) -> list[str]:
    """The accuracy with its interval, what was corrected in it, and what was left out."""
    found, cv = [], files.tables["cv"]
    one = told.get("test/accuracy")
    if one:
        count, overlap = one["count"], files.overlap
        found.append(
            f"Test accuracy {_percent(one['mean'])}, 95 % interval {_percent(one['low'])} to {_percent(one['high'])}: "
            f"the mean of {count} models, each tested on rows that it never saw ({parting(files.settings)})."
        )
        values = [float(row["test/accuracy"]) for row in cv if row["test/accuracy"]]
        if one["std"] == 0:
            found.append(
                f"All {count} reached the same accuracy, so that their spread tells nothing of how sure it is."
            )
        elif one["interval"] == "nadeau-bengio":
            low, high = (min(max(end, 0.0), 1.0) for end in student(values))
            found.append(
                "The interval is Nadeau and Bengio's: the models learn from largely the same rows, so their accuracies "
                f"say less than {count} independent ones would. The variance of the mean is taken as 1/{count} + "
                f"{overlap:.2f} of theirs, where {overlap:.2f} rows are tested for each that is learned from; "
                f"uncorrected it would be {_percent(low)} to {_percent(high)}, and too narrow."
            )
    diverged = [row for row in cv if not row["best_epoch"] and not row.get("test/loss")]
    if diverged:
        names = ", ".join(_name(row) for row in diverged)
        found.append(f"{len(diverged)} of {len(cv)} diverged and say nothing: {names}.")
    left = len(files.tables["oof"]) - len(files.held_out)
    if left:
        found.append(f"{left} of {len(files.tables['oof'])} rows were never held out, and are in no figure below.")
    return found


def _results(told: Mapping[str, Any]) -> Table:
    rows = [
        [
            Cell(key.partition("/")[2].replace("_", " ")),
            Cell(own["mean"], _finite(own["low"]), _finite(own["high"])),
            *(Cell(_finite(own[name])) for name in ("std", "least", "most")),
        ]
        for key, own in told.items()
        if key.startswith("test/")
    ]
    names = ["metric", "mean", "standard deviation", "least", "most"]
    return Table([(name, name == "metric") for name in names], rows)


def _members(rows: Sequence[Row]) -> Table:
    """A row for each fold, with its test metrics."""
    metrics = [key for key in rows[0] if key.startswith("test/")]
    keys = ["train_rows", "test_rows", "best_epoch", *metrics]
    columns = [("fold", False), *((key.removeprefix("test/").replace("_", " "), False) for key in keys)]
    cells = [[Cell(f"{row['repeat']}.{row['fold']}"), *(Cell(_number(row[key])) for key in keys)] for row in rows]
    return Table(columns, cells, [_name(row) for row in rows])


def _name(row: Row) -> str:
    return f"fold {row['fold']} of repeat {row['repeat']}"


def _table(rows: Sequence[Row], words: Sequence[str], intervals: Mapping[str, tuple[str, str]]) -> Table:
    """The rows of a file as a table, in which a number and the columns of its interval are one."""
    ends = {end for own in intervals.values() for end in own}
    names = [name for name in next(iter(rows), {}) if name not in ends]

    def cell(row: Row, name: str) -> Cell:
        if name in words:
            return Cell(row[name])
        return Cell(_number(row[name]), *(_number(row[end]) for end in intervals.get(name, ())))

    cells = [[cell(row, name) for name in names] for row in rows]
    return Table([(name.replace("_", " "), name in words) for name in names], cells)


def _number(text: str) -> int | float | None:
    """What a cell holds; None where it holds nothing."""
    if not text:
        return None
    return int(text) if text.lstrip("-").isdigit() else _finite(float(text))


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _confused(files: FoldFiles, folder: str) -> tuple[list[list[int]], dict[str, list[dict[str, Any]]]]:
    """How many rows of each class were taken for each, and the surest of those rows."""
    targets, probabilities = files.targets, files.probabilities
    predicted, names = probabilities.argmax(axis=1), files.held_out
    counts = np.zeros((len(files.class_names),) * 2, dtype=int)
    np.add.at(counts, (targets, predicted), 1)
    cells: dict[str, list[dict[str, Any]]] = {}
    for row in np.argsort(-probabilities.max(axis=1), kind="stable"):
        chosen = cells.setdefault(f"{targets[row]},{predicted[row]}", [])
        if len(chosen) < _OF_A_CELL:
            share = round(float(probabilities[row].max()), 6)
            chosen.append({"index": names[row].removeprefix(folder), "probability": share, "values": []})
    return counts.tolist(), cells


def _doubtful(rows: Sequence[Row], samples: Mapping[str, Any], folder: str) -> Doubtful | None:
    """The most doubtful labels: all that are counted among the errors, at least twenty and at most a hundred."""
    if not rows:
        return None
    errors = sum(row["is_error"] == "True" for row in rows)
    shown = rows[: min(max(errors, _LEAST_DOUBTFUL), MOST_DOUBTFUL)]
    told = (
        f"Confident learning counts {errors} of {len(rows)} labels among the probable errors. The most doubtful come "
        f"first, {len(shown)} of them; label_errors.csv has all."
    )
    own = samples.get("rows") or {}
    if samples.get("kind") == "image":
        images = [(row["row"], row["label"], row["seems"], own[row["row"]]) for row in shown if row["row"] in own]
        return Doubtful(told, None, images)
    columns = list(samples.get("columns") or [])
    empty = [""] * len(columns)
    cells = [
        [
            Cell(row["row"].removeprefix(folder)),
            Cell(row["label"]),
            Cell(row["seems"]),
            Cell(_number(row["quality"])),
            Cell("yes" if row["is_error"] == "True" else ""),
            *(Cell(value) for value in own.get(row["row"], empty)),
        ]
        for row in shown
    ]
    texts = [any(isinstance(row[5 + place].value, str) for row in cells) for place in range(len(columns))]
    return Doubtful(told, Table([*_DOUBTFUL, *zip(columns, texts, strict=True)], cells), [])


def _common_folder(names: Sequence[str]) -> str:
    """The folder that all rows lie in, which tells none from another; empty where they lie in several.

    Example:
        >>> _common_folder(["data/t.csv line 2", "data/t.csv line 3"]), _common_folder(["cat/1.png", "dog/1.png"])
        ('data/', '')
    """
    folders = {"".join(name.rpartition("/")[:2]) for name in names}
    return folders.pop() if len(folders) == 1 else ""


def _percent(share: float) -> str:
    return "not known" if not math.isfinite(share) else f"{100 * share:.1f} %"
