"""Arguments: what was given on the command line, split once into command, flags and words."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from litclf.utilities.errors import InputError
from litclf.utilities.text import shell_word

CKPT_HELP = (
    "a checkpoint, a run folder, or the folder of a run's versions, of which the latest is taken, or, with /best "
    "behind it, the best on validation data"
)
MEMBER_HELP = "one member of a run with members, from 0 on; default: the mean probability of all"
"""What the flag is told to take, by all commands that have it."""


@dataclass(frozen=True)
class Flag:
    """One flag and its value.

    Attributes:
        name: With its dashes, such as ``--model.lr``.
        value: What stands behind ``=`` or in the next word; None where there is nothing that could be a value.
        place: Number of its word.
        joined: Whether the value stands behind ``=``.
    """

    name: str
    value: str | None
    place: int
    joined: bool

    @property
    def end(self) -> int:
        """Number of the first word behind it."""
        return self.place + (1 if self.joined or self.value is None else 2)


@dataclass(frozen=True)
class Arguments:
    """What was given on the command line.

    Attributes:
        command: The command, such as ``fit``.
        words: The words behind it, as they were given.

    Example:
        >>> given = Arguments("fit", ("-c", "blobs", "--model.lr=-1"))
        >>> given.value("-c", "--config"), given.value("--model.lr"), given.value("--name")
        ('blobs', '-1', None)
    """

    command: str
    words: tuple[str, ...]

    @cached_property
    def flags(self) -> tuple[Flag, ...]:
        """The flags, in the order they were given."""
        return tuple(self._flags())

    def _flags(self) -> Iterator[Flag]:
        place = 0
        while place < len(self.words):
            name, equals, value = self.words[place].partition("=")
            if _is_flag(name):
                behind = next(iter(self.words[place + 1 : place + 2]), None)
                given = value if equals else None if behind is None or _is_flag(behind) else behind
                flag = Flag(name, given, place, bool(equals))
                yield flag
                place = flag.end
            else:
                place += 1

    @property
    def surplus(self) -> list[str]:
        """Words that are no flag, and the value of none."""
        used = {place for flag in self.flags for place in range(flag.place, flag.end)}
        return [word for place, word in enumerate(self.words) if place not in used]

    def named(self, *names: str) -> tuple[Flag, ...]:
        """The flags that have one of these names."""
        return tuple(flag for flag in self.flags if flag.name in names)

    def value(self, *names: str) -> str | None:
        """The last value that one of the flags ``names`` was given; None where none was."""
        return next((flag.value for flag in reversed(self.named(*names))), None)

    def without(self, *names: str) -> Arguments:
        """The arguments without the flags ``names`` and their values."""
        gone = {place for flag in self.named(*names) for place in range(flag.place, flag.end)}
        return replace(self, words=tuple(word for place, word in enumerate(self.words) if place not in gone))

    def with_value(self, flag: Flag, value: str) -> Arguments:
        """The arguments with another value of ``flag``."""
        own = (f"{flag.name}={value}",) if flag.joined else (flag.name, value)
        return replace(self, words=(*self.words[: flag.place], *own, *self.words[flag.end :]))

    def refuse(self, names: Iterable[str], rule: str) -> None:
        """Refuses flags whose name, without what follows a dot or a plus, is one of ``names``.

        Raises:
            InputError: Naming the flag and the ``rule``.
        """
        names = set(names)
        for flag in self.flags:
            name = flag.name.rstrip("+")
            if name in names or any(f"{name}.".startswith(f"{other}.") for other in names):
                raise InputError(name, rule, "drop it")


def _is_flag(word: str) -> bool:
    """Whether a word begins as flags do; negative numbers do not."""
    return word.startswith("-") and word.strip("-")[:1].isalpha()


class ToolParser(argparse.ArgumentParser):
    """A parser of a command's arguments that takes no abbreviations, and whose errors are ours.

    Args:
        name: Name of the command.
        description: What it does, in a sentence.

    Example:
        >>> ToolParser("report", "Write report.html.").prog
        'litclf report'
    """

    def __init__(self, name: str, description: str) -> None:
        super().__init__(f"litclf {name}", description=description, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Tells what was found wrong in one line.

        Raises:
            InputError: Always.
        """
        raise InputError(self.prog, message, f"see {self.prog} --help")


def needs_checkpoint(command: str) -> InputError:
    """What a command says that was given no checkpoint."""
    way_out = f"litclf {command} --ckpt_path lightning_logs/NAME/version_N/checkpoints/best.ckpt"
    return InputError("--ckpt_path", f"{command} needs the checkpoint of a trained model", way_out)


def data_changes(words: Iterable[str]) -> dict[str, Any]:
    """Arguments of the data that were given as ``--data.NAME=VALUE`` or ``--data.NAME VALUE``.

    Raises:
        InputError: If something else was given.

    Example:
        >>> data_changes(["--data.path", "b.csv", "--data.val_size=0.1"])
        {'path': 'b.csv', 'val_size': 0.1}
    """
    given = Arguments("", tuple(words))
    other = [flag.name for flag in given.flags if not flag.name.startswith("--data.") or flag.value is None]
    for file in (word for word in given.surplus if Path(word).exists()):
        raise InputError(file, "is no setting", f"pass --input {shell_word(file)}")
    for name in (*given.surplus, *other):
        raise InputError(name, "is no setting", "drop it, or pass --data.NAME VALUE for what the data is to change")
    if not given.flags:
        return {}
    # The commands that change no data answer without Lightning.
    from lightning.pytorch import LightningDataModule
    from yaml import YAMLError

    from litclf.cli.signatures import arguments_of_any
    from litclf.cli.texts import as_typed
    from litclf.data.registry import DATAMODULES

    DATAMODULES.load_all()
    types = arguments_of_any(LightningDataModule)
    names = {flag.name.removeprefix("--data."): flag.value or "" for flag in given.flags}
    try:
        return {name: as_typed(value, types.get(name)) for name, value in names.items()}
    except YAMLError as error:
        what = ", ".join(f"--data.{name} {value}" for name, value in names.items())
        raise InputError("--data", f"must be given values, got {what}", "see litclf fit --help") from error
