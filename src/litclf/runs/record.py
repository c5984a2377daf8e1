"""Record of a run: its parts, its surroundings and what was found on the way."""

from __future__ import annotations

import inspect
import os
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import torch
from lightning.pytorch import LightningDataModule, LightningModule, Trainer

from litclf.utilities.data_spec import DataSpec
from litclf.utilities.version import __version__


def described(part: LightningModule | LightningDataModule) -> dict[str, Any]:
    """Class and arguments, as ``config.yaml`` holds them."""
    arguments = inspect.signature(type(part)).parameters
    values = {key: value for key, value in part.hparams.items() if key in arguments and is_plain(value)}
    return {"class_path": f"{type(part).__module__}.{type(part).__qualname__}", "init_args": values}


def is_plain(value: Any) -> bool:
    """Whether ``value`` is a number, a string, a boolean, None, or a list or dict of such."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(is_plain(item) for item in value)
    return value is None or isinstance(value, str | bool | int | float)


def plain(metrics: Any) -> dict[str, Any]:
    """Metrics as numbers, without those of single steps."""
    return {key: float(value) for key, value in metrics.items() if not key.endswith("_step")}


_version = cache(version)  # which reads the metadata of a package anew each time


def versions() -> dict[str, str]:
    """Versions of litclf, Python and the packages that results depend on."""
    packages = {name: _version(name) for name in ("torch", "lightning", "torchmetrics", "scikit-learn")}
    return {"litclf": __version__, "python": platform.python_version(), **packages}


def facts_of(trainer: Trainer, spec: DataSpec, started: str) -> dict[str, Any]:
    """What a reader of the results wants to know beside the metrics, and what the callbacks found."""
    facts: dict[str, Any] = {"started": started, "hardware": hardware(trainer)}
    if spec.in_memory:
        facts.update({f"num_{name}": number for name, number in spec.num_samples.items()})
    facts["class_names"] = list(spec.class_names)
    hparams = getattr(trainer.lightning_module, "hparams", {})
    if isinstance(hparams.get("lr"), float):
        facts["learning_rate"] = hparams["lr"]
    for callback in cast(Any, trainer).callbacks:
        facts.update(getattr(callback, "facts", {}))
    return facts


def hardware(trainer: Trainer) -> str:
    """Name of the accelerator or processor, with the number of CPUs."""
    if trainer.strategy.root_device.type == "cuda":
        return torch.cuda.get_device_name(trainer.strategy.root_device)
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()}, {os.cpu_count()} CPUs"
