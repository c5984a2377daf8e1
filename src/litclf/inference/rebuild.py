"""Rebuilding of a run: its model and data from its checkpoint, of litclf's own classes only, and what it recorded."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
import yaml

from litclf.data.base import InMemoryDataModule
from litclf.data.registry import DATAMODULES
from litclf.models.base import SteppedModule
from litclf.models.registry import MODELS
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.find import run_folder
from litclf.runs.hparams import LEARNED, check_size
from litclf.utilities.errors import InputError
from litclf.utilities.registry import Registry

Part = TypeVar("Part", SteppedModule, InMemoryDataModule)

_NO_ARGUMENTS = LEARNED | {"weights_path"}
"""Hyperparameters that the model's constructor is not given; no file is read that a checkpoint names."""

_RESTORE = "restore the file as `litclf fit` wrote it"
_OTHER = "pass a checkpoint that litclf wrote"


def rebuild_model(checkpoint: Checkpoint) -> SteppedModule:
    """The model of a checkpoint with its weights, on the CPU, in evaluation mode.

    Raises:
        InputError: If the checkpoint is of another model than litclf's, or its parts do not fit together.
    """
    path, saved = checkpoint.path, checkpoint.hparams
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
    check_size(lambda: _built(kind, arguments, where), checkpoint.content, path)
    with torch.random.fork_rng(devices=[]):  # initial weights are drawn, and thrown away
        model = _built(kind, arguments, where)
    try:
        model.on_load_checkpoint(checkpoint.content)
        model.load_state_dict(checkpoint.weights)
    except (RuntimeError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise InputError("ckpt_path", f"the weights in {path} do not fit its model: {reason}", _OTHER) from error
    return model.eval()


def rebuild_data(checkpoint: Checkpoint, changes: Mapping[str, Any] | None = None) -> InMemoryDataModule:
    """The data that a checkpoint was trained with; nothing of it is read before it is used.

    Args:
        checkpoint: The checkpoint.
        changes: Arguments of the data that are to be others, such as the folder it lies in.

    Raises:
        InputError: If the checkpoint does not hold them, or an argument is unknown.
    """
    names = [name for name in DATAMODULES if name in checkpoint.content]
    kinds = [kind for name in names if (kind := _own_class(DATAMODULES, name, InMemoryDataModule))]
    if not kinds:
        rule = f"{checkpoint.path} was trained with data that is none of litclf's"
        raise InputError("ckpt_path", rule, "pass a checkpoint of a fit with litclf's data")
    arguments = {**checkpoint.data_hparams, **(changes or {})}
    return _built(kinds[0], arguments, f"{checkpoint.path}: {kinds[0].__name__}")


@dataclass(frozen=True)
class LoadedRun:
    """A run as it was left, with its model ready to predict.

    Attributes:
        folder: The run folder.
        checkpoint: Path of the checkpoint that the weights are of.
        config: The content of ``config.yaml``.
        metrics: The content of ``metrics.json``.
        model: The model, on the CPU, in evaluation mode.
        data: The data; nothing of it is read before it is used.
    """

    folder: Path
    checkpoint: Path
    config: dict[str, Any]
    metrics: dict[str, Any]
    model: SteppedModule
    data: InMemoryDataModule


def load_run(run: Path) -> LoadedRun:
    """Loads a run from its folder; only classes of litclf are built, whatever the files name.

    Args:
        run: A run folder, a checkpoint in it, or the folder of all versions of a run, as
            :func:`~litclf.runs.find.find_tested` takes it.

    Raises:
        InputError: If a file is missing, damaged or does not fit the others; the message names it.

    Example:
        >>> import tempfile
        >>> from litclf import BinaryClassifier, CirclesDataModule, fit
        >>> root = tempfile.mkdtemp()
        >>> settings = {"max_epochs": 1, "enable_progress_bar": False, "default_root_dir": root}
        >>> folder = fit(BinaryClassifier(hidden_dims=[4]), CirclesDataModule(), **settings).folder
        >>> run = load_run(folder.parent)
        >>> run.folder.name, run.checkpoint.name, type(run.data).__name__, run.model.hparams["hidden_dims"]
        ('version_0', 'best.ckpt', 'CirclesDataModule', [4])
    """
    try:
        checkpoint = Checkpoint.tested(run)
    except InputError as error:
        raise InputError(str(run), error.what, error.fix) from error
    path = checkpoint.path
    folder = run_folder(path) if run.is_file() else path.parent.parent
    metrics = _read(folder / "metrics.json", json.loads)
    config = _read(folder / "config.yaml", yaml.safe_load)
    return LoadedRun(folder, path, config, metrics, rebuild_model(checkpoint), rebuild_data(checkpoint))


def _read(path: Path, parse: Callable[[str], Any]) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(str(path), "is missing", "finish the run by litclf fit --ckpt_path RUN/checkpoints/last.ckpt")
    try:
        content = parse(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise InputError(str(path), f"cannot be read: {' '.join(str(error).split())}", _RESTORE) from error
    if not isinstance(content, dict):
        raise InputError(str(path), f"must hold settings by name, got {type(content).__name__}", _RESTORE)
    return content


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
