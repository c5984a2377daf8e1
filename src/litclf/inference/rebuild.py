"""Model and data of a run, built anew from its checkpoint alone, of litclf's own classes only."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch

from litclf.data.base import InMemoryDataModule
from litclf.data.registry import DATAMODULES
from litclf.models.base import SteppedModule
from litclf.models.registry import MODELS
from litclf.runs.find import find_checkpoint, read_checkpoint
from litclf.runs.hparams import LEARNED, check_size
from litclf.utilities.errors import InputError
from litclf.utilities.registry import Registry

Part = TypeVar("Part", SteppedModule, InMemoryDataModule)

_NO_ARGUMENTS = LEARNED | {"weights_path"}
"""Hyperparameters that the model's constructor is not given; no file is read that a checkpoint names."""

_OTHER = "pass a checkpoint that litclf wrote"


def rebuild_model(checkpoint: dict[str, Any], path: Path) -> SteppedModule:
    """The model of a checkpoint with its weights, on the CPU, in evaluation mode.

    Args:
        checkpoint: Its content, of :func:`~litclf.runs.find.read_checkpoint`.
        path: The file, for messages.

    Raises:
        InputError: If the checkpoint is of another model than litclf's, or its parts do not fit together.
    """
    saved = checkpoint["hyper_parameters"]
    name = str(saved.get("model_class"))
    kind = _own_class(MODELS, name, SteppedModule)
    if kind is None:
        rule = f"{path} is of {name}, which is no model of litclf"
        raise InputError("ckpt_path", rule, "load a class of your own in Python, by its load_from_checkpoint")
    if "network" in inspect.signature(kind).parameters and "network" not in saved:
        rule = f"{path} is of a network of one's own"
        raise InputError("ckpt_path", rule, f"load it in Python: {name}.load_from_checkpoint(path, network=...)")
    arguments = {key: value for key, value in saved.items() if key not in _NO_ARGUMENTS}
    where = f"{path}: {name}"
    check_size(lambda: _built(kind, arguments, where), checkpoint["state_dict"], path)
    with torch.random.fork_rng(devices=[]):  # initial weights are drawn, and thrown away
        model = _built(kind, arguments, where)
    try:
        model.on_load_checkpoint(checkpoint)
        model.load_state_dict(checkpoint["state_dict"])
    except (RuntimeError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise InputError("ckpt_path", f"the weights in {path} do not fit its model: {reason}", _OTHER) from error
    return model.eval()


def load_data(path: str | Path, changes: Mapping[str, Any] | None = None) -> InMemoryDataModule:
    """Builds the data that a checkpoint was trained with anew; nothing of it is read before it is used.

    Args:
        path: As :func:`find_checkpoint` takes it.
        changes: Arguments of the data that are to be others, such as the folder it lies in.

    Raises:
        InputError: If the checkpoint does not hold them, or an argument is unknown.
    """
    path = find_checkpoint(Path(path))
    checkpoint = read_checkpoint(path)
    names = [name for name in DATAMODULES if name in checkpoint]
    kinds = [kind for name in names if (kind := _own_class(DATAMODULES, name, InMemoryDataModule))]
    if not kinds:
        rule = f"{path} was trained with data that is none of litclf's"
        raise InputError("ckpt_path", rule, "pass a checkpoint of a fit with litclf's data")
    arguments = {**checkpoint.get("datamodule_hyper_parameters", {}), **(changes or {})}
    return _built(kinds[0], arguments, f"{path}: {kinds[0].__name__}")


def _own_class(registry: Registry, name: str, base: type[Part]) -> type[Part] | None:
    """The class of litclf with that name; nothing is imported by a name that a file holds."""
    kind = registry.load(name) if name in registry else None
    return kind if inspect.isclass(kind) and issubclass(kind, base) else None


def _built(kind: type[Part], arguments: dict[str, Any], where: str) -> Part:
    known = inspect.signature(kind).parameters
    for argument in arguments:
        if argument not in known:
            raise InputError.unknown(where, str(argument), known)
    try:
        return kind(**arguments)
    except InputError as error:
        raise InputError(f"{where}: {error.where}", error.what, error.fix) from error
    except (TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise InputError(where, f"gets what it cannot take: {' '.join(str(error).split())}", _OTHER) from error
