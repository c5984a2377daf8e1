"""Signatures: the types of the settings that there are, from the classes that take them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

from litclf.data.registry import DATAMODULES
from litclf.models.registry import MODELS
from litclf.models.rules import Rule
from litclf.models.seeds import Vary
from litclf.utilities.errors import InputError


@dataclass(frozen=True)
class OwnSetting:
    """A setting of a run beside those of model, data and Trainer.

    Attributes:
        hint: Its type.
        default: Its default; of what PyTorch is needed for, the module of it and its name there.
        words: What it is.
    """

    hint: Any
    default: Any
    words: str


OWN = {
    "name": OwnSetting(str | None, None, "Name of the run's folder; default: the preset's name."),
    "pictures": OwnSetting(bool, True, "Whether a fit draws pictures and a report."),
    "threshold_rule": OwnSetting(
        Rule, "0.5", "How a fit of two classes chooses the probability of class 1 above which it is predicted."
    ),
    "save_every": OwnSetting(
        float,
        ("litclf.training.callbacks.saves", "SAVE_EVERY"),
        "Seconds between two saves of a fit at least; 0 saves at every epoch.",
    ),
    "threads": OwnSetting(int | None, None, "Threads of PyTorch, or of the members; default: by the size of the work."),
    "members": OwnSetting(int, 1, "Networks that are trained side by side, each by a seed of its own."),
    "members_from": OwnSetting(int | None, None, "Seed of the first member; default: that of the run."),
    "vary": OwnSetting(Vary, "both", "What differs between members: initial weights, order of samples, or both."),
    "mark": OwnSetting(
        str | None,
        None,
        "What the share of members that reach it is told of, such as test/accuracy=0.99; several by commas. Some"
        " presets have one.",
    ),
}
"""What a run has beside model, data and Trainer, and Lightning's own settings."""

OWN_TYPES: dict[str, Any] = {name: own.hint for name, own in OWN.items()}


def setting_types() -> dict[str, Any]:
    """Types of what a config of a run may hold, by name; of the Trainer those of its arguments.

    Example:
        >>> setting_types()["threads"]
        int | None
    """
    from lightning.pytorch import LightningDataModule, LightningModule, Trainer

    DATAMODULES.load_all(), MODELS.load_all()  # short names are found among the classes that are loaded
    run = {"seed_everything": bool | int, "ckpt_path": Any, "trainer": arguments_of(Trainer)}
    return OWN_TYPES | run | {"model": LightningModule, "data": LightningDataModule | None}


def arguments_of(kind: type) -> dict[str, Any]:
    """Types of the arguments that a class takes by name.

    Example:
        >>> from litclf import CirclesDataModule
        >>> arguments_of(CirclesDataModule)["noise"]
        <class 'float'>
    """
    try:
        hints = get_type_hints(kind.__init__)  # type: ignore[misc]
    except NameError:  # a name that is there for type checkers only
        hints = {}
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = inspect.signature(kind).parameters.values()
    return {parameter.name: hints.get(parameter.name, Any) for parameter in parameters if parameter.kind in named}


def arguments_of_any(hint: Any) -> dict[str, Any]:
    """Types of the arguments of all classes that a setting may name; several types of one name side by side.

    Example:
        >>> from litclf import CirclesDataModule
        >>> arguments_of_any(CirclesDataModule | None)["noise"]
        <class 'float'>
    """
    types: dict[str, Any] = {}
    for kind in (kind for base in classes_in(hint) for kind in subclasses(base)):
        for name, own in arguments_of(kind).items():
            types[name] = Union[types[name], own] if name in types else own  # noqa: UP007 # also of what knows no |
    return types


def subclasses(base: type) -> Iterator[type]:
    """A class, and all that are made from it."""
    yield base
    below: list[type] = base.__subclasses__()
    for kind in below:
        yield from subclasses(kind)


def classes_in(hint: Any) -> Iterator[type]:
    """The classes that objects of a type are made of; not those that a text or a number makes."""
    if inspect.isclass(hint) and get_origin(hint) is None:
        if hint.__module__.partition(".")[0] not in ("builtins", "collections", "pathlib", "datetime", "typing"):
            yield hint
    else:
        for inner in get_args(hint):
            yield from classes_in(inner)


def class_named(value: Any, hint: Any) -> type | None:
    """The class that a value of a setting of type ``hint`` names; None where it names none that may be taken."""
    path = value.get("class_path") if isinstance(value, Mapping) else value
    for kind in (kind for base in classes_in(hint) for kind in subclasses(base)):
        if kind.__name__ == path:
            return kind
    # Names alone need no PyTorch, which what is trusted loads.
    from litclf.cli.trust import trusted_class

    try:
        return trusted_class(path) if isinstance(path, str) and "." in path else None
    except InputError:
        return None
