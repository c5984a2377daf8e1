"""Trust: a config may name classes of litclf, Lightning and PyTorch, and of modules that the user allows."""

from __future__ import annotations

import inspect
import os
import pkgutil
from collections.abc import Iterable, Mapping
from typing import Any

import lightning.pytorch.cli  # noqa: F401  # imported later, it would set again how configs are read
from jsonargparse import Namespace, set_parsing_settings
from lightning.fabric.accelerators.accelerator import Accelerator
from lightning.fabric.loggers.logger import Logger
from lightning.fabric.plugins import CheckpointIO, ClusterEnvironment, Precision
from lightning.fabric.strategies.strategy import Strategy
from lightning.pytorch import Callback, LightningDataModule, Trainer
from lightning.pytorch.plugins import LayerSync
from lightning.pytorch.profilers import Profiler
from lightning.pytorch.strategies import Strategy as TrainerStrategy
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from litclf.utilities.errors import InputError

FLAG = "--allow_classes"
HELP = (
    f"\n{FLAG} MODULE\n    Lets a config name classes of this module of yours; may be given again, and by no config.\n"
)

PACKAGES = ("litclf", "torch.nn", "torch.optim", "lightning", "torchmetrics")
"""Of PyTorch only where models and optimizers are: elsewhere an import alone may look for compilers."""

_KINDS = (
    *(nn.Module, LightningDataModule, Optimizer, LRScheduler, Trainer, Callback, Logger, Profiler),
    *(Strategy, TrainerStrategy, Accelerator, Precision, CheckpointIO, ClusterEnvironment, LayerSync),
)
"""What a run is made of. The packages also hold classes that start processes and functions that run a file's code."""

_OTHER_LIGHTNINGS = {
    "pytorch_lightning": "lightning.pytorch",
    "pl": "lightning.pytorch",
    "lightning_fabric": "lightning.fabric",
    "L": "lightning",
}
"""Packages of the same classes, and what scripts call them, with the package whose classes run here."""

_allowed: set[str] = set()


def allow_classes(modules: Iterable[str]) -> None:
    """Allows values to name classes of these modules beside :data:`PACKAGES`, and of no others, until the next call.

    It holds for the whole process, for which jsonargparse keeps it: what is refused by mistake is seen, what is let in
    by mistake is not.

    Raises:
        InputError: If one is not the name of a module, or that of the parser itself.

    Example:
        >>> allow_classes(["mine"])
        >>> allow_classes([])
        >>> allow_classes(["my module"])
        Traceback (most recent call last):
        litclf.utilities.errors.InputError: --allow_classes: needs the name of a module, got 'my module'; fix: ...
    """
    modules = list(modules)
    for module in modules:
        if not all(part.isidentifier() for part in module.split(".")):
            raise InputError(FLAG, f"needs the name of a module, got {module!r}", f"pass {FLAG} mymodule")
        if _is_in(module, ["jsonargparse"]):
            raise InputError(FLAG, f"must not name what reads the configs, got {module}", "drop it")
    # Nothing is imported of what is denied here; the most specific entry counts, and allowing wins over denying.
    set_parsing_settings(import_path_denylist=["*", *_allowed], import_path_allowlist=[*PACKAGES, *modules])
    _allowed.clear()
    _allowed.update(modules)


def check_kinds(value: Any, where: str = "") -> None:
    """Refuses what a run is not made of, anywhere in parsed settings, before anything of it is built.

    Args:
        value: Settings as the parser leaves them: classes by their ``class_path``, functions and classes as such.
        where: What the value is called in an error; the names of values within are put behind it.

    Raises:
        InputError: If there is a function, or a class of another kind.

    Example:
        >>> check_kinds({"model": {"class_path": "litclf.BinaryClassifier"}})
        >>> check_kinds({"logger": {"class_path": "lightning.pytorch.cli.LightningCLI"}})
        Traceback (most recent call last):
        litclf.utilities.errors.InputError: --logger: must be a class that a run is made of, got ...
    """
    if isinstance(value, Namespace):
        value = vars(value)
    if isinstance(value, Mapping):
        own: Mapping[str, Any] = {}
        if "class_path" in value:
            own = inspect.signature(trusted_class(value["class_path"], where)).parameters
            given = value.get("init_args") or {}
            value = {**(vars(given) if isinstance(given, Namespace) else given), **(value.get("dict_kwargs") or {})}
        # The defaults of a class are its own, and no values that somebody has named.
        for name, inner in value.items():
            if name not in own or inner is not own[name].default:
                check_kinds(inner, f"{where}.{name}" if where else f"--{name}")
    elif isinstance(value, list | tuple):
        for inner in value:
            check_kinds(inner, where)
    elif isinstance(value, str) and where.startswith("--trainer") and _is_in(value, _OTHER_LIGHTNINGS):
        _check_package(value, value, where)  # a setting that takes a name too has let it pass
    elif inspect.ismodule(value) or (callable(value) and not isinstance(value, os.PathLike)):
        kind = value if inspect.isclass(value) or inspect.isroutine(value) else type(value)
        _check_kind(kind, f"{kind.__module__}.{kind.__qualname__}", where)


