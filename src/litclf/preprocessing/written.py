"""Written numbers: those of texts with marks for thousands, decimal commas, currencies and units."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from litclf.preprocessing.values import evened, is_code, parsed_numbers

_CURRENCY = (
    r"(?:US|CA|A|NZ|HK|S|R)?\$|[£¥¢฿\u20a0-\u20cf]|Rs\.?|kr\.?|Fr\.?|EUR|USD|GBP|JPY|KRW|CNY|RMB|CHF|SEK|NOK|DKK|PLN|CZK|"
    r"HUF|RUB|TRY|INR|BRL|MXN|AUD|CAD|NZD|SGD|HKD|ZAR|THB|IDR|TWD|VND"
)

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212\uff0d"
"""What stands for a minus besides the hyphen of a keyboard, as office programs write it."""

_WRITTEN = re.compile(
    rf"(?P<sign>[-+{_DASHES}]?) ?(?P<before>{_CURRENCY})? ?(?P<inner>[-+{_DASHES}]?) ?"
    r"(?P<number>\d[\d.,'\u2019_ ]*\d|\d|[.,]\d+)"
    r" ?(?P<after>(?:[^\W\d_]|[%‰°$£¥¢\u20a0-\u20cf'\"\u201d\u2032\u2033])[^\d]{0,11}?[23]?)?"
)
"""A number with a currency before it, or any unit behind it; letters before it make a code."""

_READINGS = tuple((thousands, decimal) for thousands in ("", ",", ".", " ", "'", "\u2019", "_") for decimal in ".,")
"""What may part thousands and decimals."""

_BRACKETED = re.compile(r"([^\d()]*)\(([^()]*\d[^()]*)\)([^\d()]*)")
_BEHIND = re.compile(rf"(.*\d[^\d()]*)[-{_DASHES}]")
"""Negative numbers as accounts have them: ``(5)`` and ``5-``."""


_ARABIC = str.maketrans("\u066a\u066b\u066c", "%.,")
"""Signs of Arabic numbers, whose digits are digits everywhere."""


class Written(NamedTuple):
    """How the numbers of a column are written, where not plainly.

    Attributes:
        unit: The unit or currency beside them; empty for none.
        thousands: What parts thousands; empty for nothing.
        decimal: What parts decimals.

    Example:
        >>> Written("€", ".", ",").number("1.234,50 €"), Written("€", ".", ",").number("5 kg")
        (1234.5, None)
    """

    unit: str = ""
    thousands: str = ""
    decimal: str = "."

    def number(self, text: str) -> float | None:
        """The number that a text stands for; None where it stands for none."""
        parts = _parts(text)
        if parts is None or parts.unit not in ("", self.unit):
            return None
        return _read(parts, self.thousands, self.decimal)

    @property
    def words(self) -> str:
        """What stands in the numbers, in words."""
        marks = [f"{self.unit!r}"] if self.unit else []
        marks += [f"{self.thousands!r} for thousands"] if self.thousands else []
        marks += ["a decimal comma"] if self.decimal == "," else []
        return " and ".join(marks) or "signs of their own"


class _Parts(NamedTuple):
    negative: bool
    number: str
    unit: str
    is_account: bool
    """Whether it is negative as accounts have it."""


def _parts(text: str) -> _Parts | None:
    """Sign, number and unit of a text; None where it is no number with a unit."""
    plain = evened(unicodedata.normalize("NFKC", text)).translate(_ARABIC)
    # Brackets that come of one sign, such as that for 1 in brackets, number something.
    account = (_BRACKETED.fullmatch(plain) if re.search("[(\uff08]", text) else None) or _BEHIND.fullmatch(plain)
    found = _WRITTEN.fullmatch("".join(account.groups()).strip() if account else plain)
    if found is None or (found["before"] and found["after"]):
        return None
    signs = found["sign"] + found["inner"]
    if len(signs) + bool(account) > 1:
        return None
    unit = (found["before"] or found["after"] or "").strip()
    return _Parts(account is not None or signs in ("-", *_DASHES), found["number"], unit, account is not None)


def _read(parts: _Parts, thousands: str, decimal: str) -> float | None:
    """The number, where the two marks are where they may be."""
    whole, mark, decimals = parts.number.partition(decimal) if decimal != thousands else (parts.number, "", "")
    groups = whole.split(thousands) if thousands else [whole]
    if len(groups) > 1 and not _are_groups(list(map(len, groups))):
        return None
    digits = "".join(groups)
    if not all(part.isdecimal() for part in filter(None, (digits, decimals))) or not digits + decimals:
        return None
    if mark and not decimals:
        return None
    number = float(f"{digits or 0}.{decimals or 0}")
    return -number if parts.negative and number else number


def _are_groups(lengths: list[int]) -> bool:
    """Whether digits are parted as in 1,234,567 or, in India, in 12,34,567."""
    first, *inner, last = lengths
    western = first <= 3 and set(inner) <= {3}
    return first > 0 and last == 3 and (western or (first <= 2 and set(inner) == {2}))


def readings(texts: Iterable[str]) -> list[Written]:
    """The ways to read all of some texts as numbers that are written alike; none where one is no number.

    Several are given only where they make different numbers, as of ``1,500 €``.

    Args:
        texts: The texts.

    Example:
        >>> readings(["$1,200.50", "$7"])
        [Written(unit='$', thousands=',', decimal='.')]
        >>> [one.number("(1,200)") for one in readings(["(1,200)", "17.5"])]
        [-1200.0]
        >>> readings(["5 cm", "5 mm"]), readings(["A 1", "A 2"])
        ([], [])
        >>> len(readings(["1,500 €"]))
        2
    """
    parts = []
    for text in texts:
        own = _parts(text)
        if own is None or is_code(own.number):
            return []
        parts.append(own)
    if any(own.is_account for own in parts) and all(len(own.number) == 1 for own in parts):
        return []  # marks of schools, such as 4-, or footnotes
    units = {own.unit for own in parts}
    plain = [own for own in parts if not own.unit]
    named = sorted(units - {""})
    if len(named) > 1 or (named and any(own.number.strip("0.,") for own in plain)):
        return []
    found: dict[tuple[float | None, ...], Written] = {}
    for thousands, decimal in _READINGS:
        numbers = tuple(_read(own, thousands, decimal) for own in parts)
        if thousands != decimal and None not in numbers:
            found.setdefault(numbers, Written(named[0] if named else "", thousands, decimal))
    return list(found.values())


def has_unit(text: str) -> bool:
    """Whether a text is a number with a unit or a currency.

    Example:
        >>> has_unit("5 cm"), has_unit("1st"), has_unit("5"), has_unit("A5")
        (True, True, False, False)
    """
    parts = _parts(text)
    return parts is not None and parts.unit != ""


def written_numbers(column: pd.Series[Any], written: Written) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """As :func:`parsed_numbers`, of texts with marks and units; what is a number already stays as it is."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return parsed_numbers(column)
    codes, values = pd.factorize(column)
    numbers = [written.number(value) if isinstance(value, str) else float(value) for value in values]
    empty = [isinstance(value, str) and not value.strip() for value in values]
    found = np.array([*(np.nan if number is None else number for number in numbers), np.nan])[codes]
    return found, np.flatnonzero(np.isnan(found) & ~np.array([*empty, True])[codes])
