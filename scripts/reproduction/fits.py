"""Fits of presets, for `experiments.py`: read from their YAML, changed where asked, fitted and kept."""

from __future__ import annotations

import csv
import importlib
import math
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import torch
import yaml
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

import litclf
from litclf.cli.presets import preset_path
from litclf.models.networks.ensemble import members_of
from litclf.training.run import RunResult


@dataclass(frozen=True)
class Setting:
    """Where an experiment runs: the folder of its runs, the data folder of MNIST, and the number of seeds."""

    root: Path
    mnist: str | None = None
    seeds: int = 10

    def some(self, most: int, first: int = 0) -> range:
        """The seeds of an experiment that asks for ``most`` of them, from ``first`` on."""
        return range(first, first + min(most, self.seeds))


class _FinalWeights(Callback):
    """Keeps the weights after the last step; what a fit returns are those of its best checkpoint."""

    def __init__(self) -> None:
        self.weights: dict[str, Tensor] = {}

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.weights = {name: value.detach().clone() for name, value in pl_module.state_dict().items()}


@dataclass(frozen=True)
class Fit:
    """A fitted preset, with what the checks ask of it."""

    result: RunResult
    data: Any
    weights: dict[str, Tensor]

    @property
    def rows(self) -> list[dict[str, str]]:
        """The rows of ``metrics.csv``."""
        assert self.result.folder is not None
        with (self.result.folder / "metrics.csv").open(encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def at(self, key: str, index: int) -> float:
        """The metric ``key`` in the row of optimizer step ``index``, counted from 0; NaN where there is none."""
        found = [row[key] for row in self.rows if int(row["step"]) == index and row.get(key)]
        return float(found[0]) if found else math.nan

    @property
    def final(self) -> Any:
        """The model with the weights after the last step."""
        self.result.model.load_state_dict(self.weights)
        return self.result.model.eval()

    def accuracy(self, *splits: str) -> float:
        """Share of right answers of the final weights on ``splits`` together; of members, of the first."""
        return self.accuracies(*splits)[0]

    def accuracies(self, *splits: str) -> list[float]:
        """As :meth:`accuracy`, of each member."""
        x, y = (torch.cat([self.data.splits[name][part] for name in splits]) for part in (0, 1))
        model = self.final
        with torch.no_grad():
            each = [model.shaped(network(x)) for network in members_of(model.network)]
            return [float(model.correct(logits, y)) / len(y) for logits in each]

    def each_at(self, key: str, step: int) -> list[float]:
        """The metric ``key`` of each member after ``step`` optimizer steps."""
        model: Any = self.result.model
        moments, values = model.members.curves[key]
        return list(values[[moment.step for moment in moments].index(step)].tolist())


def build(preset: str, **changes: Any) -> tuple[Any, Any, dict[str, Any]]:
    """Model, data and Trainer arguments of a preset, with ``changes`` to whichever of the three has the name."""
    config = yaml.safe_load(preset_path(preset).read_text(encoding="utf-8"))
    trainer: dict[str, Any] = config.get("trainer") or {}
    for name, value in changes.items():
        parts = [config["data"]["init_args"], config["model"]["init_args"], trainer]
        # A name that the preset leaves out is the Trainer's, except for two of the data's.
        of_data = name in ("data_dir", "steps_per_execution")
        home = parts[0] if of_data else next((part for part in parts if name in part), trainer)
        home[name] = value
    callbacks = []
    for callback in trainer.get("callbacks") or []:
        module, _, kind = callback["class_path"].rpartition(".")
        callbacks.append(getattr(importlib.import_module(module), kind)(**callback.get("init_args", {})))
    model, data = (getattr(litclf, config[p]["class_path"])(**config[p]["init_args"]) for p in ("model", "data"))
    return model, data, {**trainer, "callbacks": callbacks}


def run(setting: Setting, preset: str, seed: int = 42, members: int = 1, **changes: Any) -> Fit:
    """Fits a preset with ``changes``: one network, or one of each of so many seeds from ``seed`` on."""
    if preset.startswith("mnist"):
        changes["data_dir"] = setting.mnist
    model, data, trainer = build(preset, **changes)
    end = _FinalWeights()
    args = {**trainer, "callbacks": [*trainer["callbacks"], end], "default_root_dir": str(setting.root)}
    with redirect_stdout(StringIO()):
        result = litclf.fit(model, data, name=preset, seed=seed, members=members, enable_progress_bar=False, **args)
    return Fit(result, data, end.weights)
