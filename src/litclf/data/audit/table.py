"""Table audit: a look at tables and other data in memory before training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from litclf.data.audit.findings import Finding, Manager, Report, found_by
from litclf.data.audit.kinds import (
    infinite,
    leak,
    missing,
    mixed,
    rare,
    row_numbers,
    same_columns,
    scale,
    straddle,
    useless,
)
from litclf.data.audit.kinds import (
    target as target_column,
)
from litclf.data.audit.looks import Column, Rows
from litclf.data.base import ClassificationDataModule
from litclf.data.sources.columns import (
    check_column,
    guess_target,
    nameless_columns,
    sorted_classes,
    useless_columns,
)
from litclf.data.sources.reading import TableReader
from litclf.data.table import TableDataModule
from litclf.preprocessing.table import parsed_numbers, texts_of
from litclf.utilities.errors import InputError

IN_TARGET: tuple[Manager[pd.Series[Any]], ...] = (target_column,)
"""Kinds of what keeps the column of the class from being one."""

IN_COLUMN: tuple[Manager[Column], ...] = (mixed, infinite, row_numbers, missing)
"""Kinds of what is the matter with a column that is learned from, in the order in which they are told."""

IN_ROWS: tuple[Manager[Rows], ...] = (leak, straddle, rare, same_columns, scale)
"""Kinds of what is the matter with splits in memory, the weightiest first."""


def check_table(path: str, target: str | None = None, settings: Mapping[str, Any] | None = None) -> Report:
    """Reports what a person should know of a table file before training on it.

    Args:
        path: A CSV, TSV or Parquet file.
        target: Column of the class; None guesses it.
        settings: Further arguments of :class:`~litclf.data.table.TableDataModule`.

    Returns:
        The report. Findings are of the kinds of :data:`IN_TARGET`, :data:`IN_COLUMN` and :data:`IN_ROWS`, ``useless``,
        and ``refused`` for what else keeps the table from training.

    Raises:
        InputError: If the file cannot be read as a table, or does not have the target.
    """
    settings = dict(settings or {})
    categorical, drop = settings.get("categorical") or (), settings.get("drop") or ()
    reader = TableReader(path, settings.get("encoding"))
    table = reader.read(as_text=[*categorical, *drop])
    nameless = nameless_columns(table.drop(columns=[*{target, *categorical, *drop} & {*table.columns}]))
    guessed = target is None
    target = guess_target(table.drop(columns=[*nameless])) if target is None else target
    check_column(target, table, "target", path)
    left_out = {target, settings.get("split_column"), *drop, *nameless}
    features = table[[name for name in table.columns if name not in left_out]]
    classes = _classes(table[target])
    report = Report({"rows": len(table), "target": target + (" (guessed)" if guessed else "")})
    report.summary.update(classes=classes, columns=[_described(features[name]) for name in features.columns])
    report.notes = list(reader.notes)
    report.findings = found_by(IN_TARGET, table[target])
    report.findings += _about_columns(features, categorical)
    hopeless = [finding for finding in report.findings if finding.kind in ("no class", "one class", "measure")]
    if not hopeless:
        settings["drop"] = [*drop, *useless_columns(features, categorical)]
        try:
            splits = check_splits(TableDataModule(path=path, target=target, **settings))
            report.summary["splits"] = splits.summary["splits"]
            report.notes = splits.notes
            report.findings = splits.findings + report.findings
        except InputError as error:
            if not {"mixed", "infinite"} & {finding.kind for finding in report.findings}:
                report.findings.insert(0, Finding("refused", [error.where], error.what))
    return report


def check_splits(data: ClassificationDataModule) -> Report:
    """Reports what a person should know of splits in memory before training on them; quick.

    Args:
        data: The data; of inputs that are no rows, such as images, only classes and copies are looked at.

    Returns:
        The report. Findings are of the kinds of :data:`IN_ROWS`.
    """
    rows = Rows.of(data)
    splits = {name: len(y) for name, y in rows.targets.items()}
    summary = {"splits": splits, "classes": dict(rows.counts)}
    return Report(summary, found_by(IN_ROWS, rows), list(dict.fromkeys(data.notes)))


def _about_columns(features: pd.DataFrame, categorical: Sequence[str]) -> list[Finding]:
    reasons = useless_columns(features, categorical)
    columns = [
        Column(features[name], *parsed_numbers(features[name]), name in categorical, reasons.get(name, ""))
        for name in features.columns
    ]
    findings = [finding for column in columns for finding in useless.find(column)]
    used = [column for column in columns if not column.useless]
    return findings + [finding for column in used for finding in found_by(IN_COLUMN, column)]


def _classes(column: pd.Series[Any]) -> dict[str, str]:
    """Rows and share of each class."""
    texts, codes = texts_of(column)
    counts = {text: int(number) for text, number in zip(texts, np.bincount(codes, minlength=len(texts)), strict=True)}
    names = sorted_classes(np.array([text for text in texts if text is not None], dtype=object))
    return {name: f"{counts[name]} ({counts[name] / len(column):.1%})" for name in names}


def _described(column: pd.Series[Any]) -> dict[str, Any]:
    """One line of the table of columns."""
    numbers, wrong = parsed_numbers(column)
    known = numbers[np.isfinite(numbers)]
    looks: dict[str, Any] = {"column": str(column.name), "kind": "category" if len(wrong) else "number"}
    looks |= {"missing": int(column.isna().sum()), "distinct": int(column.nunique())}
    for name, what in (("min", np.min), ("mean", np.mean), ("max", np.max), ("spread", np.std)):
        looks[name] = float(what(known)) if len(known) and not len(wrong) else None
    return looks
