"""A look at tables and other data in memory: values that are missing, columns and rows that are there twice, leaks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.tree import DecisionTreeClassifier

from litclf.data.audit.findings import Finding, Report
from litclf.data.base import ClassificationDataModule
from litclf.data.sources.columns import check_column, counts_rows, guess_target, sorted_classes, useless_columns
from litclf.data.sources.reading import read_table
from litclf.data.table import TableDataModule
from litclf.preprocessing.table import TablePreparation, parsed_numbers, texts_of
from litclf.utilities.errors import InputError

_GIVES_AWAY = 0.995
"""Share of rows whose class one column tells, from which on it is suspected to be made of the class."""

_FOLDS = 3
_SAMPLED = 3000
"""Rows that the search for such columns looks at; more would tell the same, later."""

_FEW = 50
"""Distinct numbers up to which each may stand for a class of its own."""

_LEAST = 20
"""Rows below which one column may tell the classes apart by chance."""

_RARE = 0.1
"""Share of the largest class below which a class is rare."""

_APART = 100
"""How many times wider the widest column may be spread than the narrowest, where nothing standardises them."""


def check_table(path: str, target: str | None = None, settings: Mapping[str, Any] | None = None) -> Report:
    """Reports what a person should know of a table file before training on it.

    Args:
        path: A CSV, TSV or Parquet file.
        target: Column of the class; None guesses it.
        settings: Further arguments of :class:`~litclf.data.table.TableDataModule`.

    Returns:
        The report. Findings are of the kinds ``no class``, ``one class``, ``measure``, ``useless``, ``mixed``,
        ``infinite``, ``row numbers`` and ``missing``, ``refused`` for what else keeps the table from training, and of
        those of :func:`check_splits`.

    Raises:
        InputError: If the file cannot be read as a table, or does not have the target.
    """
    settings = dict(settings or {})
    table = read_table(path)
    guessed = target is None
    target = guess_target(table) if target is None else target
    check_column(target, table, "target", path)
    categorical = settings.get("categorical") or ()
    left_out = {target, settings.get("split_column"), *(settings.get("drop") or ())}
    features = table[[name for name in table.columns if name not in left_out]]
    classes = _classes(table[target])
    report = Report({"rows": len(table), "target": target + (" (guessed)" if guessed else "")})
    report.summary.update(classes=classes, columns=[_described(features[name]) for name in features.columns])
    report.findings = _about_classes(table[target])
    report.findings += _about_columns(features, categorical)
    hopeless = [finding for finding in report.findings if finding.kind in ("no class", "one class", "measure")]
    if not hopeless:
        settings["drop"] = [*(settings.get("drop") or ()), *useless_columns(features, categorical)]
        try:
            splits = check_splits(TableDataModule(path=path, target=target, **settings))
            report.summary["splits"] = splits.summary["splits"]
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
        The report. Findings are of the kinds ``leak``, ``straddle``, ``rare``, ``constant``, ``duplicate`` and
        ``scale``.
    """
    splits = {name: (split.x.cpu().numpy(), split.y.cpu().numpy()) for name, split in data.splits.items()}
    targets = np.concatenate([y for _, y in splits.values()])
    counts = dict(zip(data.class_names, np.bincount(targets, minlength=data.num_classes).tolist(), strict=True))
    report = Report({"splits": {name: len(y) for name, (_, y) in splits.items()}, "classes": counts})
    report.findings = _straddling(data, {name: x for name, (x, _) in splits.items()})
    rare = [f"class {name}" for name, number in counts.items() if number < _RARE * max(counts.values())]
    if rare:
        rule = f"less than a tenth of the {max(counts.values())} rows of the largest class"
        report.findings.append(Finding("rare", rare, f"{_verb(rare, 'has', 'have')} {rule}"))
    x, y = splits["train"]
    if x.ndim == 2:
        columns = _columns(data, x)
        leaks = [name for name, own in columns.items() if tells_class(own, y)]
        if leaks:
            verb = _verb(leaks, "gives the class away: alone it tells", "give the class away: each alone tells")
            report.findings.insert(0, Finding("leak", leaks, f"{verb} at least 99.5 % of held-out rows"))
        report.findings += _alike(columns)
        report.findings += [] if isinstance(data.preparation, TablePreparation) else _unscaled(columns)
    return report


def tells_class(column: NDArray[np.float32], targets: NDArray[np.int64]) -> bool:
    """Whether one column alone tells the class of 99.5 % of rows that a small tree has not seen, classes weighed alike.

    Args:
        column: Its values, shape ``(N,)`` or, of categories, ``(N, features)``.
        targets: The class of each row, shape ``(N,)``.

    Example:
        >>> y = np.arange(100) % 2
        >>> tells_class(y * 3.0, y), tells_class(np.arange(100.0), y)
        (True, False)
    """
    rows = np.random.default_rng(0).permutation(len(targets))[:_SAMPLED]
    rows = rows[np.bincount(targets[rows])[targets[rows]] >= _FOLDS]
    y = targets[rows]
    num_classes = len(np.unique(y))
    if len(rows) < _LEAST or num_classes < 2:
        return False
    values, codes = np.unique(column[rows], axis=0, return_inverse=True)
    if len(values) < 2:
        return False
    leaves = len(values) if column.ndim > 1 or len(values) <= _FEW else 2 * num_classes
    # The tree is only grown where so few leaves can do: in the order of the values, classes take turns seldom.
    turns = int(np.count_nonzero(np.diff(y[np.lexsort((y, codes))])))
    if turns >= leaves + 4 * (1 - _GIVES_AWAY) * len(rows):
        return False
    tree = DecisionTreeClassifier(max_leaf_nodes=leaves, random_state=0)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    predicted = cross_val_predict(tree, column[rows].reshape(len(rows), -1), y, cv=folds)
    return bool(balanced_accuracy_score(y, predicted) >= _GIVES_AWAY)


