"""Command ``litclf schema``: what a config may hold, as a JSON schema that editors complete and check YAML by."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import yaml

from litclf.cli.arguments import ToolParser
from litclf.cli.documented import arguments_documented, ready, summary_of
from litclf.cli.signatures import OWN
from litclf.cli.sketches import default_of
from litclf.data.registry import DATAMODULES
from litclf.models.registry import MODELS
from litclf.utilities.registry import Registry

_KINDS = {int: "integer", float: "number", bool: "boolean", NoneType: "null"}
_TEXT = {"type": ["string", "number", "boolean"]}
"""A text may look like a number or a truth value in YAML; it is kept as it was typed."""


def main(args: list[str]) -> int:
    """``litclf schema``: prints the schema.

    Args:
        args: None.

    Returns:
        The exit code, 0.

    Raises:
        InputError: If anything is given.
        SystemExit: For ``--help``.
    """
    parser = ToolParser("schema", "Prints a JSON schema of configs, by which editors complete and check them.")
    parser.epilog = (
        "litclf schema > litclf.json, and `# yaml-language-server: $schema=litclf.json` as the first line of a config."
    )
    parser.parse_args(args)
    print(json.dumps(schema(), indent=2, ensure_ascii=False))
    return 0


def schema() -> dict[str, Any]:
    """The JSON schema of a config, of draft 2020-12.

    Example:
        >>> list(schema()["properties"])[:4], schema()["$defs"]["CirclesDataModule"]["properties"]["noise"]["type"]
        (['seed_everything', 'model', 'data', 'trainer'], 'number')
    """
    own = {
        name: {**_of_type(one.hint), "description": one.words, "default": default_of(one)} for name, one in OWN.items()
    }
    names = [*ready(MODELS), *ready(DATAMODULES), "Trainer"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Config of litclf",
        "type": "object",
        "properties": {
            "seed_everything": {
                "type": ["integer", "boolean"],
                "description": "Seed of weights and order.",
                "default": 42,
            },
            "model": _one_of(MODELS, "auto"),
            "data": _one_of(DATAMODULES),
            "trainer": {"$ref": "#/$defs/Trainer"},
            **own,
            "ckpt_path": {"type": ["string", "null"], "description": "Run or checkpoint to go on from."},
        },
        "additionalProperties": False,
        "$defs": {name: _arguments(name) for name in names},
    }


def _one_of(registry: Registry, *more: str) -> dict[str, Any]:
    """A class by its name alone, or by its path with its arguments; those of classes that are not ours are open."""
    names = {name: [name, f"litclf.{name}", f"{registry.homes[name]}.{name}"] for name in ready(registry)}
    strangers = {"type": "string", "pattern": r"^(?!litclf\.).+\..+$"}
    path = {"anyOf": [{"enum": [*more, *(path for own in names.values() for path in own)]}, strangers]}
    then = [
        {
            "if": {"properties": {"class_path": {"enum": paths}}},
            "then": {"properties": {"init_args": {"$ref": f"#/$defs/{name}"}}},
        }
        for name, paths in names.items()
    ]
    of_class = {
        "type": "object",
        "properties": {
            "class_path": path,
            "init_args": {"type": ["object", "null"]},
            "dict_kwargs": {"type": "object"},
        },
        "required": ["class_path"],
        "additionalProperties": False,
        "allOf": then,
    }
    return {
        "description": f"One of {', '.join([*more, *names])}.",
        "if": {"type": "object"},
        "then": of_class,
        "else": path,
    }


def _arguments(name: str) -> dict[str, Any]:
    """The arguments of a class."""
    found = {
        one.name: {**_of_type(one.hint), "description": one.words, **({} if one.required else {"default": one.default})}
        for one in arguments_documented(name)
    }
    told = {} if name == "Trainer" else {"description": summary_of(name)}
    return {"type": "object", **told, "properties": found, "additionalProperties": False}


def _of_type(hint: Any) -> dict[str, Any]:
    """What a value of a type may be in YAML."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint in _KINDS:
        return {"type": _KINDS[hint]}
    if hint is str:
        return dict(_TEXT)
    if origin is Literal:
        return {
            "enum": list(dict.fromkeys(value for choice in inner for value in (choice, yaml.safe_load(str(choice)))))
        }
    if origin in (Union, UnionType):
        return {"anyOf": [_of_type(kind) for kind in inner]}
    if origin in (list, Sequence):
        items = {"type": "array", "items": _of_type(inner[0])}
        return {"anyOf": [items, dict(_TEXT)]} if inner[0] is str else items
    return {"type": "object"} if origin in (dict, Mapping) else {}
