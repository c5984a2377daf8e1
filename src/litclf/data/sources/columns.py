"""Columns of a table: what each of them holds, by the rules in docs/own-data.md ("What a column is")."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from litclf.data.sources.dates import hold_dates
from litclf.preprocessing.values import Texts, parsed_numbers, texts_of
from litclf.preprocessing.written import Written, readings
from litclf.utilities.errors import InputError
from litclf.utilities.memory import memory_limit
from litclf.utilities.text import pasted, short

MOST_CATEGORIES = 1000
"""Categories above which a column is only taken as such where it is named."""

_IDENTIFYING = 0.5
"""Share of rows above which as many different texts tell rows apart, not kinds of rows."""

_FEW = 10
"""Distinct numbers up to which a column may hold codes rather than measures."""

_WORDS = 5
"""Different words up to which they may stand for missing values in a column of numbers."""

_NAMED = 5
"""Columns that a refusal tells of one by one."""

BEGINS_AS_NUMBER = re.compile(r"(?:[<>≤≥~≈=±(+\-\u2010-\u2015\u2212'*#]|&[a-z]+;)*\s?\d.*")
"""A text that may be a measure with something behind it."""

_FRACTION = re.compile(r"(?:\d+ )?\d+[/\u2044]\d+|\d+['\u2032\u2019] ?\d*[\"\u2033\u201d]?")
"""A text that may be a measure in fractions, or in feet and inches."""

_EXACT = 2.0**53
"""Above it, a float64 does not tell all whole numbers apart."""

_STORED = {
    **dict.fromkeys(("date", "datetime", "datetime64", "time", "timedelta", "timedelta64", "period"), "dates or times"),
    "bytes": "bytes",
}
"""What pandas finds in columns that hold neither numbers nor text."""

_ADVICE = {
    "dates or times": "or make numbers of them first, such as year, month, day of the week and hour",
    "bytes": "or decode them to text, or make numbers of them first",
}


@dataclass(frozen=True)
class Refusal:
    """Why nothing can be learned from a column as it is.

    Attributes:
        rule: What is the matter with it, as the rest of a sentence that begins with its name.
        advice: What can be done about it besides leaving the column out.
        words: What may stand for a missing value in it, so that it is of numbers without.
        codes: Whether it may hold categories.
        mixed: Whether it holds numbers and words.
    """

    rule: str
    advice: str = ""
    words: tuple[str, ...] = ()
    codes: bool = False
    mixed: bool = False


@dataclass(frozen=True)
class Column:
    """What a column holds.

    Attributes:
        name: Its name.
        kind: ``number`` or ``category``.
        written: How its numbers are written, where not plainly.
        refusal: Why nothing can be learned from it; None where something can.
        notes: How it was understood, where that is not plain, a sentence each.
        categories: How many it has; 0 for numbers.
    """

    name: str
    kind: str
    written: Written | None = None
    refusal: Refusal | None = None
    notes: tuple[str, ...] = ()
    categories: int = 0


def look_at(column: pd.Series[Any], categorical: bool = False) -> Column:
    """What a column holds.

    Args:
        column: All of its rows, with its name.
        categorical: Whether it is said to hold categories.

    Example:
        >>> look_at(pd.Series(["5 %", "7 %", "9 %"], name="share")).written
        Written(unit='%', thousands='', decimal='.')
        >>> look_at(pd.Series(["a", "b", "a", "b"], name="skin")).kind
        'category'
    """
    name = str(column.name)
    if not column.count():
        return Column(name, "number", refusal=Refusal("has no value"))
    if categorical:
        return Column(name, "category", categories=len(texts_of(column).values))
    if held := held_instead(column):
        value = column.dropna().iloc[0]
        return Column(name, "category", refusal=Refusal(f"holds {held}, such as {short(value)}", _ADVICE[held]))
    if pd.api.types.is_bool_dtype(column.dtype) or (
        column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) == "boolean"
    ):  # pandas would take truths as numbers
        return Column(name, "category", categories=column.nunique(dropna=False))
    numbers, wrong = parsed_numbers(column)
    return _of_texts(column, numbers, wrong) if len(wrong) else _of_numbers(column, numbers)


def held_instead(column: pd.Series[Any]) -> str:
    """What a column of a Parquet file holds that is neither numbers nor text nor truths; empty where it is one of them.

    Example:
        >>> held_instead(pd.Series([b"a", b"b"])), held_instead(pd.Series([1, 2]))
        ('bytes', '')
    """
    if pd.api.types.is_numeric_dtype(column.dtype) or isinstance(column.dtype, pd.StringDtype):
        return ""
    return _STORED.get(pd.api.types.infer_dtype(column, skipna=True), "")


def check_columns(columns: Iterable[Column]) -> None:
    """Refuses columns that nothing can be learned from as they are.

    Raises:
        InputError: Naming each, and the settings that mend it.

    Example:
        >>> check_columns([look_at(pd.Series(["1.5", "?", "2.5", "?", "3.5", "4.5"], name="x"))])
        Traceback (most recent call last):
        litclf.utilities.errors.InputError: input: column x holds numbers, but '?' in 2 rows, first ...
    """
    refused = [(column.name, column.refusal) for column in columns if column.refusal]
    if not refused:
        return
    rule = "; ".join(f"column {name} {refusal.rule}" for name, refusal in refused[:_NAMED])
    if len(refused) > _NAMED:
        rule += f"; and {len(refused) - _NAMED} columns more"
    words = dict.fromkeys(word for _, refusal in refused for word in refusal.words)
    flags = [pasted("--data.missing", words)] if words else []
    dropped = [name for name, refusal in refused if not refusal.words]
    flags += [pasted("--data.drop", dropped)] if dropped else []
    advice = dict.fromkeys(refusal.advice for _, refusal in refused if refusal.advice)
    codes = [name for name, refusal in refused if refusal.codes]
    more = [*advice, *([f"or {pasted('--data.categorical', codes)} for categories"] if codes else [])]
    raise InputError("input", rule, ", ".join([f"pass {' '.join(flags)}", *more]))


_MOST_EDGES = 50_000
"""Half of the values that the settings in a checkpoint may hold."""


def check_memory(columns: Sequence[Column], num_rows: int, bins: int = 0) -> None:
    """Refuses columns whose inputs would take more than half of the memory, before they are made.

    Args:
        columns: The columns.
        num_rows: Rows over all splits.
        bins: Bins of each number.

    Raises:
        InputError: Naming the column of the most categories, or the bins where they are too many to be kept.
    """
    edges = (bins + 1) * sum(column.kind == "number" for column in columns) if bins else 0
    if edges > _MOST_EDGES:
        rule = f"{bins} bins of each number have {edges} edges, of which a checkpoint keeps {_MOST_EDGES}"
        raise InputError("bins", rule, "pass --data.bins 0")
    inputs = sum(column.categories or 1 + bins for column in columns)
    size, memory = 4 * num_rows * inputs, memory_limit()
    if 2 * size > memory:
        most = max(columns, key=lambda column: column.categories)
        rule = f"would become {inputs} inputs, {size / 2**30:.1f} GiB for {num_rows} rows, of {memory / 2**30:.1f} GiB"
        rule += f" of memory; column {most.name} alone has {most.categories} categories" if most.categories else ""
        raise InputError("input", rule, f"pass {pasted('--data.drop', [most.name])}, or fewer rows")


def _of_numbers(column: pd.Series[Any], numbers: NDArray[np.float64]) -> Column:
    name = str(column.name)
    large = np.flatnonzero(np.abs(numbers) > _EXACT)
    if len(large):
        texts = [text for text in texts_of(column).values if text is not None]
        whole = all(re.fullmatch(r"-?[0-9]+", text) for text in texts)
        if whole and len(texts) > len(np.unique(numbers[~np.isnan(numbers)])):
            first = short(column.iloc[large[0]])
            rule = f"holds whole numbers beyond 2**53, such as {first}, which would be rounded to fewer"
            return Column(name, "number", refusal=Refusal(rule, "or make smaller numbers of them", codes=True))
    notes = []
    if code := _first_code(column):
        fix = pasted("--data.categorical", [name])
        notes.append(f"column {name}: read as numbers, also {short(code)}; where these are codes, pass {fix}")
    return Column(name, "number", notes=tuple(notes))


def _of_texts(column: pd.Series[Any], numbers: NDArray[np.float64], wrong: NDArray[np.int64]) -> Column:
    """A column in which not all values are plain numbers."""
    name, texts = str(column.name), texts_of(column)
    known = [text for text in texts.values if text is not None]
    found = readings(known)
    if len(found) > 1:
        one, other = (reading.number(known[0]) for reading in found[:2])
        rule = f"holds numbers such as {short(known[0])}, which may be {one:g} or {other:g}"
        return Column(name, "number", refusal=Refusal(rule, "or write them without marks for thousands"))
    if found:
        text = next((text for text in known if not re.fullmatch(r"[-+]?[\d.]+", text)), known[0])
        note = f"column {name}: numbers are written with {found[0].words}, and read as {found[0].number(text):.10g} for"
        return Column(name, "number", found[0], notes=(f"{note} {short(text)}",))
    if hold_dates(known):
        held = "dates or times"
        return Column(name, "category", refusal=Refusal(f"holds {held}, such as {short(known[0])}", _ADVICE[held]))
    refusal = _mixed(column, numbers, wrong, texts) or _countless(column, wrong, known)
    notes: tuple[str, ...] = ()
    if not refusal and all(map(_FRACTION.fullmatch, known)):
        advice = "make plain numbers of them where they are measures"
        notes = (f"column {name}: texts such as {short(known[0])} count as categories; {advice}",)
    return Column(name, "category", refusal=refusal, notes=notes, categories=len(texts.values))


def _mixed(
    column: pd.Series[Any], numbers: NDArray[np.float64], wrong: NDArray[np.int64], texts: Texts
) -> Refusal | None:
    """Why numbers with words among them are no numbers, and no categories either."""
    distinct = np.unique(numbers[np.isfinite(numbers)])
    codes = len(distinct) <= _FEW and bool((distinct % 1 == 0).all())
    places = np.unique(texts.codes[wrong])
    words = tuple(str(texts.values[place]) for place in places)
    mostly = 2 * len(wrong) < column.notna().sum()
    few = len(words) <= _WORDS and (mostly or len(distinct) > _FEW)
    if not few and not mostly:
        return None
    row = f"{column.index.name or 'row'} {column.index[wrong[0]]}"
    if few and len(wrong) > 1:
        counts = np.bincount(texts.codes, minlength=len(texts.values))
        named = [
            f"{short(texts.values[place])} in {counts[place]} row{'s' * int(counts[place] > 1)}" for place in places
        ]
        rule = f"holds numbers, but {' and '.join(named)}, first in {row}"
    else:
        rule = f"must hold a number in {row} as in most rows, got {short(column.iloc[wrong[0]])}"
    advice = "where that stands for a missing value, or mend it" if few else "or mend it where it should be a number"
    return Refusal(rule, advice, words if few else (), codes, mixed=True)


def _countless(column: pd.Series[Any], wrong: NDArray[np.int64], known: list[str]) -> Refusal | None:
    """Why texts are too many to be categories."""
    rows = int(column.notna().sum())
    if len(wrong) == rows and len(known) > max(_IDENTIFYING * rows, 2):
        rule = "has a text of its own in most rows"
    elif len(known) > MOST_CATEGORIES:
        size = 4 * len(column) * len(known) / 2**20
        rule = f"has {len(known)} categories, each an input of its own: {size:.0f} MiB for {len(column)} rows"
    else:
        return None
    if all(map(BEGINS_AS_NUMBER.fullmatch, known)):
        return Refusal(f"{rule}, such as {short(known[0])}", "or make plain numbers of them where they are measures")
    return Refusal(rule, codes=True)


def _first_code(column: pd.Series[Any]) -> str | None:
    """The first text with a leading zero among numbers."""
    if not isinstance(column.dtype, pd.StringDtype):
        return None
    texts = pa.array(column.array, from_pandas=True)
    places = pc.indices_nonzero(pc.fill_null(pc.match_substring_regex(texts, r"^\s*[-+]?0[0-9]"), False))
    return texts[places[0].as_py()].as_py() if len(places) else None
