"""Dates and times in text, which are no numbers and no categories."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_MONTH_ELSEWHERE = (
    r"(?:ene|gen|f[eé]v|m[aä]r|maa|abr|avr|ma[ijg]|mei|jui|giu|lug|ago|ao[uû]|set|okt|out|ott|de[cz]|d[eé]c|dic|"
    r"янв|фев|мар|апр|ма[йя]|июн|июл|авг|сен|окт|ноя|дек)[^\W\d_]*\.?"
)
"""Months in other languages, which only beside a day and a year are none of other words."""

_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_NUMBER = r"(?:0?[1-9]|1[0-2])"
_YEAR = r"(?:1[6-9]|20|21)\d\d"
_TIME = r"(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-6]\d(?:[.,]\d+)?)?(?: ?[ap]\.?m\.?)?(?: ?(?:z|utc|gmt)| ?[+-]\d\d:?\d\d)?"

_DATES = "|".join(
    (
        rf"{_YEAR}(?P<a>[-./]) ?{_NUMBER}(?P=a) ?{_DAY}\.?",
        rf"{_DAY}(?P<b>[-./]) ?{_NUMBER}(?P=b) ?{_YEAR}",
        rf"{_NUMBER}(?P<c>[-./]){_DAY}(?P=c){_YEAR}",
        rf"{_DAY}(?P<d>[-/]){_NUMBER}(?P=d)\d\d",
        rf"{_NUMBER}(?P<e>[-/]){_DAY}(?P=e)\d\d",
        r"(?:0[1-9]|[12]\d|3[01])\.(?:0[1-9]|1[0-2])\.\d\d",
        rf"{_YEAR}[-/.](?:0[1-9]|1[0-2])",
        r"(?:0[1-9]|1[0-2])/" + _YEAR,
        rf"{_DAY}(?:st|nd|rd|th|\.)?[- /]?{_MONTH}(?:[- /,]{{1,2}}(?:{_YEAR}|\d\d))?",
        rf"{_DAY}\.? (?:de )?(?:{_MONTH}|{_MONTH_ELSEWHERE}),? (?:de )?{_YEAR}",
        rf"{_MONTH} {_DAY}(?:st|nd|rd|th)?(?:,? {_YEAR})?",
        rf"{_MONTH}[- ]?(?:{_YEAR}|\d\d)",
        rf"{_YEAR}\s?[年년]\s?(?:{_NUMBER}\s?[月월]\s?(?:{_DAY}\s?[日일])?)?",
        rf"{_YEAR}-?[qQ][1-4]|[qQ][1-4] {_YEAR}|{_YEAR}-?[wW]\d\d",
    )
)

_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]? )?"

_WHEN = re.compile(rf"{_WEEKDAY}(?:{_DATES})(?:(?:[ t]|, ){_TIME})?|{_TIME}", re.IGNORECASE)


def hold_dates(texts: Sequence[str]) -> bool:
    """Whether texts are dates or times of day.

    Args:
        texts: Distinct texts, with single spaces.

    Example:
        >>> hold_dates(["2024-01-31", "2024-02-01"]), hold_dates(["12:30", "9:05"]), hold_dates(["1-2", "3-4"])
        (True, True, False)
        >>> hold_dates(["1. März 2024", "2 de mayo de 2024"]), hold_dates(["Set 1", "Set 2"])
        (True, False)
        >>> hold_dates(["31 Jan 2024"]), hold_dates(["may", "june"]), hold_dates(["1.2.10"])
        (True, False, False)
    """
    return bool(texts) and all(_WHEN.fullmatch(text) for text in texts)
