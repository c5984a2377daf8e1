"""Columns of a table: what they hold, and what is learned of them from the training rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from litclf.data.sources.class_names import in_order
from litclf.preprocessing.table import TablePreparation, numbers_of, parsed_numbers, texts_of
from litclf.utilities.errors import InputError, nearest

_IDENTIFYING = 0.5
"""Share of rows above which as many different texts tell rows apart, not kinds of rows."""

TARGET_NAMES = (
    "target",
    "label",
    "labels",
    "class",
    "species",
    "category",
    "diagnosis",
    "outcome",
    "y",
    "정답",
    "라벨",
)
"""Usual names of the column of the class, the likeliest first."""


class Kinds(NamedTuple):
    """The columns that the network learns from, in the order of the table, by what they hold."""

    numbers: list[str]
    categories: list[str]


def useless_columns(frame: pd.DataFrame, categorical: Sequence[str] = ()) -> dict[str, str]:
    """Columns that nothing can be learned from, and why: no value at all, or a text of its own in most rows.

    Args:
        frame: The rows, without the target.
        categorical: Columns that are taken as they are.
    """
    reasons = {}
    for name in frame.columns.difference(list(categorical), sort=False):
        values = frame[name].dropna()
        if not len(values):
            reasons[name] = "has no value"
        elif len(parsed_numbers(values)[1]) == len(values) and values.astype(str).nunique() > max(
            _IDENTIFYING * len(values), 2
        ):
            reasons[name] = "has a text of its own in most rows"
    return reasons


def nameless_columns(frame: pd.DataFrame) -> dict[str, str]:
    """Columns that a program added without a name and that are left out of training, and why.

    They are an index that pandas stored or row names that R wrote, and what delimiters at the ends of lines make.

    Example:
        >>> nameless_columns(pd.DataFrame({"Unnamed: 0": ["7", "9"], "x": ["1", "2"], "Unnamed: 2": [None, None]}))
        {'Unnamed: 0': 'is an index without a name', 'Unnamed: 2': 'has neither a name nor a value'}
    """
    reasons = {}
    for name in frame.columns:
        values = frame[name]
        if re.fullmatch(r"Unnamed: \d+", name) and not values.notna().any():
            reasons[name] = "has neither a name nor a value"
        elif re.fullmatch(r"Unnamed: 0(\.\d+)?|__index_level_\d+__", name) and not values.isna().any():
            numbers, wrong = parsed_numbers(values)
            if values.is_unique and (len(wrong) or (numbers == np.floor(numbers)).all()):
                reasons[name] = "is an index without a name"
    return reasons


def counts_rows(column: pd.Series[Any]) -> bool:
    """Whether a column does nothing but count the rows of a file, from any number on.

    Example:
        >>> counts_rows(pd.Series(["1", "2", "3"])), counts_rows(pd.Series(["1", "2", "2"]))
        (True, False)
    """
    numbers, wrong = parsed_numbers(column)
    return not len(wrong) and len(numbers) > 1 and bool((np.diff(numbers) == 1).all())


def guess_target(frame: pd.DataFrame) -> str:
    """The column that most likely holds the class: one of a usual name, else the last one.

    Example:
        >>> [guess_target(pd.DataFrame(columns=names)) for names in (["id", "Species", "width"], ["a", "b"])]
        ['Species', 'b']
    """
    names = {name.lower(): name for name in reversed(frame.columns)}
    return next((names[name] for name in TARGET_NAMES if name in names), str(frame.columns[-1]))


def column_kinds(frame: pd.DataFrame, categorical: Sequence[str] = ()) -> Kinds:
    """Tells numbers from categories: a column is of numbers where all its values are.

    Args:
        frame: The training rows, without the target.
        categorical: Columns that are categories, whatever they hold.

    Raises:
        InputError: If a column has numbers in most rows and text in others, or is useless.
    """
    useless = useless_columns(frame, categorical)
    if useless:
        names = ", ".join(useless)
        reasons = "; ".join(f"{name} {reason}" for name, reason in useless.items())
        fix = f"pass --data.drop '[{names}]', or --data.categorical for one whose texts are categories"
        raise InputError("input", f"has columns that nothing can be learned from: {reasons}", fix)
    kinds = Kinds([], [])
    for name in frame.columns:
        column = frame[name]
        wrong = range(len(column)) if name in categorical or _is_truth(column) else parsed_numbers(column)[1]
        if not len(wrong):
            kinds.numbers.append(name)
            continue
        kinds.categories.append(name)
        if name not in categorical and len(wrong) < column.notna().sum() / 2:
            row, value = column.index[wrong[0]], column.iloc[wrong[0]]
            rule = f"{column.index.name} {row}, column {name} must be a number as in most rows, got {value!r}"
            fix = f"mend it, leave it empty where it is missing, or pass --data.categorical '[{name}]'"
            raise InputError("input", rule, fix)
    return kinds


def learn_columns(frame: pd.DataFrame, kinds: Kinds) -> ColumnTransformer:
    """The transformer of the columns, fitted on the training rows ``frame``."""
    transformer = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), kinds.numbers),
            ("missing", MissingIndicator(features="missing-only", error_on_new=False), kinds.numbers),
            ("categories", OneHotEncoder(handle_unknown="ignore", sparse_output=False), kinds.categories),
        ]
    )
    return transformer.fit(plain_frame(frame, kinds))


def plain_frame(frame: pd.DataFrame, kinds: Kinds) -> pd.DataFrame:
    """The columns as the transformer takes them: float64 numbers, and categories as text, None where one is missing."""
    columns: dict[str, Any] = {name: numbers_of(frame[name]) for name in kinds.numbers}
    for name in kinds.categories:
        texts, codes = texts_of(frame[name])
        columns[name] = pd.Series(np.array(texts, dtype=object)[codes], dtype=object)
    return pd.DataFrame(columns)


def plain_preparation(transformer: ColumnTransformer, columns: Sequence[str]) -> TablePreparation:
    """What a fitted transformer of :func:`learn_columns` knows, as plain numbers and strings.

    Args:
        transformer: The transformer.
        columns: Its columns, in the order of the table.
    """
    parts = {name: (part, list(own)) for name, part, own in transformer.transformers_ if name != "remainder"}
    numbers, categories = {}, {}
    (scaling, names), (marks, _), (encoder, others) = (parts[name] for name in ("numbers", "missing", "categories"))
    if names:
        imputer, scaler = (step for _, step in scaling.steps)
        marked = {names[place] for place in marks.features_}
        for name, *settings in zip(names, imputer.statistics_, scaler.mean_, scaler.scale_, strict=True):
            fill, mean, scale = map(float, settings)
            numbers[name] = {"fill": fill, "mean": mean, "scale": scale, "indicator": name in marked}
    if others:
        categories = {name: own.tolist() for name, own in zip(others, encoder.categories_, strict=True)}
    return TablePreparation(columns, numbers, categories)


def class_labels(column: pd.Series[Any]) -> NDArray[np.object_]:
    """The class of each row as text, of shape ``(N,)``.

    Whole numbers become their text, ``"1"`` for 1 and 1.0.

    Raises:
        InputError: If a class is missing, or they are numbers that are not whole; it names the row.
    """
    texts, codes = texts_of(column)
    unit = column.index.name or "row"
    if None in texts:
        row = column.index[codes == texts.index(None)][0]
        more = (codes == texts.index(None)).sum() - 1
        rule = f"{unit} {row} must have a class in column {column.name}, got none" + (
            f" (and {more} more)" if more else ""
        )
        raise InputError("input", rule, "fill it in, or leave the row out")
    numbers, wrong = parsed_numbers(column)
    broken = np.flatnonzero(np.isinf(numbers) | (numbers != np.floor(numbers))) if not len(wrong) else wrong[:0]
    if len(broken) and not _is_truth(column):
        rule = (
            f"{unit} {column.index[broken[0]]} must have a class in column {column.name}, got {column.iloc[broken[0]]}"
        )
        raise InputError("input", rule, "pass a target of names or whole numbers; measures are no classes")
    labels: NDArray[np.object_] = np.array(texts, dtype=object)[codes]
    return labels


def sorted_classes(labels: NDArray[np.object_]) -> tuple[str, ...]:
    """The classes in order: by value where all are numbers, else by text.

    Example:
        >>> sorted_classes(np.array(["10", "9", "9"], dtype=object))
        ('9', '10')
    """
    return in_order(labels.tolist())


def check_column(name: str, frame: pd.DataFrame, where: str, what: str) -> None:
    """Refuses a column that a table does not have, and proposes the nearest.

    Raises:
        InputError: Under the argument ``where``.
    """
    if name not in frame.columns:
        near = nearest(name, map(str, frame.columns))
        fix = f"did you mean {near}?" if near else f"pass one of {', '.join(map(str, frame.columns[:10]))}"
        raise InputError(where, f"{what} has no column {name!r}", fix)


def _is_truth(column: pd.Series[Any]) -> bool:
    """Whether a column holds nothing but true and false; pandas would take them as numbers."""
    return pd.api.types.is_bool_dtype(column.dropna().infer_objects())
