"""Argument parser of settings: no abbreviations, and one line for what was asked wrongly."""

from __future__ import annotations

import inspect
from typing import Any, get_args

import docstring_parser
from lightning.pytorch.cli import LightningArgumentParser

from litclf.cli.trust import HELP
from litclf.utilities.errors import InputError


class Parser(LightningArgumentParser):
    """An argument parser whose help tells what is taken before a config is read, and whose errors are one line."""

    def format_help(self, *args: Any, **kwargs: Any) -> str:
        """The help, with what is taken before a config is read."""
        text: str = super().format_help(*args, **kwargs)
        return text + HELP if "--config" in text else text

    def add_class_arguments(self, theclass: Any, nested_key: str | None = None, *args: Any, **settings: Any) -> Any:
        """Adds a class's arguments; a whole number that may be a share too stays one: 1 is one batch, 1.0 all of them.

        jsonargparse tries the types of a union in its order, and :mod:`typing` keeps that of the ``Union[float, int]``
        it met first, in Lightning, for each ``Union[int, float]`` after it.
        """
        parameters = inspect.signature(theclass).parameters
        skip = settings.pop("skip", None) or set()
        counts = [name for name, own in parameters.items() if {int, float} <= set(get_args(own.annotation))]
        counts = [name for name in counts if nested_key and name not in skip]
        added = super().add_class_arguments(theclass, nested_key, *args, skip={*skip, *counts}, **settings)
        helps = {
            own.arg_name: own.description for own in docstring_parser.parse(theclass.__init__.__doc__ or "").params
        }
        for name in counts:
            own = {"type": int | float | None, "default": parameters[name].default, "help": helps.get(name)}
            self.add_argument(f"--{nested_key}.{name}", **own)
        return added

    def error(self, message: str, ex: Exception | None = None) -> Any:
        """Raises what was found wrong, in the words of jsonargparse; :mod:`litclf.cli.diagnosis` has better ones.

        Raises:
            InputError: Always.
        """
        raise InputError("arguments", " ".join(message.split()).rstrip("."), "see litclf fit --help") from ex
