"""Argument checks with one wording: what was given, the rule, and the way out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence, Set
from numbers import Integral, Real
from typing import Any, TypeGuard

from litclf.utilities.errors import InputError, nearest
from litclf.utilities.text import listed

MOST_VALUES = 100_000
DEEPEST = 50
"""How many values settings hold at most, and how deep they nest them."""


def positive(where: str, value: float, example: float) -> None:
    """Refuses what is no number above zero and finite; no whole number, where the example is one.

    Raises:
        InputError: If ``value`` is of another type, zero, negative, infinite or not a number.

    Example:
        >>> positive("repeat", 1.5, 1)
        Traceback (most recent call last):
        litclf.utilities.errors.InputError: repeat: must be a whole number, got 1.5; fix: pass a value such as 1
    """
    _number(where, value, example)
    if not (value > 0 and math.isfinite(value)):
        raise InputError(where, f"must be positive, got {value}", f"pass a value such as {example}")


def not_negative(where: str, value: float, example: float) -> None:
    """Refuses what is no number of zero or more and finite; no whole number, where the example is one.

    Raises:
        InputError: If ``value`` is of another type, negative, infinite or not a number.
    """
    _number(where, value, example)
    if not (value >= 0 and math.isfinite(value)):
        raise InputError(where, f"must be zero or more, got {value}", "pass 0 to switch it off, or a positive value")


def share(where: str, value: float) -> None:
    """Refuses what is no number in [0, 1).

    Raises:
        InputError: If ``value`` is of another type, or lies outside.
    """
    _number(where, value, 0.2)
    if not 0 <= value < 1:
        raise InputError(
            where, f"must be at least 0 and below 1, got {value}", "pass a share such as 0.2, or 0 for none"
        )


def whole(where: str, value: object, low: int, high: int | None = None, *, example: int) -> None:
    """Refuses what is no whole number in [low, high), or of at least ``low``.

    Raises:
        InputError: If ``value`` is of another type, or lies outside.

    Example:
        >>> whole("threads", 0, 1, example=1)
        Traceback (most recent call last):
        litclf.utilities.errors.InputError: threads: must be a whole number of at least 1, got 0; fix: pass a value ...
    """
    if not _is_number(value, Integral) or value < low or (high is not None and value >= high):
        limits = f"of at least {low}" if high is None else f"in [{low}, {high})"
        raise InputError(where, f"must be a whole number {limits}, got {value!r}", f"pass a value such as {example}")


def sizes(where: str, value: object, example: int) -> None:
    """Refuses what is no list of positive whole numbers; an empty one passes.

    Raises:
        InputError: If ``value`` is something else, or one of it is.
    """
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        raise InputError(where, f"must be a list of whole numbers, got {value!r}", f"pass a list such as [{example}]")
    for size in value:
        positive(where, size, example)


def plain(value: Any) -> Any:
    """What may stand for a list, an array, a Series, a tensor, a tuple, a set, as one of Python's numbers and texts.

    Example:
        >>> import numpy as np
        >>> plain(np.array([8, 4])), plain((np.int64(8), 4)), plain(np.float64(0.5)), plain("relu"), plain(None)
        ([8, 4], [8, 4], 0.5, 'relu', None)
    """
    if hasattr(value, "tolist"):  # NumPy's, those of pandas, PyTorch's
        value = value.tolist()
    if isinstance(value, Set):
        return sorted(map(plain, value), key=str)  # their order differs from one process to the next
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return list(map(plain, value))
    return value


def names(where: str, value: object) -> list[str] | None:
    """Names as a list of texts; None for none.

    Raises:
        InputError: If ``value`` is no list, as one name by itself is none.

    Example:
        >>> names("drop", ("id", 7)), names("drop", None)
        (['id', '7'], None)
    """
    given = plain(value)
    if given is None:
        return None
    if not isinstance(given, list):
        raise InputError(where, f"must be a list of names, got {given!r}", f"pass [{given!r}]")
    return list(map(str, given))


def _number(where: str, value: object, example: float) -> None:
    whole_one = isinstance(example, int)
    if not _is_number(value, Integral if whole_one else Real):
        rule = f"must be a {'whole ' if whole_one else ''}number, got {value!r}"
        raise InputError(where, rule, f"pass a value such as {example}")


def _is_number(value: object, kind: type) -> TypeGuard[float]:
    return isinstance(value, kind) and not isinstance(value, bool)


def one_of(where: str, value: object, choices: Iterable[str]) -> None:
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
        near = nearest(str(value), names)
        fix = f"did you mean {near}?" if near else f"pass {names[0]}"
        raise InputError(where, f"must be one of {listed(names)}, got {value!r}", fix)


def is_small(values: Any) -> bool:
    """Whether dicts and lists hold no more values, and nest them no deeper, than any settings do.

    A value that is mentioned many times counts each time: a file of a few lines can name more than any machine holds.

    Example:
        >>> nothing = [0] * 100
        >>> is_small([nothing]), is_small([[nothing] * 100] * 100)
        (True, False)
    """
    # Not by recursion: values may be nested deeper than Python's stack is.
    waiting, seen = [(values, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        held = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
        seen += len(held)
        if seen > MOST_VALUES or depth > DEEPEST:
            return False
        waiting += [(part, depth + 1) for part in held]
    return True
