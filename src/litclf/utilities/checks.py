"""Argument checks with one wording: what was given, the rule, and the way out."""

from __future__ import annotations

import math
from collections.abc import Iterable

from litclf.utilities.errors import InputError, nearest


def positive(where: str, value: float, example: float) -> None:
    """Refuses a number that is not above zero and finite.

    Raises:
        InputError: If ``value`` is zero, negative, infinite or not a number.
    """
    if not (value > 0 and math.isfinite(value)):
        raise InputError(where, f"must be positive, got {value}", f"pass a value such as {example}")


def not_negative(where: str, value: float) -> None:
    """Refuses a number below zero, infinite or not a number.

    Raises:
        InputError: If ``value`` is one of these.
    """
    if not (value >= 0 and math.isfinite(value)):
        raise InputError(where, f"must be zero or more, got {value}", "pass 0 to switch it off, or a positive value")


def whole(where: str, value: object, low: int, high: int) -> None:
    """Refuses what is no whole number in [low, high).

    Raises:
        InputError: If ``value`` is of another type, or lies outside.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value < high:
        rule = f"must be a whole number in [{low}, {high}), got {value!r}"
        raise InputError(where, rule, f"pass a value such as {max(low, 1)}")


def share(where: str, value: float) -> None:
    """Refuses a number outside of [0, 1).

    Raises:
        InputError: If ``value`` lies outside.
    """
    if not 0 <= value < 1:
        raise InputError(
            where, f"must be at least 0 and below 1, got {value}", "pass a share such as 0.2, or 0 for none"
        )


def one_of(where: str, value: str, choices: Iterable[str]) -> None:
    """Refuses a name that is not among the choices, and proposes the nearest.

    Raises:
        InputError: If ``value`` is not one of ``choices``.

    Example:
        >>> one_of("optimizer", "adm", ["sgd", "adam"])
        Traceback (most recent call last):
        litclf.utilities.errors.InputError: optimizer: must be one of sgd, adam, got 'adm'; fix: did you mean adam?
    """
    names = list(choices)
    if value not in names:
        near = nearest(value, names)
        fix = f"did you mean {near}?" if near else f"pass {names[0]}"
        raise InputError(where, f"must be one of {', '.join(names)}, got {value!r}", fix)
