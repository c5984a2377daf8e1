"""Table audit: a look at tables and other data in memory before training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from litclf.data.audit.findings import Finding, Manager, Report, found_by
from litclf.data.audit.kinds import (
    alike,
    infinite,
    leak,
    measures,
    missing,
    mixed,
    rare,
    row_numbers,
    same_columns,
    scale,
    sentinel,
    straddle,
    useless,
)
from litclf.data.audit.kinds import (
    target as target_column,
)
from litclf.data.audit.looks import Column, Rows
from litclf.data.base import ClassificationDataModule
from litclf.data.sources.class_names import in_order
from litclf.data.sources.table_file import TableFile, Told, with_target
from litclf.data.table import TableDataModule
from litclf.preprocessing.values import texts_in, texts_of
from litclf.utilities.errors import InputError

IN_TARGET: tuple[Manager[TableFile], ...] = (target_column,)
"""Kinds of what keeps the column of the class from being one."""

IN_COLUMN: tuple[Manager[Column], ...] = (
    *(mixed, infinite, row_numbers, sentinel, measures, alike),
    missing,
)
"""Kinds of what is the matter with a column that is learned from, in the order in which they are told."""

IN_ROWS: tuple[Manager[Rows], ...] = (leak, straddle, alike, rare, same_columns, scale)
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
    settings, guessed = dict(settings or {}), target is None
    words = {name: settings.get(name) or () for name in ("drop", "categorical", "missing")}
    told = with_target(path, Told(target, settings.get("split_column"), encoding=settings.get("encoding"), **words))
    data = _trained_on(path, str(told.target), settings)
    if data is not None and data.files is not None:  # all is well with the file, which is not read again
        file = data.files.file
    else:
        file = TableFile.read(path, told)
        settings["drop"] = [*words["drop"], *(name for name, column in file.columns.items() if column.refusal)]
    named = settings.get("categorical") or ()
    looks = [
        Column(column, file.columns[str(name)], name in named)
        for name, column in file.frame.items()
        if name in file.columns
    ]
    report = Report({"rows": len(file.frame), "target": file.target + " (guessed)" * guessed})
    classes = _classes(file.frame[file.target], file.as_written)
    report.summary.update(classes=classes, columns=[_described(look) for look in looks])
    report.notes = list(file.notes)
    report.findings = [*(in_target := found_by(IN_TARGET, file)), *about_columns(looks)]
    if not in_target:
        try:
            rows = Rows.of(data or TableDataModule(path=path, target=file.target, **settings))
            report.summary["splits"] = {name: len(y) for name, y in rows.targets.items()}
            report.notes = list(dict.fromkeys(rows.data.notes))
            report.findings = found_by(IN_ROWS, rows) + report.findings
        except InputError as error:
            if not {"mixed", "infinite"} & {finding.kind for finding in report.findings}:
                report.findings.insert(0, Finding("refused", [error.where], error.what))
    return report


def _trained_on(path: str, target: str, settings: Mapping[str, Any]) -> TableDataModule | None:
    """The data of a fit; None where it would be refused."""
    try:
        return TableDataModule(path=path, target=target, **settings)
    except InputError:
        return None


def check_splits(data: ClassificationDataModule) -> Report:
    """Reports what a person should know of splits in memory before training on them; quick.

    Args:
        data: The data; of inputs that are no rows, such as images, only classes and copies are looked at.

    Returns:
        The report. Findings are of the kinds of :data:`IN_ROWS`, and of tables in files of :data:`IN_COLUMN`.
    """
    rows = Rows.of(data)
    splits = {name: len(y) for name, y in rows.targets.items()}
    findings = found_by(IN_ROWS, rows) + about_columns(rows.in_file)
    return Report({"splits": splits, "classes": dict(rows.counts)}, findings, list(dict.fromkeys(data.notes)))


def about_columns(looks: Iterable[Column]) -> list[Finding]:
    """What is found in the columns of a file; of those that cannot be learned from, only why."""
    looks = list(looks)
    findings = [finding for look in looks for finding in useless.find(look)]
    used = [look for look in looks if not useless.find(look)]
    return findings + [finding for look in used for finding in found_by(IN_COLUMN, look)]


def _classes(column: pd.Series[Any], as_written: bool) -> dict[str, str]:
    """Rows and share of each class."""
    texts, codes = texts_in(column) if as_written else texts_of(column)
    counts = dict(zip(texts, np.bincount(codes, minlength=len(texts)).tolist(), strict=True))
    names = in_order(text for text in texts if text is not None)
    return {name: f"{counts[name]} ({counts[name] / len(column):.1%})" for name in names}


def _described(look: Column) -> dict[str, Any]:
    """One line of the table of columns."""
    column, told = look.values, look.told
    known = look.numbers[np.isfinite(look.numbers)] if told.kind == "number" else np.empty(0)
    looks: dict[str, Any] = {"column": told.name, "kind": told.kind}
    looks |= {"missing": int(column.isna().sum()), "distinct": int(column.nunique())}
    for name, what in (("min", np.min), ("mean", np.mean), ("max", np.max), ("spread", np.std)):
        looks[name] = float(what(known)) if len(known) else None
    return looks
