"""Decimal marks: columns of a text table in which commas are the decimal mark get points, and doubt is refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import pandas as pd
import pyarrow.compute as pc

from litclf.utilities.errors import InputError

_COMMA = r"^[-+(]?(\d+,\d*|,\d+)([eE][-+]?\d+)?[-)]?$"
_POINT = r"^[-+(]?(\d+\.\d*|\.\d+)([eE][-+]?\d+)?[-)]?$"
_WHOLE = r"^[-+(]?\d+([eE][-+]?\d+)?[-)]?$"
"""Numbers, also negative as accounts have them: ``(5,0)`` and ``5,0-``."""
_THOUSANDS = r"^[-+(]?[1-9]\d{0,2}[.,]\d{3}[-)]?$"
"""What may be a number with three decimals as well as one with a mark for thousands."""

_FORMS = (_COMMA, _POINT, _THOUSANDS)

_FIX = "write all numbers of the file with one decimal mark and none for thousands, or leave the column out"


class DecimalMarks:
    """The decimal mark of each column of a text table, told by all rows that were read so far.

    A comma is a decimal mark where semicolons part the values, and elsewhere where the file has a number with other
    than three digits after it. Where it may only stand for thousands, values stay as they are, and are no numbers.

    Args:
        path: The file, which refusals name.
        delimiter: What parts its values.
    """

    def __init__(self, path: str, delimiter: str) -> None:
        self._path = path
        self._semicolons = delimiter == ";"
        self._shown = False
        self._commas: dict[str, _Seen] = {}
        self._points: dict[str, _Seen] = {}

    def set_points(self, index: pd.Index[Any], columns: dict[str, Any], names: Iterable[str]) -> None:
        """Puts a point wherever a comma is the decimal mark.

        Args:
            index: The names of the rows.
            columns: The rows, as trimmed text by column.
            names: The columns of numbers.

        Raises:
            InputError: If a column has numbers with commas and others with points.
        """
        found = {}
        for name in names:
            commas, points, doubtful = (pc.match_substring_regex(columns[name], form) for form in _FORMS)
            self._shown = self._shown or _any(pc.and_not(commas, doubtful))
            found[name] = commas
            if _any(points):
                seen = _first(index, columns[name], points, not _any(pc.and_not(points, doubtful)))
                if name not in self._points or not seen.doubtful:
                    self._points[name] = seen
        for name, commas in found.items():
            if not _any(commas):
                continue
            self._commas.setdefault(name, _first(index, columns[name], commas, False))
            if self._semicolons or self._shown:
                columns[name] = pc.if_else(commas, pc.replace_substring(columns[name], ",", "."), columns[name])
        for name in self._commas.keys() & self._points.keys():
            raise self._refusal(name, self._commas[name], f"but {self._points[name]} has a decimal point")

    def finish(self) -> None:
        """Refuses what all rows leave in doubt.

        Raises:
            InputError: If a mark may be one for thousands as well as one for decimals.
        """
        if self._shown or not self._commas:
            doubtful = [(name, seen) for name, seen in self._points.items() if seen.doubtful and self._commas]
            reason = "as other columns have decimal commas"
        else:
            doubtful = list(self._commas.items()) if self._points or not self._semicolons else []
            reason = "as other columns have decimal points" if self._points else "as all such numbers have three digits"
        for name, seen in doubtful:
            raise self._refusal(name, seen, f"whose mark may be one for thousands, {reason}")

    def _refusal(self, name: str, seen: _Seen, rule: str) -> InputError:
        return InputError(self._path, f"{seen.row}, column {name} has {seen.value!r}, {rule}", _FIX)


class _Seen(NamedTuple):
    """A value, where it was first seen, and whether its mark may stand for thousands."""

    row: str
    value: str
    doubtful: bool

    def __str__(self) -> str:
        return f"{self.row} with {self.value!r}"


def mostly_numbers(values: Any) -> bool:
    """Whether at least half of the texts that are not missing are numbers, with either mark.

    Example:
        >>> import pyarrow as pa
        >>> mostly_numbers(pa.array(["1,5", "2", None, "?"])), mostly_numbers(pa.array(["a", "b", "1"]))
        (True, False)
    """
    number = pc.match_substring_regex(values, f"{_COMMA}|{_POINT}|{_WHOLE}")
    return bool(2 * (pc.sum(number).as_py() or 0) >= max(len(values) - values.null_count, 1))


def _any(mask: Any) -> bool:
    return bool(pc.any(mask).as_py())


def _first(index: pd.Index[Any], values: Any, mask: Any, doubtful: bool) -> _Seen:
    place = pc.index(pc.fill_null(mask, False), True).as_py()
    return _Seen(f"{index.name} {index[place]}", values[place].as_py(), doubtful)
