"""Arguments: what was given on the command line, split once into command, flags and words."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from litclf.cli.commands import ToolParser
from litclf.inference.model import LoadedModel, load
from litclf.utilities.errors import InputError


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
        command: The first word, such as ``fit``.
        words: The words behind it, as they were given.

    Example:
        >>> given = Arguments.of(["fit", "-c", "blobs", "--model.lr=-1"])
        >>> given.command, given.value("-c", "--config"), given.value("--model.lr"), given.value("--name")
        ('fit', 'blobs', '-1', None)
    """

    command: str
    words: tuple[str, ...]

    @classmethod
    def of(cls, args: Sequence[str]) -> Arguments:
        """The arguments of a command, the command first."""
        return cls(args[0], tuple(args[1:]))

    @cached_property
    def flags(self) -> tuple[Flag, ...]:
        """The flags, in the order they were given."""
        flags, place = [], 0
        while place < len(self.words):
            name, equals, value = self.words[place].partition("=")
            place += 1
            if not name.startswith("-") or not name.strip("-")[:1].isalpha():
                continue
            behind = self.words[place : place + 1]
            # A value may begin with a dash, as numbers do, but not as flags do.
            if not equals and behind and not behind[0].startswith("--") and behind[0] not in ("-c", "-h"):
                value = behind[0]
                flags.append(Flag(name, value, place - 1, False))
                place += 1
            else:
                flags.append(Flag(name, value if equals else None, place - 1, bool(equals)))
        return tuple(flags)

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


class ModelParser(ToolParser):
    """A parser for a command on a trained model, with the checkpoint and how it is calibrated; takes no abbreviations.

    Args:
        command: Name of the command, such as ``predict``.
        description: What it does, in one sentence.

    Example:
        >>> ModelParser("export", "Writes files.").parse_args(["--ckpt_path", "a.ckpt"]).calibration
        True
    """

    def __init__(self, command: str, description: str) -> None:
        super().__init__(command, description)
        self.add_argument(
            "--ckpt_path",
            required=True,
            type=Path,
            metavar="CKPT",
            help="a checkpoint, a run folder, or the folder of a run's versions, of which the latest is taken",
        )
        self.add_argument(
            "--no-calibration",
            dest="calibration",
            action="store_false",
            help="take probabilities and threshold as they were trained, without what was chosen on validation data",
        )
        self.add_argument(
            "--threshold", type=float, help="probability of class 1 above which it is predicted, for two classes"
        )


def load_model(given: argparse.Namespace) -> LoadedModel:
    """The model that the arguments of a :class:`ModelParser` name.

    Raises:
        InputError: If it cannot be loaded.
    """
    try:
        return load(given.ckpt_path, given.calibration, given.threshold)
    except InputError as error:
        flag = f"--{error.where}" if error.where in ("ckpt_path", "threshold") else error.where
        raise InputError(flag, error.what, error.fix) from error


def data_changes(args: list[str]) -> dict[str, Any]:
    """Arguments of the data that were given as ``--data.NAME=VALUE`` or ``--data.NAME VALUE``.

    Raises:
        InputError: If something else was given.

    Example:
        >>> data_changes(["--data.path", "b.csv", "--data.val_size=0.1"])
        {'path': 'b.csv', 'val_size': 0.1}
    """
    changes, rest = {}, list(args)
    while rest:
        flag, equals, value = rest.pop(0).partition("=")
        if not flag.startswith("--data.") or not (equals or rest):
            raise InputError(flag, "is no setting", "drop it, or pass --data.NAME VALUE for what the data is to change")
        changes[flag.removeprefix("--data.")] = yaml.safe_load(value if equals else rest.pop(0))
    return changes