def _columns(data: ClassificationDataModule, x: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """The training inputs by the column they come from."""
    sources = getattr(data.preparation, "sources", None) or getattr(data.preparation, "columns", None)
    places: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(sources or [f"x{number + 1}" for number in range(x.shape[1])]):
        places[name].append(place)
    return {f"column {name}": x[:, own[0]] if len(own) == 1 else x[:, own] for name, own in places.items()}


def _straddling(data: ClassificationDataModule, inputs: dict[str, NDArray[np.generic]]) -> list[Finding]:
    training: dict[bytes, int] = {}
    for place, row in enumerate(inputs["train"]):
        training.setdefault(row.tobytes(), place)
    name = getattr(data, "row_name", "{} row {}".format)
    where = [
        f"{name('train', training[row.tobytes()])} = {name(split, place)}"
        for split in ("val", "test")
        for place, row in enumerate(inputs[split])
        if row.tobytes() in training
    ]
    rule = "one in training and one held out, which flatters the test"
    return [Finding("straddle", where, f"are the same inputs, {rule}")] if where else []


def _alike(columns: Mapping[str, NDArray[np.float32]]) -> list[Finding]:
    findings: list[Finding] = []
    first: dict[bytes, str] = {}
    constant = [name for name, values in columns.items() if (values == values[:1]).all()]
    if constant:
        rule = _verb(constant, "holds one value only in training", "hold one value only in training")
        findings.append(Finding("constant", constant, rule))
    twice = []
    for name, values in columns.items():
        same = first.setdefault(values.tobytes(), name)
        if same != name and name not in constant:
            twice.append(f"{same} = {name.removeprefix('column ')}")
    return [*findings, Finding("duplicate", twice, "hold the same")] if twice else findings


def _unscaled(columns: Mapping[str, NDArray[np.float32]]) -> list[Finding]:
    spread = {name: float(values.std()) for name, values in columns.items() if values.std() > 0}
    if not spread or max(spread.values()) <= _APART * min(spread.values()):
        return []
    widest, narrowest = max(spread, key=spread.__getitem__), min(spread, key=spread.__getitem__)
    ratio = spread[widest] / spread[narrowest]
    rule = f"differ {ratio:.0f} to 1 in spread, which slows training: bring them to one scale"
    return [Finding("scale", [widest, narrowest], rule)]


def _classes(column: pd.Series[Any]) -> dict[str, str]:
    """Rows and share of each class."""
    texts, codes = texts_of(column)
    counts = {text: int(number) for text, number in zip(texts, np.bincount(codes, minlength=len(texts)), strict=True)}
    names = sorted_classes(np.array([text for text in texts if text is not None], dtype=object))
    return {name: f"{counts[name]} ({counts[name] / len(column):.1%})" for name in names}


def _about_classes(column: pd.Series[Any]) -> list[Finding]:
    unit, findings = str(column.index.name), []
    numbers, wrong = parsed_numbers(column)
    missing = column.index[column.isna()]
    if len(missing):
        where = [f"{unit} {row}" for row in missing]
        findings.append(Finding("no class", where, _verb(where, "has no class", "have no class")))
    broken = column.index[(numbers % 1 > 0) & (not len(wrong))]
    if len(broken):
        where = [f"{unit} {row}" for row in broken]
        rule = _verb(where, "has a measure where", "have measures where")
        findings.append(Finding("measure", where, f"{rule} the class must be a name or a whole number"))
    elif column.nunique() < 2:
        findings.append(Finding("one class", [f"column {column.name}"], "holds fewer than two classes"))
    return findings


def _about_columns(features: pd.DataFrame, categorical: Sequence[str]) -> list[Finding]:
    findings = []
    useless = useless_columns(features, categorical)
    for name, reason in useless.items():
        findings.append(Finding("useless", [f"column {name}"], f"{reason}: it has to be dropped"))
    for name in features.columns.difference(list(useless), sort=False):
        column, unit = features[name], f"column {name},"
        numbers, wrong = parsed_numbers(column)
        if name not in categorical and 0 < len(wrong) < column.notna().sum() / 2:
            where = [f"{unit} {column.index.name} {row}" for row in column.index[wrong]]
            rule = _verb(where, "holds text where", "hold text where")
            findings.append(Finding("mixed", where, f"{rule} most rows hold numbers"))
        if np.isinf(numbers).any():
            where = [f"{unit} {column.index.name} {row}" for row in column.index[np.isinf(numbers)]]
            findings.append(Finding("infinite", where, _verb(where, "is infinite", "are infinite")))
        if counts_rows(column):
            findings.append(Finding("row numbers", [f"column {name}"], "counts the rows: it should be dropped"))
        if column.isna().any():
            rule = f"lacks {column.isna().sum()} of {len(column)} values"
            findings.append(Finding("missing", [f"column {name}"], rule))
    return findings


def _described(column: pd.Series[Any]) -> dict[str, Any]:
    """One line of the table of columns."""
    numbers, wrong = parsed_numbers(column)
    known = numbers[np.isfinite(numbers)]
    looks: dict[str, Any] = {"column": str(column.name), "kind": "category" if len(wrong) else "number"}
    looks |= {"missing": int(column.isna().sum()), "distinct": int(column.nunique())}
    for name, what in (("min", np.min), ("mean", np.mean), ("max", np.max), ("spread", np.std)):
        looks[name] = float(what(known)) if len(known) and not len(wrong) else None
    return looks


def _verb(where: list[str], one: str, several: str) -> str:
    return one if len(where) == 1 else several
