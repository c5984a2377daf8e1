"""Argument checks with one wording: what was given, the rule, and the way out."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable


class InputError(ValueError):
    """Something was asked for or given that cannot be used; the message is one line.

    Args:
        where: The argument, flag or file at fault.
        what: The rule and the value that broke it.
        fix: What to do instead.

    Example:
        >>> print(InputError("lr", "must be positive, got -1", "pass a learning rate such as 0.1"))
        lr: must be positive, got -1; fix: pass a learning rate such as 0.1
    """

    def __init__(self, where: str, what: str, fix: str) -> None:
        super().__init__(f"{where}: {what}; fix: {fix}")
        self.where = where
        self.what = what
        self.fix = fix

    @classmethod
    def unknown(cls, where: str, name: str, known: Iterable[str]) -> InputError:
        """An argument that does not exist, with the nearest that does."""
        near = nearest(name, known)
        return cls(where, f"has no argument {name}", f"did you mean {near}?" if near else "see its documentation")


class RunError(RuntimeError):
    """A run failed on its way, by no fault of what it was asked; the message is one line.

    Args:
        where: What it failed at.
        what: What happened.
        fix: What to try.

    Example:
        >>> print(RunError("train/loss", "is nan at step 7", "lower --model.lr"))
        train/loss: is nan at step 7; fix: lower --model.lr
    """

    def __init__(self, where: str, what: str, fix: str) -> None:
        super().__init__(f"{where}: {what}; fix: {fix}")
        self.where = where
        self.what = what
        self.fix = fix


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
        litclf.checks.InputError: optimizer: must be one of sgd, adam, got 'adm'; fix: did you mean adam?
    """
    names = list(choices)
    if value not in names:
        near = nearest(value, names)
        fix = f"did you mean {near}?" if near else f"pass {names[0]}"
        raise InputError(where, f"must be one of {', '.join(names)}, got {value!r}", fix)


def nearest(value: str, names: Iterable[str]) -> str | None:
    """The name most like ``value``, or None where none is like it.

    Example:
        >>> nearest("cirlces", ["circles", "blobs"])
        'circles'
    """
    names = list(names)
    longer = sorted((name for name in names if name.startswith(value)), key=len)
    return next(iter(longer or difflib.get_close_matches(value, names, n=1, cutoff=0.5)), None)
