"""Classes of a table: the class of each row as text, their order, and which of them look alike."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from litclf.data.sources.columns import held_instead
from litclf.data.sources.dialect import MISSING
from litclf.preprocessing.values import Texts, is_code, parsed_numbers, texts_in, texts_of
from litclf.utilities.errors import InputError
from litclf.utilities.text import pasted


def class_texts(column: pd.Series[Any], as_written: bool = False) -> Texts:
    """The class of each row as text.

    Whole numbers become their text, ``"1"`` for 1 and 1.0, unless one has a leading zero.

    Args:
        column: The target, in which only an empty text is missing.
        as_written: Whether its texts are classes whatever they look like.

    Raises:
        InputError: If a class is missing, is a measure, or no text can stand for it; it names the row.

    Example:
        >>> class_texts(pd.Series(["b", " a", "b"])).values
        ['b', 'a']
    """
    unit, name = column.index.name or "row", str(column.name)
    if held := held_instead(column):
        rule = f"must have text or numbers as classes in column {name}, got {held}"
        raise InputError("input", rule, "make text of it")
    texts = texts_in(column) if as_written else texts_of(column)
    missing = texts.codes == texts.values.index(None) if None in texts.values else np.zeros(len(column), dtype=bool)
    if missing.any():
        more = f" (and {missing.sum() - 1} more)" if missing.sum() > 1 else ""
        rule = f"{unit} {column.index[missing][0]} must have a class in column {name}, got none{more}"
        raise InputError("input", rule, "fill it in, or leave the row out")
    if not as_written:
        _check_numbers(column, texts)
    return texts


def _check_numbers(column: pd.Series[Any], texts: Texts) -> None:
    """Refuses measures, and words for missing values among numbers."""
    unit, name = column.index.name or "row", str(column.name)
    as_names = pasted("--data.categorical", [name])
    words = [text for text in texts.values if text in MISSING]
    others = pd.Series([text for text in texts.values if text not in MISSING], dtype=object)
    numbers, wrong = parsed_numbers(others)
    if not len(others) or len(wrong) or any(map(is_code, others)) or set(others) <= {"True", "False"}:
        return
    whole = np.array([re.fullmatch(r"-?[0-9]+", text) is not None for text in others])  # of any length
    broken = np.flatnonzero(~whole & ~np.isnan(numbers))
    if len(broken):
        row = int(np.flatnonzero(texts.codes == texts.values.index(others[broken[0]]))[0])
        rule = f"{unit} {column.index[row]} must have a class in column {name}, got {str(column.iloc[row])[:60]}"
        fix = "pass a target of names or whole numbers; measures are no classes"
        raise InputError("input", rule, f"{fix}, but where these are names, pass {as_names}")
    if words:
        row = int(np.flatnonzero(texts.codes == texts.values.index(words[0]))[0])
        rule = f"{unit} {column.index[row]} must have a class in column {name}, got {words[0]!r}"
        rule += ", which stands for a missing value where other classes are numbers"
        raise InputError("input", rule, f"leave such rows out, or pass {as_names} where it is a class of its own")


def words_for_missing(class_names: Iterable[str], target: str) -> list[str]:
    """What is to be said of classes that are read as missing elsewhere.

    Example:
        >>> words_for_missing(["None", "mild"], "pain")
        ["column pain: 'None' is a class, not a missing one; else pass --data.missing ..."]
    """
    words = [name for name in class_names if name in MISSING]
    if not words:
        return []
    named = ", ".join(map(repr, words))
    fix = pasted("--data.missing", words)
    return [f"column {target}: {named} is a class, not a missing one; else pass {fix}"]
