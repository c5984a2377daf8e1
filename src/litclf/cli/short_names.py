"""Short names: what people type most, and the settings of a fit that each stands for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from litclf.cli.arguments import Arguments
from litclf.utilities.errors import InputError

_UNITS = (86400, 3600, 60, 1)
"""Seconds of a day, an hour, a minute and a second."""


@dataclass(frozen=True)
class ShortName:
    """A short name.

    Attributes:
        words: What its value is, for the help.
        stands_for: The flag that it is short for, which a refusal is told back by.
        write: The words that it stands for, of its value.
    """

    words: str
    stands_for: str
    write: Callable[[str], tuple[str, ...]]


def _same(flag: str, words: str) -> ShortName:
    return ShortName(words, flag, lambda value: (f"{flag}={value}",))


def _time(text: str) -> tuple[str, ...]:
    """The Trainer's ``max_time``, days, hours, minutes and seconds with colons between, of ``1h30m`` or as it is.

    Example:
        >>> _time("1h30m"), _time("90")
        (('--trainer.max_time=00:01:30:00',), ('--trainer.max_time=00:00:01:30',))
    """
    if re.fullmatch(r"\d+(:\d+){3}", text):
        return (f"--trainer.max_time={text}",)
    parts = re.fullmatch(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?", text)
    numbers = [int(number or 0) for number in parts.groups()] if parts else []
    seconds = sum(number * unit for number, unit in zip(numbers, _UNITS, strict=False))
    if not seconds:
        raise InputError("--time", f"must be a time above zero, got {text}", "pass a time such as 90s, 10m or 1h30m")
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return (f"--trainer.max_time={hours // 24:02}:{hours % 24:02}:{minutes:02}:{seconds:02}",)


def _early_stop(text: str) -> tuple[str, ...]:
    """A callback that ends the fit once the validation loss has not fallen for so many validations."""
    if not re.fullmatch(r"[1-9]\d*", text):
        raise InputError("--early_stop", f"must be a whole number above zero, got {text}", "pass --early_stop 5")
    callback = "--trainer.callbacks"
    return (f"{callback}+=EarlyStopping", f"{callback}.monitor=val/loss", f"{callback}.patience={text}")


SHORT_NAMES = {
    "--epochs": _same("--trainer.max_epochs", "passes of the Trainer over the training data, at most"),
    "--lr": _same("--model.lr", "learning rate"),
    "--batch_size": _same("--data.batch_size", "samples of a mini-batch; null takes all at once"),
    "--seed": _same("--seed_everything", "seed of weights and of the order of samples"),
    "--time": ShortName("time after which the fit ends, such as 90s, 10m or 1h30m", "--trainer.max_time", _time),
    "--early_stop": ShortName(
        "validations without a lower loss after which the fit ends", "--trainer.callbacks", _early_stop
    ),
}

_TAKEN_BY = ("fit", "cv", "resume")


def written_out(given: Arguments) -> Arguments:
    """The arguments with short names replaced by what they stand for, where the command trains.

    Raises:
        InputError: If one has no value, or one that it cannot have.

    Example:
        >>> written_out(Arguments("fit", ("-c", "circles", "--lr", "0.1"))).words
        ('-c', 'circles', '--model.lr=0.1')
    """
    if given.command not in _TAKEN_BY:
        return given
    words: list[str] = []
    place = 0
    for flag in given.flags:
        if short := SHORT_NAMES.get(flag.name):
            if flag.value is None:
                raise InputError(flag.name, "needs a value", f"it is the {short.words}")
            words += [*given.words[place : flag.place], *short.write(flag.value)]
            place = flag.end
    return Arguments(given.command, (*words, *given.words[place:]))


@contextmanager
def told_as_typed(given: Arguments) -> Iterator[None]:
    """What is refused within of a setting that was given by its short name is told of that."""
    try:
        yield
    except InputError as error:
        typed = {flag.name for flag in given.flags} if given.command in _TAKEN_BY else set()
        for name, short in SHORT_NAMES.items():
            if name in typed and error.where == short.stands_for:
                raise InputError(name, error.what, error.fix) from error
        raise
