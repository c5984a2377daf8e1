"""Given rows: arrays, DataFrames and classes as Python holds them, checked, and what a checkpoint keeps of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from litclf.data.sources.class_names import in_order
from litclf.data.sources.classes import class_texts
from litclf.preprocessing.values import evened
from litclf.utilities.errors import InputError
from litclf.utilities.text import short

MOST_KEPT = 2_000
"""Values that a config and a checkpoint keep: writing so many as YAML takes as long as all else of a short fit."""

_TOLD = re.compile(r"\d+ rows of \d+, sha256 [0-9a-f]+")
"""What is kept of more."""


def frame_of(rows: Any) -> pd.DataFrame | None:
    """A table given in place, its columns named by text and its rows counted from 0 on; None of plain rows of numbers.

    Args:
        rows: A DataFrame, or a mapping from names of columns to their values.

    Raises:
        InputError: If columns differ in length or share a name.

    Example:
        >>> frame_of({"legs": [4, 2], "skin": ["fur", "feathers"]}).shape, frame_of([[1, 2]])
        ((2, 2), None)
    """
    if not isinstance(rows, pd.DataFrame | Mapping):
        return None
    try:
        frame = pd.DataFrame(rows).rename(columns=str)
    except ValueError as error:
        raise InputError("rows", f"are no table: {error}", "pass as many values in each column") from error
    doubled = frame.columns[frame.columns.duplicated()]
    if len(doubled):
        raise InputError("rows", f"must have a name of its own for each column, got {doubled[0]} twice", "rename one")
    if frame.empty:
        raise InputError("rows", "must hold at least one row of at least one value", "pass a DataFrame with rows")
    return frame.set_axis(pd.RangeIndex(len(frame), name="row"))


def numbers_in(rows: Any) -> NDArray[np.float64]:
    """Plain rows of numbers, shape ``(N, features)``.

    Args:
        rows: A list of rows, an array or a tensor.

    Raises:
        InputError: If they are no such rows; it names the row.

    Example:
        >>> numbers_in([[1, 2], [2, 3]]).shape
        (2, 2)
    """
    if isinstance(rows, str):
        rule = f"must be rows of numbers, got {short(rows)!r}"
        raise not_kept(rows, "rows") or InputError("rows", rule, "pass a file as path, or [[1, 2], [2, 3]]")
    try:
        numbers = np.asarray(rows, dtype=np.float64)
    except (TypeError, ValueError):
        numbers, rows = np.empty((0, 0)), list(rows)
    if numbers.ndim == 2 and numbers.size and np.isfinite(numbers).all():
        return numbers
    if numbers.ndim and (not len(rows) or np.shape(rows[0]) == (0,)):
        raise InputError("rows", "must hold at least one row of at least one number", "pass [[1, 2], [2, 3]]")
    if numbers.ndim != 2:
        rule = f"must be rows of numbers, got values of shape {list(numbers.shape)}"
        raise InputError("rows", rule, "pass [[1, 2], [2, 3]], or x.reshape(len(x), -1) of an array")
    length = np.size(rows[0])
    number = next(place for place, row in enumerate(rows) if np.size(row) != length or not _are_numbers(row))
    rule = (
        f"row {number} must hold {length} finite numbers as row 0 does, got {short(np.asarray(rows[number]).tolist())}"
    )
    raise InputError("rows", rule, "mend that row; a DataFrame may hold categories and missing values")


def _are_numbers(row: Any) -> bool:
    try:
        return bool(np.isfinite(np.asarray(row, dtype=np.float64)).all())
    except (TypeError, ValueError):
        return False


def classes_in(
    targets: Any, num_rows: int, names: Sequence[str] | None = None
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The number of the class of each row, and the names of the classes.

    Args:
        targets: A list, an array, a Series or a tensor: whole numbers from 0 on, or texts, truths or other whole
            numbers, which are names of classes.
        num_rows: How many rows there are.
        names: Names of the classes, where ``targets`` are their numbers; None takes them from ``targets``.

    Raises:
        InputError: If they are no classes; it names the row.

    Example:
        >>> numbers, names = classes_in(["cat", "duck", "cat"], 3)
        >>> numbers.tolist(), names, classes_in([0, 2], 2)[1], classes_in([1, 0], 2, ["no", "yes"])[1]
        ([0, 1, 0], ('cat', 'duck'), ('class 0', 'class 1', 'class 2'), ('no', 'yes'))
    """
    values = np.asarray(targets)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1 or not len(values):
        shape = f"got values of shape {list(values.shape)}"
        raise InputError("targets", f"must be a class for each row, {shape}", "pass one value a row")
    if len(values) != num_rows:
        raise InputError("targets", f"must be one a row, got {len(values)} for {num_rows} rows", "add or drop some")
    whole = values.dtype.kind in "iuf" and bool((values == np.floor(values)).all())
    if names is not None:
        return _numbered(values, whole, names)
    if whole and values.min() == 0:
        numbers = values.astype(np.int64)
        found = tuple(f"class {number}" for number in range(int(numbers.max()) + 1))
    else:
        try:
            texts = class_texts(pd.Series(values, name="targets"))
        except InputError as error:
            rule = error.what.replace(" in column targets", "")
            raise InputError("targets", rule, "pass a name or a whole number for each row") from error
        found = in_order(map(str, texts.values))
        numbers = texts.places(found)[texts.codes]
    if len(found) < 2:
        raise InputError("targets", f"must be of two classes or more, all are of {found[0]}", "pass rows of others too")
    return numbers, found


