"""Texts: what YAML has for a number, a truth value or a mapping, kept as it was typed where a text is wanted.

A column may be called ``no``, ``2020`` or ``Unnamed: 9``. What is no text for a setting is left as YAML has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import yaml
from jsonargparse import get_loader

from litclf.utilities.errors import InputError
from litclf.utilities.text import pasted


def as_typed(text: str, hint: Any) -> Any:
    """The value of a YAML text for a setting of a type; one text is a list of one, where a list is wanted.

    Args:
        text: What stands behind a flag.
        hint: The type of the setting.

    Raises:
        yaml.YAMLError: If it is no YAML, and no text is wanted.

    Example:
        >>> as_typed("[no, 2020, Unnamed: 9]", list[str] | None)
        ['no', '2020', 'Unnamed: 9']
        >>> as_typed("Unnamed: 9", str | None), as_typed("Unnamed: 9", list[str]), as_typed("no", bool)
        ('Unnamed: 9', ['Unnamed: 9'], False)
    """
    kinds = alternatives(hint)
    items = items_of(hint)
    if text == "null":
        return None
    if str in kinds and not (items and text.startswith("[")):
        return text
    if items is str and text and not text.startswith("["):
        return [text]
    node = yaml.compose(text, yaml.SafeLoader)
    if node is None:
        return None
    value = _loaded(text)
    return value if value == text else _typed(value, node, hint, text)  # jsonargparse has {a} for a text


def _loaded(text: str) -> Any:
    try:
        return get_loader("yaml")(text)
    except (ValueError, TypeError) as error:  # of 0x_, which YAML takes for a number, and of {8}, by jsonargparse
        raise yaml.YAMLError(str(error)) from error


def names_in(text: str, flag: str) -> list[str]:
    """The names that a text lists: one, or several in brackets; each as it was typed.

    Args:
        text: What stands behind the flag.
        flag: The flag, for the refusal.

    Raises:
        InputError: If it begins as a list and is none of names.

    Example:
        >>> names_in("[no, 'a, b', 007]", "--drop"), names_in("size [cm]", "--drop")
        (['no', 'a, b', '007'], ['size [cm]'])
    """
    try:
        names = as_typed(text, list[str])
    except yaml.YAMLError as error:
        raise no_list(text, flag) from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise no_list(text, flag)
    return names


def no_list(text: str, flag: str) -> InputError:
    """What is said of a text that should list names and cannot be read as such; names are guessed by the commas."""
    inner = text.strip().removeprefix("[").removesuffix("]")
    names = [name.strip().strip("\"'") for name in inner.split(",")]
    return InputError(flag, f"must be a list of names, got {text}", f"quote the names: {pasted(flag, names)}")


def config_as_typed(content: dict[str, Any], text: str, types: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a config with its texts as they were typed.

    Args:
        content: What YAML has for the ``text``.
        text: The file's text.
        types: Types of the settings it may hold.

    Example:
        >>> config_as_typed({"name": 2020, "threads": 2}, "{name: 2020, threads: 2}", {"name": str, "threads": int})
        {'name': '2020', 'threads': 2}
    """
    node = yaml.compose(text, yaml.SafeLoader)
    return _in_mapping(content, node, types, text) if isinstance(node, yaml.MappingNode) else content


def _typed(value: Any, node: yaml.Node, hint: Any, source: str) -> Any:
    """``value``, which YAML has for ``node`` of the text ``source``, with the texts in it as they were typed."""
    kinds = alternatives(hint)
    items = items_of(hint)
    if isinstance(node, yaml.SequenceNode):
        if items is None or not isinstance(value, list):
            return value
        return [_typed(inner, below, items, source) for inner, below in zip(value, node.value, strict=True)]
    if isinstance(node, yaml.MappingNode) and {"class_path", "init_args"} & value.keys():
        return _class_typed(value, node, hint, source)
    text = _written(node, source)
    if text is None or (value is None and (NoneType in kinds or not text)) or _fits(value, kinds):
        return value
    if str in kinds or any(text in get_args(kind) for kind in kinds if get_origin(kind) is Literal):
        return text
    return [text] if items is str else value


def _class_typed(value: dict[str, Any], node: yaml.MappingNode, hint: Any, source: str) -> dict[str, Any]:
    # Names alone need no PyTorch, which the classes load.
    from litclf.cli.signatures import arguments_of, arguments_of_any, class_named

    kind = class_named(value, hint)
    below = {name.value: inner for name, inner in node.value}.get("init_args")
    arguments = value.get("init_args")
    if not isinstance(below, yaml.MappingNode) or not isinstance(arguments, dict):
        return value
    if kind is None and "class_path" in value:
        return value
    # Without its class, arguments are for that of another config.
    types = arguments_of_any(hint) if kind is None else arguments_of(kind)
    return value | {"init_args": _in_mapping(arguments, below, types, source)}


def _in_mapping(
    content: dict[str, Any], node: yaml.MappingNode, types: Mapping[str, Any], source: str
) -> dict[str, Any]:
    """``content`` with its values as they were typed; a name of ``types`` may stand for settings of its own."""
    typed = dict(content)
    for name, below in node.value:
        if name.value in types and content.get(name.value) is not None:
            hint, value = types[name.value], content[name.value]
            if isinstance(hint, Mapping):
                typed[name.value] = _in_mapping(value, below, hint, source) if isinstance(value, dict) else value
            else:
                typed[name.value] = _typed(value, below, hint, source)
    return typed


def items_of(hint: Any) -> Any:
    """The type of the items, where a type allows a list; None where it does not, or says nothing of them."""
    lists = [get_args(kind) for kind in alternatives(hint) if get_origin(kind) in (list, Sequence)]
    return lists[0][0] if lists and lists[0] else None


def _fits(value: Any, kinds: Sequence[Any]) -> bool:
    """Whether a value is of one of the kinds as YAML has it."""
    choices = [choice for kind in kinds if get_origin(kind) is Literal for choice in get_args(kind)]
    return (
        type(value) in kinds
        or (type(value) is int and float in kinds)
        or any(value == choice and type(value) is type(choice) for choice in choices)
    )


def _written(node: yaml.Node, source: str) -> str | None:
    """How a name was written: as a scalar, or with a colon, which YAML takes for a mapping of one."""
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    pair = node.value[0] if isinstance(node, yaml.MappingNode) and len(node.value) == 1 else ()
    if not pair or not all(isinstance(end, yaml.ScalarNode) and end.style is None for end in pair):
        return None
    text = source[pair[0].start_mark.index : pair[1].end_mark.index]
    return text if "\n" not in text and source[node.start_mark.index] != "{" else None


def alternatives(hint: Any) -> list[Any]:
    """The types that a type allows side by side, None by its own.

    Example:
        >>> alternatives(int | list[str] | None)
        [<class 'int'>, list[str], <class 'NoneType'>]
    """
    inner = get_args(hint) if get_origin(hint) in (Union, UnionType) else [NoneType if hint is None else hint]
    return list(inner)
