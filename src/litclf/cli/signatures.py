"""Signatures: the types of the settings that there are, from the classes that take them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, Union, get_args, get_origin, get_type_hints

from litclf.data.registry import DATAMODULES
from litclf.models.registry import MODELS
from litclf.models.rules import Rule
from litclf.models.seeds import Vary
from litclf.utilities.errors import InputError

OWN: dict[str, Any] = {
    "name": str | None,
    "pictures": bool,
    "threshold_rule": Rule,
    "save_every": float,
    "threads": int | None,
    "members": int,
    "members_from": int | None,
    "vary": Vary,
    "mark": str | None,
}
"""What a run has beside model, data and Trainer, and Lightning's own settings."""


def setting_types() -> dict[str, Any]:
    """Types of what a config of a run may hold, by name; of the Trainer those of its arguments.

    Example:
        >>> setting_types()["threads"]
        int | None
    """
    from lightning.pytorch import LightningDataModule, LightningModule, Trainer

    DATAMODULES.load_all(), MODELS.load_all()  # short names are found among the classes that are loaded
    run = {"seed_everything": bool | int, "ckpt_path": Any, "trainer": arguments_of(Trainer)}
    return OWN | run | {"model": LightningModule, "data": LightningDataModule | None}


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
