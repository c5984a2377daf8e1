"""Documented arguments: what a class takes, with types, defaults and words, read from its sources alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import docstring_parser

from litclf.cli.sketches import arguments_in, constant, constructor_of, definition, hint_of
from litclf.data.registry import DATAMODULES
from litclf.models.registry import MODELS
from litclf.utilities.registry import Registry

_TRAINER = ("lightning.pytorch.trainer.trainer", "Trainer")


@dataclass(frozen=True)
class Documented:
    """An argument of a class.

    Attributes:
        name: Its name.
        hint: Its type; :data:`~typing.Any` where that is not plain.
        default: Its default; None too where it has none, or one that is no plain value.
        required: Whether it has no default.
        words: What it is, in the words of the docstring.
    """

    name: str
    hint: Any
    default: Any
    required: bool
    words: str


@cache
def summary_of(name: str) -> str:
    """The first sentence of the docstring of a model or data of litclf.

    Example:
        >>> summary_of("CirclesDataModule")
        'Two concentric circles in the plane, for binary classification.'
    """
    _, kind = definition(_home(name)[0], name)
    return _plain(docstring_parser.parse(ast.get_docstring(kind) or "").short_description or "")  # type: ignore[arg-type]


def ready(registry: Registry) -> list[str]:
    """The classes of a registry but those that others there are made from.

    Example:
        >>> "BinaryClassifier" in ready(MODELS), "Classifier" in ready(MODELS)
        (True, False)
    """
    kinds = [definition(home, name)[1] for name, home in registry.homes.items()]
    bases = {ast.unparse(base) for kind in kinds if isinstance(kind, ast.ClassDef) for base in kind.bases}
    return [name for name in registry if name not in bases]


@cache
def arguments_documented(name: str) -> tuple[Documented, ...]:
    """The arguments of a model or data of litclf, or of ``Trainer``.

    Raises:
        LookupError: If it is none of them, or its sources are not there.

    Example:
        >>> found = {one.name: one for one in arguments_documented("BinaryClassifier")}
        >>> found["lr"].words, found["lr"].hint, found["lr"].default
        ('Learning rate, positive; the peak of a schedule.', <class 'float'>, 0.1)
    """
    module, kind = _home(name)
    home, own = constructor_of(module, kind)
    words = dict(_words(module, kind))
    defaults = dict(_defaults(own.args))
    return tuple(
        Documented(
            argument.arg,
            hint_of(home, argument.annotation),
            _value(home, defaults.get(argument.arg)),
            argument.arg not in defaults,
            words.get(argument.arg, ""),
        )
        for argument in arguments_in(own.args)
        if argument.arg != "self" and argument not in (own.args.vararg, own.args.kwarg)
    )


def _home(name: str) -> tuple[str, str]:
    """Module and name of a class."""
    homes = {**MODELS.homes, **DATAMODULES.homes}
    if name == "Trainer":
        return _TRAINER
    if name not in homes:
        raise LookupError(name)
    return homes[name], name


def _words(module: str, name: str) -> Iterator[tuple[str, str]]:
    """What the docstrings of a class and its bases say of each argument, the nearest last."""
    home, kind = definition(module, name)
    if not isinstance(kind, ast.ClassDef):
        return
    own = [node for node in kind.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    for base in kind.bases if not own else ():
        yield from _words(home, ast.unparse(base))
    documented: list[ast.ClassDef | ast.FunctionDef] = [kind, *own]
    for node in documented:
        for told in docstring_parser.parse(ast.get_docstring(node) or "").params:
            if told.args[0] == "param":  # and no attribute
                yield told.arg_name, _plain(told.description or "")


def _plain(text: str) -> str:
    """A text of a docstring as it is read on a terminal."""
    text = re.sub(r":\w+:`[~!]?(?:[\w.]*\.)?([\w]+)`", r"\1", text)
    return " ".join(text.replace("``", "").split())


def _defaults(args: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    given = [*args.posonlyargs, *args.args]
    if args.defaults:
        yield from zip((own.arg for own in given[-len(args.defaults) :]), args.defaults, strict=True)
    yield from ((own.arg, value) for own, value in zip(args.kwonlyargs, args.kw_defaults, strict=True) if value)


def _value(module: str, default: ast.expr | None) -> Any:
    """A default that is a plain value, or the name of one."""
    try:
        value = constant(module, default.id) if isinstance(default, ast.Name) else ast.literal_eval(default or "None")
    except (LookupError, ValueError):
        return None
    return list(value) if isinstance(value, tuple) else value
