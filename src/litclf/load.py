"""A run as it was left: its settings, its results, and its model with the weights that were kept."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

import litclf
from litclf.checkpoints import read_checkpoint, run_folder
from litclf.checks import InputError
from litclf.data.base import InMemoryDataModule
from litclf.models.stepped import SteppedModule

Part = TypeVar("Part", SteppedModule, InMemoryDataModule)

_RESTORE = "restore the file as `litclf fit` wrote it"


@dataclass(frozen=True)
class LoadedRun:
    """A run with its model, ready to predict.

    Attributes:
        folder: The run folder.
        checkpoint: The checkpoint that the weights are of.
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
    """Loads a run from its folder.

    Only classes of litclf are built, whatever the files name, and weights are read as plain tensors.

    Args:
        run: A run folder, whose best checkpoint is taken, or the last one where no best was kept; a checkpoint in it;
            or the folder of all versions of a run, whose latest with a checkpoint is taken.

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
    folder = _folder_of(run)
    metrics = _read(folder / "metrics.json", json.loads)
    checkpoint = run if run.is_file() else _best_of(folder, metrics)
    path = folder / "config.yaml"
    config = _read(path, yaml.safe_load)
    model = _load_model(*_named(config, "model", SteppedModule, path), checkpoint, path)
    data_class, arguments = _named(config, "data", InMemoryDataModule, path)
    return LoadedRun(folder, checkpoint, config, metrics, model, _built(data_class, arguments, path))


def _folder_of(run: Path) -> Path:
    if run.is_file():
        return run_folder(run)
    if not run.is_dir():
        raise InputError(str(run), "does not exist", "pass a run folder such as lightning_logs/circles/version_0")
    versions = [folder for folder in run.glob("version_*") if folder.name[8:].isdigit()]
    for folder in (run, *sorted(versions, key=lambda folder: int(folder.name[8:]), reverse=True)):
        if any(folder.glob("checkpoints/*.ckpt")):
            return folder
    raise InputError(str(run), "holds no run with a checkpoint", "pass a folder that `litclf fit` has made")


def _best_of(folder: Path, metrics: dict[str, Any]) -> Path:
    """The checkpoint that was tested: the best one under its own name, or the last one."""
    best = metrics.get("best")
    names = [Path(str(best["path"])).name] if isinstance(best, dict) and "path" in best else []
    for name in (*names, "best.ckpt", "last.ckpt"):
        if (folder / "checkpoints" / name).is_file():
            return folder / "checkpoints" / name
    rule = "holds neither best.ckpt nor last.ckpt"
    raise InputError(str(folder / "checkpoints"), rule, "pass the path of a checkpoint in it")


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


def _named(config: dict[str, Any], part: str, base: type[Part], path: Path) -> tuple[type[Part], dict[str, Any]]:
    """The class that the config names, found among litclf's own and never imported by name, and its arguments."""
    described = config.get(part)
    if not isinstance(described, dict) or not isinstance(described.get("class_path"), str):
        raise InputError(str(path), f"names no class of {part}", _RESTORE)
    name = described["class_path"]
    short = name.rpartition(".")[2]
    kind = getattr(litclf, short) if short in litclf.__all__ else None
    known_as = (short, f"litclf.{short}", f"{getattr(kind, '__module__', '')}.{short}")
    if not (inspect.isclass(kind) and issubclass(kind, base)) or name not in known_as:
        rule = f"has {name} as its {part}, which is no class of litclf"
        raise InputError(str(path), rule, "load a class of your own in Python, by its load_from_checkpoint")
    arguments = described.get("init_args") or {}
    if not isinstance(arguments, dict):
        raise InputError(str(path), f"must hold the arguments of {part} by name, got {arguments}", _RESTORE)
    known = inspect.signature(kind).parameters
    for argument in arguments:
        if argument not in known:
            raise InputError.unknown(f"{path}: {kind.__name__}", str(argument), known)
    return kind, arguments


def _built(kind: type[Part], arguments: dict[str, Any], path: Path) -> Part:
    try:
        return kind(**arguments)
    except InputError as error:
        raise InputError(f"{path}: {error.where}", error.what, error.fix) from error
    except (TypeError, ValueError, AttributeError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(str(path), f"gives {kind.__name__} what it cannot take: {reason}", _RESTORE) from error


def _load_model(kind: type[SteppedModule], arguments: dict[str, Any], ckpt_path: Path, path: Path) -> SteppedModule:
    """The model with the weights of the checkpoint, whose hyperparameters, sizes among them, go before the config."""
    checkpoint = read_checkpoint(ckpt_path)
    saved, known = checkpoint["hyper_parameters"], inspect.signature(kind).parameters
    if "network" in known and "network" not in saved:
        rule = "holds a network of one's own, which no config can name"
        raise InputError(str(ckpt_path), rule, "load it in Python, by load_from_checkpoint with that network")
    model = _built(kind, arguments | {name: value for name, value in saved.items() if name in known}, path)
    try:
        model.on_load_checkpoint(checkpoint)
        model.load_state_dict(checkpoint["state_dict"])
    except (RuntimeError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(str(ckpt_path), f"does not fit {path}: {reason}", "pass a checkpoint of that run") from error
    return model.eval()