def trusted_class(name: str, where: str = "class_path") -> type:
    """The class of that name; nothing is imported of a module that is not trusted.

    Args:
        name: Path of the class.
        where: What named it, for errors.

    Raises:
        InputError: If it is of another module, no class, or none that a run is made of.

    Example:
        >>> trusted_class("litclf.BinaryClassifier").__name__
        'BinaryClassifier'
        >>> trusted_class("os.system")
        Traceback (most recent call last):
        litclf.utilities.errors.InputError: class_path: must be of litclf, torch.nn, ..., got 'os.system'; fix: ...
    """
    _check_name(name, where)
    try:
        kind = pkgutil.resolve_name(name)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(where, f"there is no {name}", "name a class that there is") from error
    return _check_kind(kind, name, where)


def _check_name(name: str, where: str) -> None:
    """Refuses the name of what must not be imported: of no trusted module, or private in one the user has not named."""
    _check_package(name, name, where)
    trusted, allowed = _is_in(name, PACKAGES), _is_in(name, _allowed)
    if not (trusted or allowed):
        rule = f"must be of {', '.join(PACKAGES)}, got {name!r}"
        raise InputError(where, rule, f"pass {FLAG} {name.rpartition('.')[0]} if you trust it")
    if not allowed and any(part.startswith("_") for part in name.split(".")):
        raise InputError(where, f"must be public, got {name!r}", "name a public class")


def _check_package(module: str, name: str, where: str, of: str | None = None) -> None:
    """Refuses what is of Lightning under its other names, which is installed beside it and is no part of a run here.

    Args:
        module: The module that the class is of.
        name: Path of the class.
        where: What named it.
        of: The class that is made from it, where that is another.
    """
    package, _, _ = module.partition(".")
    if package in _OTHER_LIGHTNINGS:
        same = f"{_OTHER_LIGHTNINGS[package]}.{name.partition('.')[2]}"
        if of not in (None, name):
            rule = f"{of} is made from {name}, and a Trainer of lightning takes no class of {package}"
            raise InputError(where, rule, f"import {same} there")
        rule = f"{name} is of {package}, and a Trainer of lightning takes no class of it"
        raise InputError(where, rule, f"name {same} in its place")


def _check_kind(kind: Any, name: str, where: str) -> type:
    """``kind``, where it is a class of the user's or one that a run is made of."""
    if not inspect.isclass(kind):
        raise InputError(where, f"must be a class, got {name!r}", "name a class")
    for base in kind.__mro__:
        _check_package(base.__module__, f"{base.__module__}.{base.__name__}", where, name)
    if not is_trusted(kind):
        rule = f"must be a class that a run is made of, got {name!r}"
        raise InputError(where, rule, "see litclf fit --help")
    return kind


def is_trusted(kind: type) -> bool:
    """Whether a class is the user's own, or one that a run is made of, by the module that it was written in.

    Example:
        >>> is_trusted(nn.Linear), is_trusted(Namespace)
        (True, False)
    """
    # A module's names are also those that it has imported from others.
    home = f"{kind.__module__}.{kind.__name__}"
    return _is_in(home, _allowed) or (_is_in(home, PACKAGES) and issubclass(kind, _KINDS))


def _is_in(name: str, modules: Iterable[str]) -> bool:
    return any(f"{name}.".startswith(f"{module}.") for module in modules)


allow_classes([])
# Lightning lets configs be fetched from any address; and what takes any value is to get it as it is given.
set_parsing_settings(
    config_read_mode_urls_enabled=False,
    config_read_mode_fsspec_enabled=False,
    instantiate_subclass_spec_in_any=False,
)
