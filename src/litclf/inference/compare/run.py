"""A run as it was left: its settings, its results, and its model with the weights that were kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from litclf.data.base import InMemoryDataModule
from litclf.inference.rebuild import load_data, rebuild_model
from litclf.models.base import SteppedModule
from litclf.runs.find import find_checkpoint, read_checkpoint, run_folder
from litclf.utilities.errors import InputError

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
    """Loads a run from its folder; only classes of litclf are built, whatever the files name.

    Args:
        run: A run folder, a checkpoint in it, or the folder of all versions of a run, as
            :func:`~litclf.runs.find.find_checkpoint` takes it.

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
        checkpoint = find_checkpoint(run)
    except InputError as error:
        raise InputError(str(run), error.what, error.fix) from error
    folder = run_folder(checkpoint) if run.is_file() else checkpoint.parent.parent
    metrics = _read(folder / "metrics.json", json.loads)
    config = _read(folder / "config.yaml", yaml.safe_load)
    model = rebuild_model(read_checkpoint(checkpoint), checkpoint)
    return LoadedRun(folder, checkpoint, config, metrics, model, load_data(checkpoint))


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
