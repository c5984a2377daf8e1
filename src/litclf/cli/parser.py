"""Argument parser of settings: no abbreviations, texts as they were typed, and one line for what was asked wrongly."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import docstring_parser
import yaml
from jsonargparse import get_loader
from lightning.pytorch.cli import LightningArgumentParser

from litclf.cli.arguments import Arguments, Flag
from litclf.cli.configs import CONFIG, read_config
from litclf.cli.signatures import arguments_of, class_named, setting_types
from litclf.cli.texts import as_typed
from litclf.cli.trust import HELP
from litclf.utilities.errors import InputError


class Parser(LightningArgumentParser):
    """An argument parser whose help tells what is taken before a config is read, and whose errors are one line."""

    def format_help(self, *args: Any, **kwargs: Any) -> str:
        """The help, with what is taken before a config is read."""
        text: str = re.sub(r"<class '[\w.]*?(\w+)'>", r"\1", super().format_help(*args, **kwargs))
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
        raise InputError("arguments", " ".join(message.split()).rstrip("."), "see litclf fit --help-all") from ex


def words_for(given: Arguments) -> list[str]:
    """The words that a :class:`Parser` is to be given, so that it reads texts as they were typed.

    Args:
        given: The arguments, with presets replaced by their files.

    Example:
        >>> words_for(Arguments("fit", ("--data", "TableDataModule", "--data.drop", "[no]", "--data.val_size=0.2")))
        ['--data', 'TableDataModule', '--data.drop=["no"]', '--data.val_size=0.2']
    """
    words: list[str] = []
    place, named, types = 0, dict[str, Any](), setting_types()
    for flag in given.flags:
        words += given.words[place : flag.place]
        words += [rewritten] if (rewritten := _rewritten(flag, types, named)) else given.words[flag.place : flag.end]
        place = flag.end
    return [*words, *given.words[place:]]


def _rewritten(flag: Flag, types: Mapping[str, Any], named: dict[str, Any]) -> str | None:
    """The word for a flag that the parser would read otherwise; ``named`` gets the classes of model and data."""
    if flag.value is None:
        return None
    if flag.name in CONFIG:
        content = read_config(Path(flag.value))
        named.update({name: content[name] for name in ("model", "data") if class_named(content.get(name), types[name])})
        return f"--config={_yaml(content)}"
    part, _, argument = flag.name.removeprefix("--").replace(".init_args.", ".").rstrip("+").partition(".")
    if part not in ("model", "data"):
        return None
    kind = class_named(named.get(part), types[part])
    hint = types[part] if not argument else arguments_of(kind).get(argument) if kind else None
    try:
        typed = as_typed(flag.value, hint)
    except yaml.YAMLError:
        return None
    if not argument:
        named[part] = typed
    if typed == _as_read(flag.value):
        return None
    if isinstance(typed, str):  # behind a flag of its own it is read as YAML
        return f"--{part}={_yaml({'init_args': {argument: typed}})}"
    return f"{flag.name}={_yaml(typed)}"


def _as_read(text: str) -> Any:
    try:
        return get_loader("yaml")(text)
    except yaml.YAMLError:
        return None


class _Dumper(yaml.SafeDumper):
    """Writes texts so that they are texts for every reader of YAML, and nothing by reference."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def _yaml(value: Any) -> str:
    return yaml.dump(
        value, Dumper=_Dumper, default_flow_style=True, allow_unicode=True, width=float("inf"), sort_keys=False
    ).strip()
