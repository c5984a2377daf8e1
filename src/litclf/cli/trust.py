"""Which classes a config may name: those of litclf, Lightning and PyTorch, and of modules that the user allows."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence

import jsonargparse._actions
import jsonargparse._typehints
import lightning.pytorch.cli  # noqa: F401  # imported later, it would set again how configs are read
from jsonargparse import set_parsing_settings
from jsonargparse._util import import_object
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

_allowed: set[str] = set()


def allow_classes(args: Sequence[str]) -> list[str]:
    """Allows the modules that ``--allow_classes`` names, and no others, until the next call.

    Args:
        args: The arguments of a command.

    Returns:
        The arguments without these flags, so that no config can hold them.

    Raises:
        InputError: If the flag is not followed by the name of a module.

    Example:
        >>> allow_classes(["fit", "--allow_classes", "mine", "--model", "mine.Net"])
        ['fit', '--model', 'mine.Net']
        >>> allow_classes(["fit"])
        ['fit']
    """
    left, modules, waiting = [], [], iter(args)
    for arg in waiting:
        flag, equals, value = arg.partition("=")
        if flag != FLAG:
            left.append(arg)
            continue
        module = value if equals else next(waiting, "")
        if not all(part.isidentifier() for part in module.split(".")):
            raise InputError(FLAG, f"needs the name of a module, got {module!r}", f"pass {FLAG} mymodule")
        modules.append(module)
    _allowed.clear()
    _allowed.update(modules)
    return left


def trusted_class(name: str) -> type:
    """The class of that name; nothing is imported of a module that is not trusted.

    Raises:
        InputError: If it is of another module, no class, or none that a run is made of.

    Example:
        >>> trusted_class("litclf.BinaryClassifier").__name__
        'BinaryClassifier'
        >>> trusted_class("os.system")
        Traceback (most recent call last):
        litclf.utilities.errors.InputError: class_path: must be of litclf, torch.nn, ..., got 'os.system'; fix: ...
    """
    parts = name.split(".") if isinstance(name, str) else []
    if len(parts) < 2 or not all(part.isidentifier() for part in parts):
        raise ValueError(f"Expected a dot import path string: {name}")  # what jsonargparse says of it
    trusted = _is_in(name, PACKAGES)
    if not (trusted or _is_in(name, _allowed)):
        rule = f"must be of {', '.join(PACKAGES)}, got {name!r}"
        raise InputError("class_path", rule, f"pass {FLAG} {name.rpartition('.')[0]} if you trust it")
    if trusted and any(part.startswith("_") for part in parts):
        raise InputError("class_path", f"must be public, got {name!r}", "name a public class")
    kind = import_object(name)
    if not inspect.isclass(kind):
        raise InputError("class_path", f"must be a class, got {name!r}", "name a class")
    # A module's names are also those that it has imported from others.
    home = f"{kind.__module__}.{kind.__name__}"
    if not (_is_in(home, _allowed) or (_is_in(home, PACKAGES) and issubclass(kind, _KINDS))):
        rule = f"must be a class that a run is made of, got {name!r}"
        raise InputError("class_path", rule, "see litclf fit --help")
    return kind


def _is_in(name: str, modules: Iterable[str]) -> bool:
    return any(name.startswith(f"{module}.") for module in modules)


# jsonargparse has no setting for what may be imported. Its own lookup is replaced where values of a config reach it,
# for the whole process: what is refused by mistake is seen, what is let in by mistake is not.
for _module in (jsonargparse._typehints, jsonargparse._actions):
    assert vars(_module)["import_object"] is import_object, "jsonargparse has changed: classes would not be checked"
    vars(_module)["import_object"] = trusted_class
# Lightning lets configs be fetched from any address.
set_parsing_settings(config_read_mode_urls_enabled=False, config_read_mode_fsspec_enabled=False)
