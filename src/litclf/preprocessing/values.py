"""Values of a table: one text for what is the same value, and numbers with whatever marks and units."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

_WHOLE = re.compile(r"([-+]?)0*([0-9]+?)(?:\.0*)?")

_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+(\.[0-9]*)?")
"""A text of digits that are no number but a code, such as ``007``."""

_BLANK = "\u115f\u1160\u2800"
"""Letters without a shape, which are no spaces."""


def evened(text: str) -> str:
    """A text in one Unicode form, with single spaces of one kind, and none around it.

    Example:
        >>> evened("  a\\u00a0 b "), evened("e\\u0301") == "\\u00e9"
        ('a b', True)
    """
    return " ".join((text if text.isascii() else unicodedata.normalize("NFC", text)).split())


def canonical(text: str) -> str:
    """The one text of whole numbers and truths, however they are written.

    Example:
        >>> [canonical(text) for text in ("01", "-2.0", "+3", "TRUE", "1.50", "b")]
        ['1', '-2', '3', 'True', '1.50', 'b']
    """
    whole = _WHOLE.fullmatch(text)
    if whole:
        return ("-" if whole[1] == "-" and whole[2] != "0" else "") + whole[2]
    return text.capitalize() if text.lower() in ("true", "false") else text


def likeness(text: str) -> str:
    """What texts have in common that look alike: they differ in case, marks around them or what is not seen only.

    Example:
        >>> likeness("Tea. ") == likeness("tea\u200b"), likeness("-1") == likeness("1"), likeness("?")
        (True, False, '?')
    """
    shown = "".join(letter for letter in unicodedata.normalize("NFKC", text) if not _is_unseen(letter))
    bare = re.sub(r"(?<=[^\W\d_])[\s_-]+(?=[^\W\d_])", "", evened(shown).casefold()).strip(" .,;:!'\"")
    return re.sub(r"^(-?)0+(?=[0-9])", r"\1", bare) or text


def _is_unseen(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cf", "Cc") or letter in _BLANK or "\ufe00" <= letter <= "\ufe0f"


def is_code(text: str | None) -> bool:
    """Whether a text is digits with a leading zero, which no number has.

    Example:
        >>> is_code("007"), is_code("0.5"), is_code("0")
        (True, False, False)
    """
    return text is not None and _LEADING_ZERO.fullmatch(text) is not None


class Texts(NamedTuple):
    """The distinct values of a column as text.

    Attributes:
        values: The texts, None for a missing value.
        codes: The place of each row's among them.
    """

    values: list[str | None]
    codes: NDArray[np.int64]

    def places(self, known: Sequence[str | None]) -> NDArray[np.int64]:
        """The place of each text among those that are known, -1 where it is none of them."""
        places = {text: place for place, text in enumerate(known)}
        exact = any(map(is_code, known))
        found = [
            places.get(text, -1 if exact or text is None else places.get(canonical(text), -1)) for text in self.values
        ]
        return np.array(found, dtype=np.int64)


def texts_in(column: pd.Series[Any]) -> Texts:
    """The distinct values of a column as text, as they are written but for spaces and Unicode forms.

    Example:
        >>> texts_in(pd.Series(["01", None, " 01 "]))
        Texts(values=['01', None], codes=array([0, 1, 0]))
    """
    codes, values = pd.factorize(column, use_na_sentinel=False)
    return _merged([None if pd.isna(value) else evened(_text(value)) or None for value in values], codes)


def texts_of(column: pd.Series[Any]) -> Texts:
    """The distinct values of a column as text, one for each whole number and truth.

    ``"1"`` stands for 1, 1.0, ``"1.0"`` and ``"+1"``; ``"True"`` for True and ``"TRUE"``. Where a text has a leading
    zero, all of the column are taken as they are written.

    Example:
        >>> texts_of(pd.Series([1.0, None, 1.0]))
        Texts(values=['1', None], codes=array([0, 1, 0]))
        >>> texts_of(pd.Series(["01", "1", "1.0"])).values
        ['01', '1', '1.0']
    """
    texts = texts_in(column)
    if any(map(is_code, texts.values)):
        return texts
    return _merged([text and canonical(text) for text in texts.values], texts.codes)


def _merged(texts: list[str | None], codes: NDArray[np.int64]) -> Texts:
    """Distinct texts, of some that need not be."""
    places: dict[str | None, int] = {}
    own = [places.setdefault(text, len(places)) for text in texts]
    return Texts(list(places), np.array(own, dtype=np.int64)[codes])


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating) and value.is_integer():
        return str(int(value))  # not 1e+16
    return str(value)


def parsed_numbers(column: pd.Series[Any]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The values of a column as numbers, NaN where one is missing or is none; and the places of those that are none."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind == "f":
        return column.to_numpy(dtype=np.float64, copy=True), np.empty(0, np.int64)
    try:
        # Fifteen times as fast on text as pandas is; a Series is asked for what it is not in half of that time.
        stored: Any = column.array if isinstance(column.dtype, pd.StringDtype) else column
        return np.array(pa.array(stored, from_pandas=True).cast(pa.float64()), dtype=np.float64), np.empty(0, np.int64)
    except pa.ArrowException:
        values = column if pd.api.types.is_numeric_dtype(column.dtype) else column.astype(object)
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        empty = column.isna() | (column.astype(str).str.strip() == "")
        return numbers, np.flatnonzero(np.isnan(numbers) & ~empty.to_numpy())


def blanked(column: pd.Series[Any], words: Collection[str]) -> pd.Series[Any]:
    """A column without the values that stand for a missing one.

    Args:
        column: The column.
        words: What stands for a missing value; ``-999`` does so however it is written, as ``-999.0`` too.

    Example:
        >>> blanked(pd.Series(["1", "?", "-999.0"]), ["?", "-999"]).tolist()
        ['1', nan, nan]
    """
    numbers = {number for number in map(_number, words) if number is not None}
    if pd.api.types.is_bool_dtype(column.dtype):
        return column
    if pd.api.types.is_numeric_dtype(column.dtype):
        gone = column.isin(list(numbers))
    else:
        texts = texts_in(column)
        known = {evened(word) for word in words}
        named = [
            text is not None and (text in known or bool(numbers and _number(text) in numbers)) for text in texts.values
        ]
        gone = pd.Series(np.array(named)[texts.codes], index=column.index)
    return column.mask(gone) if gone.any() else column


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
