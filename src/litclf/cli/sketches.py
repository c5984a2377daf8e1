"""Sketches: the classes that settings are for, by name and signature alone, read from their sources.

They stand for the real ones where those are not needed: PyTorch, which each of them loads, takes a second or two.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from copy import deepcopy
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Optional, Union

from litclf.cli.signatures import OWN_TYPES, OwnSetting, arguments_of, subclasses
from litclf.data.registry import DATAMODULES
from litclf.models.registry import MODELS
from litclf.utilities.registry import Registry

_PLAIN = {"int": int, "float": float, "bool": bool, "Literal": Literal, "Optional": Optional, "Union": Union}
_PLAIN |= {"Sequence": Sequence, "list": list, "str": str}
"""What the types are made of that are read here; what anything else takes is left to the parser."""


@cache
def sketched_types() -> dict[str, Any]:
    """Types of what a config of a run may hold, as :func:`~litclf.cli.signatures.setting_types` has them.

    Models and data are sketches; a type is :data:`~typing.Any` where it is not plain.

    Example:
        >>> arguments_of(class_of("CirclesDataModule"))["noise"]
        <class 'float'>
    """
    model, data = _sketched("LightningModule", MODELS), _sketched("LightningDataModule", DATAMODULES)
    trainer = arguments_of(_sketch("lightning.pytorch.trainer.trainer", "Trainer", object))
    run = {"seed_everything": bool | int, "ckpt_path": Any, "trainer": trainer}
    return OWN_TYPES | run | {"model": model, "data": data | None}


def class_of(name: str) -> type | None:
    """The sketch of the model or data of that name; None where there is none."""
    types = sketched_types()
    kinds = [*subclasses(types["model"]), *subclasses(types["data"].__args__[0])]
    return next((kind for kind in kinds if kind.__name__ == name), None)


def _sketched(base: str, registry: Registry) -> type:
    """A base class, with the classes of a registry made from it, which it keeps."""
    kind = type(base, (), {})
    kind.sketches = [_sketch(home, name, kind) for name, home in registry.homes.items()]  # type: ignore[attr-defined]
    return kind


def _sketch(module: str, name: str, base: type) -> type:
    """A class of that name whose constructor takes what the real one takes, and does nothing."""
    home, own = constructor_of(module, name)
    hints = {argument.arg: hint_of(home, argument.annotation) for argument in arguments_in(own.args)}
    args, nothing = deepcopy(own.args), ast.Constant(None)
    for argument in arguments_in(args):
        argument.annotation = None
    args.defaults = [nothing for _ in args.defaults]
    args.kw_defaults = [default and nothing for default in args.kw_defaults]
    made = ast.FunctionDef(own.name, args, [ast.Pass()], [], None)
    space: dict[str, Any] = {}
    exec(compile(ast.fix_missing_locations(ast.Module([made], [])), module, "exec"), space)
    space[own.name].__annotations__ = hints
    return type(name, (base,), {own.name: space[own.name], "__module__": module})


def arguments_in(args: ast.arguments) -> Iterator[ast.arg]:
    """All arguments of a function, those that take what is left over last."""
    yield from (*args.posonlyargs, *args.args, *args.kwonlyargs)
    yield from filter(None, (args.vararg, args.kwarg))


def constructor_of(module: str, name: str) -> tuple[str, ast.FunctionDef]:
    """The constructor of a class, its own or that of the first base that has one, and the module it stands in.

    Raises:
        LookupError: If it is none of sources that are read here.
    """
    home, kind = definition(module, name)
    if not isinstance(kind, ast.ClassDef):
        raise LookupError(name)
    for node in kind.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            return home, node
    for base in kind.bases:
        return constructor_of(home, ast.unparse(base))
    raise LookupError(name)


def definition(module: str, name: str) -> tuple[str, ast.AST]:
    """What a name is in a module of ours or in Lightning's Trainer, and the module that defines it."""
    for node in _source(module).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return module, node
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]:
            return module, node.value
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("litclf."):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return definition(node.module, alias.name)
    raise LookupError(name)


def constant(module: str, name: str) -> Any:
    """The plain value that a name stands for in a module of ours.

    Raises:
        LookupError: If it stands for none.

    Example:
        >>> constant("litclf.training.trainer", "MAX_EPOCHS")
        20
    """
    home, value = definition(module, name)
    if isinstance(value, ast.Name):
        return constant(home, value.id)
    try:
        return ast.literal_eval(value)
    except ValueError as error:
        raise LookupError(name) from error


def default_of(own: OwnSetting) -> Any:
    """The default of a setting of the run."""
    return constant(*own.default) if isinstance(own.default, tuple) else own.default


@cache
def _source(module: str) -> ast.Module:
    package, *parts = module.split(".")
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise LookupError(module)
    path = Path(spec.origin).parent.joinpath(*parts).with_suffix(".py")
    return ast.parse(path.read_text(encoding="utf-8"))


def hint_of(module: str, annotation: ast.expr | None) -> Any:
    """The type that an annotation says, where it is made of plain ones."""
    if annotation is None:
        return Any
    names = {node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)} - _PLAIN.keys()
    try:
        space = {name: hint_of(*definition(module, name)) for name in names}  # type: ignore[arg-type]
        if Any in space.values():
            return Any
        code = compile(ast.Expression(annotation), module, "eval")
        return eval(code, {"__builtins__": {}} | _PLAIN | space)
    except (LookupError, NameError, TypeError, AttributeError):
        return Any