def _numbered(values: NDArray[Any], whole: bool, names: Sequence[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Classes by their numbers, from 0 on, among ``names``."""
    found = tuple(evened(str(name)) for name in names)
    if len(found) < 2 or len({*found} - {""}) < len(found):
        rule = f"must be two names or more, each another, got {short(list(found))}"
        raise InputError("target_names", rule, "pass a name for each class")
    wrong = np.flatnonzero((values < 0) | (values >= len(found))) if whole else [0]
    if len(wrong):
        rule = f"must be numbers of {len(found)} classes, from 0 on, beside target_names, got {values[wrong[0]]}"
        raise InputError("targets", rule, "number them 0, 1, ..., or drop target_names where they are names")
    return values.astype(np.int64), found


def kept(values: Any) -> Any:
    """Values given in place as plain lists, which a checkpoint keeps; of too many a text that tells them apart.

    Example:
        >>> kept(np.eye(2)), kept(pd.Series(["a", None])), kept(pd.DataFrame({"x": [1, 2]}))
        ([[1.0, 0.0], [0.0, 1.0]], ['a', None], {'x': [1, 2]})
        >>> kept(np.zeros((200, 64)))
        '200 rows of 64, sha256 ...'
    """
    if values is None or isinstance(values, str):
        return values
    frame = pd.DataFrame(values) if isinstance(values, pd.DataFrame | Mapping) else None
    held = values if frame is None and isinstance(values, list) else np.asarray(values if frame is None else frame)
    size = sum(map(np.size, held)) if isinstance(held, list) else held.size
    if size > MOST_KEPT:
        table = pd.DataFrame(held) if frame is None else frame
        digest = hashlib.sha256(pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes()).hexdigest()
        return f"{len(table)} rows of {len(table.columns)}, sha256 {digest}"
    if frame is not None:
        return {str(name): _plain(column.tolist()) for name, column in frame.items()}
    return _plain(held if isinstance(held, list) else np.atleast_1d(held).tolist())


def not_kept(value: str, where: str) -> InputError | None:
    """What is said of values that were too many to be kept, by the text that is there instead; None of another text.

    Example:
        >>> print(not_kept(kept(np.zeros((200, 64))), "rows"))
        rows: were given in Python, and the checkpoint tells of them only that they were 200 rows ...
    """
    if not _TOLD.fullmatch(value):
        return None
    rule = f"were given in Python, and the checkpoint tells of them only that they were {value}"
    way_out = "pass them again in Python, or --input FILE of others to litclf predict or litclf test"
    return InputError(where, rule, way_out)


def _plain(values: Sequence[Any]) -> list[Any]:
    """Values as numbers, texts, truths and None, in lists."""
    return [_plain(value) if isinstance(value, list | tuple) else _plain_value(value) for value in values]


def _plain_value(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, list):
        return _plain(value)
    if type(value) in (str, bool, int, float):
        return value if value == value else None  # not a number is a missing value
    return None if pd.isna(value) else str(value)
