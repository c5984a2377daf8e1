"""Diagnosis: which of the settings given is wrong, found by holding each against the signature of what it is for.

The parser tells what is wrong over many lines of its own, which are not read. What fits here, and not there, is told in
the parser's words.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import yaml
from jsonargparse import ArgumentError, ArgumentParser

from litclf.cli.short_names import SHORT_NAMES
from litclf.cli.signatures import arguments_of, classes_in, subclasses
from litclf.cli.suggestions import HELP, unknown_setting
from litclf.cli.texts import alternatives, as_typed, items_of, no_list
from litclf.data.registry import DATAMODULES
from litclf.models.registry import MODELS
from litclf.utilities.errors import InputError, nearest
from litclf.utilities.text import pasted

_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text", NoneType: "null"}
_WORDS |= {Path: "a path", timedelta: "a time such as 00:00:10:00", list: "a list", dict: "values by name"}


@dataclass(frozen=True)
class Setting:
    """A setting as it was given.

    Attributes:
        name: Its place among the settings, such as ``model.lr``.
        value: Its value: the text behind a flag, None where there is none, or the content of a config.
        flag: How it is called in what is told: the flag that sets it.
        adds: Whether it is added to a list.
    """

    name: str
    value: Any
    flag: str
    adds: bool = False

    @property
    def text(self) -> str:
        """The value as it would be written behind a flag."""
        return self.value if isinstance(self.value, str) else json.dumps(self.value, default=str)

    @property
    def content(self) -> Any:
        """The value as YAML has it."""
        try:
            return yaml.safe_load(self.value) if isinstance(self.value, str) else self.value
        except yaml.YAMLError:
            return self.value


def setting(name: str, value: Any) -> Setting:
    """A setting; ``init_args`` in its name says nothing.

    Example:
        >>> setting("model.init_args.lr", 1).flag
        '--model.lr'
    """
    name = name.replace(".init_args", "").removesuffix(".class_path")
    flag = name.rstrip("+")
    return Setting(flag, value, flag if flag.startswith("-") else f"--{flag}", name.endswith("+"))


def settings_in(content: Mapping[str, Any], parts: Iterable[str]) -> Iterator[Setting]:
    """The settings of a config, with those of its ``parts`` one by one.

    Example:
        >>> [one.flag for one in settings_in({"model": {"class_path": "Net", "init_args": {"lr": 1}}}, ["model"])]
        ['--model', '--model.lr']
    """
    for key, value in content.items():
        if key not in parts or not isinstance(value, Mapping):
            yield setting(str(key), value)
            continue
        if "class_path" in value:
            yield setting(key, value["class_path"])
        arguments = value.get("init_args") or {} if "class_path" in value else value
        yield from (setting(f"{key}.{name}", inner) for name, inner in arguments.items())


def find_wrong(
    settings: Iterable[Setting], hints: Mapping[str, Any], required: Iterable[str] = ()
) -> InputError | None:
    """What is wrong with the first of the settings that does not fit; None where each of them does.

    Args:
        settings: What was given.
        hints: Types of the settings there are, by name.
        required: Names of those that must be given.

    Example:
        >>> print(find_wrong([setting("lr", "abc"), setting("name", "x")], {"lr": float, "name": str}))
        --lr: must be a number, got abc; fix: see litclf fit --help
        >>> print(find_wrong([setting("nam", "x")], {"lr": float, "name": str}))
        --nam: is no setting; fix: did you mean --name?
    """
    try:
        _check(list(settings), hints, required, ())
    except InputError as error:
        of_trainer = error.fix == HELP and error.where.startswith("--trainer")
        return InputError(error.where, error.what, f"{HELP}-all") if of_trainer else error
    return None


def _check(
    settings: list[Setting], hints: Mapping[str, Any], required: Iterable[str], others: Sequence[tuple[str, str]]
) -> None:
    """Holds settings against the types of those there are; ``others`` are all flags of the run, and whose each is."""
    groups: dict[str, list[Setting]] = {}
    others = others or [*((short, "") for short in (*SHORT_NAMES, "--config")), *_flags(hints)]
    for one in settings:
        holders = [name for name in hints if f"{one.name}.".startswith(f"{name}.")]
        if not holders:
            raise unknown_setting(one.flag, [f"--{name}" for name in hints], others)
        groups.setdefault(max(holders, key=len), []).append(one)
    for name, group in groups.items():
        bases = list(classes_in(hints[name]))
        if bases:
            # A text may stand beside a class, as `auto` does for an accelerator.
            texts = str in alternatives(hints[name])
            named = [one for one in group if not (texts and isinstance(one.content, str) and "." not in one.content)]
            _check_classes(name, bases, named, others)
        for one in group:
            if one.name == name and hints[name] is not Any and not (bases and named_by(one)):
                _check_value(one, hints[name])
    for name in required:
        if name not in groups:
            raise _missing(name)


def _missing(name: str) -> InputError:
    preset = "" if "." in name else "-c PRESET (see `litclf presets`), or "
    return InputError(f"--{name}", "is missing", f"pass {preset}--{name} VALUE")


def _flags(hints: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """All flags there could be meant, also of models and data that were not named, and the class that each is of."""
    for name, hint in hints.items():
        yield f"--{name}", ""
        for kind in (kind for base in classes_in(hint) for kind in subclasses(base)):
            if kind.__name__ in {*MODELS, *DATAMODULES}:
                yield from ((f"--{name}.{argument}", kind.__name__) for argument in arguments_of(kind))


def _check_classes(name: str, bases: list[type], group: list[Setting], others: Sequence[tuple[str, str]]) -> None:
    """Holds the class that is named for ``name``, and its arguments, against its signature."""
    kind: type | None = None
    arguments: list[Setting] = []
    for one in group:
        if one.name != name:
            arguments.append(one)
            continue
        if one.content is None:
            kind, arguments = None, []
        for path, beside in named_by(one):
            kind = _class_of(path, bases, one.flag)
            # What was given for another class is dropped, as the parser does it.
            known = [f"{name}.{argument}." for argument in arguments_of(kind)]
            arguments = [given for given in arguments if f"{given.name}.".startswith(tuple(known))]
            arguments += [setting(f"{name}.{argument}", value) for argument, value in beside.items()]
    if kind is not None:
        _check_arguments(name, kind, arguments, others)
    elif arguments:
        raise _missing(name)


def _check_arguments(name: str, kind: type, given: list[Setting], others: Sequence[tuple[str, str]]) -> None:
    hints = {f"{name}.{argument}": hint for argument, hint in arguments_of(kind).items()}
    parameters = inspect.signature(kind).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        given = [one for one in given if any(f"{one.name}.".startswith(f"{known}.") for known in hints)]
    required = [f"{name}.{p.name}" for p in parameters if p.default is p.empty and p.name in arguments_of(kind)]
    _check(given, hints, required, others)


def named_by(one: Setting) -> list[tuple[str, Mapping[str, Any]]]:
    """The classes that a value names, with the arguments that stand beside each."""
    content = one.content
    return [
        (item, {}) if isinstance(item, str) else (str(item["class_path"]), item.get("init_args") or {})
        for item in (content if isinstance(content, list) else [content])
        if isinstance(item, str) or (isinstance(item, Mapping) and "class_path" in item)
    ]


def _class_of(path: str, bases: list[type], flag: str) -> type:
    """The class of that name or path.

    Raises:
        InputError: If there is none, or it is not to be trusted.
    """
    kinds = {kind.__name__: kind for base in bases for kind in subclasses(base)}
    if path in kinds:
        return kinds[path]
    # Names alone need no PyTorch, which what is trusted loads.
    from litclf.cli.trust import is_trusted, trusted_class

    if "." not in path or not all(part.isidentifier() for part in path.split(".")):
        # Whatever else is loaded may be near by chance, and could not be taken.
        near = nearest(path, [name for name, kind in kinds.items() if not name.startswith("_") and is_trusted(kind)])
        raise InputError(flag, f"is no class that litclf knows: {path}", f"did you mean {near}?" if near else HELP)
    try:
        kind = trusted_class(path)
    except InputError as error:
        raise InputError(flag, error.what, error.fix) from error
    if not issubclass(kind, tuple(bases)):
        raise InputError(flag, f"must be {' or '.join(base.__name__ for base in bases)}, got {path}", HELP)
    return kind


def _check_value(one: Setting, hint: Any) -> None:
    if one.value is None and NoneType not in get_args(hint):
        raise InputError(one.flag, "needs a value", HELP)
    try:
        typed = as_typed(one.value, hint) if isinstance(one.value, str) else one.value
    except yaml.YAMLError:
        typed = one.text
    if isinstance(typed, str) and str in alternatives(hint):
        return
    if one.adds and (items := items_of(hint)):
        hint = hint | items
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--value", type=hint)
    try:
        if isinstance(typed, Mapping | list):
            parser.parse_object({"value": typed})
        else:
            parser.parse_args([f"--value={one.text}"])
    except ArgumentError as error:
        from litclf.data.sources.given import not_kept  # loads pandas, for what is wrong

        if lost := not_kept(one.text, one.flag):
            raise lost from error
        if _is_callable(hint) and "." in one.text:
            _class_of(one.text, [], one.flag)
        if items_of(hint) is str:
            raise no_list(one.text, one.flag) from error
        near = nearest(one.text, _choices(hint))
        numbers = re.findall(r"-?\d+(?:\.\d+)?", one.text) if items_of(hint) in (int, float) else []
        near = pasted(one.flag, f"[{', '.join(numbers)}]") if numbers else near
        rule = f"must be {describe(hint)}, got {one.text}"
        raise InputError(one.flag, rule, f"did you mean {near}?" if near else HELP) from error


def describe(hint: Any) -> str:
    """A type in words.

    Example:
        >>> describe(int | None), describe(Literal["relu", "tanh"]), describe(list[float])
        ('a whole number', 'one of relu, tanh', 'a list, each of it a number')
    """
    origin, inner = get_origin(hint), get_args(hint)
    if hint in _WORDS:
        return _WORDS[hint]
    if origin is Literal:
        return f"one of {', '.join(map(str, inner))}"
    if origin in (Union, UnionType):
        # Typing keeps the order of the numbers that it met first.
        kinds = sorted((kind for kind in inner if kind is not NoneType), key=lambda kind: kind is float)
        choices = dict.fromkeys(choice for kind in kinds for choice in _choices(kind))
        words = [f"one of {', '.join(choices)}" if get_origin(kind) is Literal else describe(kind) for kind in kinds]
        return " or ".join(dict.fromkeys(words))
    if origin in (list, tuple, Sequence, Iterable):
        return f"a list, each of it {describe(inner[0])}" if inner else "a list"
    if origin in (dict, Mapping):
        return "values by name"
    return f"the name of {_article(hint.__name__)} {hint.__name__}" if inspect.isclass(hint) else "a value"


def _article(name: str) -> str:
    return "an" if name[:1] in "AEIOU" else "a"


def _choices(hint: Any) -> list[str]:
    inner = get_args(hint)
    return list(map(str, inner)) if get_origin(hint) is Literal else [name for kind in inner for name in _choices(kind)]


def _is_callable(hint: Any) -> bool:
    return any(_is_callable(inner) for inner in get_args(hint)) or Callable in (hint, get_origin(hint))
