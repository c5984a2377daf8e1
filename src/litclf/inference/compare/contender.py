"""Contender: a run among those that are compared, its name, settings, metrics and what it got right."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from lightning.pytorch import Trainer
from numpy.typing import NDArray
from torch import Tensor

from litclf.data.base import ClassificationDataModule
from litclf.inference.rebuild import LoadedRun, load_run
from litclf.models.classifier import Classifier
from litclf.models.networks.ensemble import members_of
from litclf.models.outputs import outputs
from litclf.runs.versions import name_of
from litclf.utilities.errors import InputError
from litclf.utilities.statistics import wilson

_SILENT = {"default_root_dir", "enable_progress_bar", "enable_model_summary", "num_sanity_val_steps"}
"""Settings of the Trainer that change nothing about what is learned."""


@dataclass(frozen=True)
class Outcome:
    """What a classifier makes of its test split.

    Attributes:
        x: Inputs as stored, shape ``(N, *input_shape)``.
        y: Targets, shape ``(N,)``.
        right: Whether each sample is given its class, bool of shape ``(N,)``.
    """

    x: Tensor
    y: Tensor
    right: NDArray[np.bool_]

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the accuracy."""
        return wilson(float(self.right.mean()), len(self.right))

    def same_samples(self, other: Outcome) -> bool:
        """Whether both were tested on the very same samples."""
        return torch.equal(self.y, other.y) and torch.equal(self.x, other.x)


@dataclass(frozen=True)
class Contender:
    """A run among others.

    Attributes:
        name: A name that no other run of the comparison has.
        run: The run.
    """

    name: str
    run: LoadedRun

    @cached_property
    def settings(self) -> dict[str, Any]:
        """All settings by name, also those that were left at their defaults."""
        run = self.run
        settings = {"seed": run.metrics.get("seed", run.config.get("seed_everything"))}
        for part, thing in (("model", run.model), ("data", run.data)):
            arguments = inspect.signature(type(thing)).parameters
            settings[part] = type(thing).__name__
            settings.update({f"{part}.{key}": value for key, value in thing.hparams.items() if key in arguments})
        told = run.model.hparams.get("members") or {}
        settings["members"] = told.get("count", 1)
        settings |= {"members_from": told["first"], "vary": told["vary"]} if told else {}
        given = run.config.get("trainer") or {}
        for name, argument in inspect.signature(Trainer).parameters.items():
            if name not in _SILENT:
                settings[f"trainer.{name}"] = given.get(name, argument.default)
        return settings

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """Final metrics by log key, train before val before test, then steps and seconds.

        Test metrics are left out where the run tested another checkpoint than the one loaded. Of members they are
        means, and ``ensemble/...`` are those of the mean probability.
        """
        own = self.run.metrics
        tested = (own.get("best") or {}).get("path", "last.ckpt")
        stages = ["train", "val", *(["test", "ensemble"] if self.run.checkpoint.name == tested else [])]
        metrics = {
            key: value for stage in stages for key, value in own.items() if key.split("/")[0] == stage and "/" in key
        }
        return metrics | {"steps": own.get("global_step"), "seconds": own.get("fit_seconds")}

    @cached_property
    def test(self) -> Outcome | None:
        """What the model makes of the test split; None where it is no classifier, or there is none."""
        model, data = self.run.model, self.run.data
        if not isinstance(model, Classifier) or not isinstance(data, ClassificationDataModule):
            return None
        x, y = data.splits["test"]
        if not len(y):
            return None
        logits, y = outputs(model, data.test_dataloader())
        return Outcome(x, y, (model.classes(logits) == y).numpy())

    @cached_property
    def scores(self) -> dict[str, dict[int, float]]:
        """Test accuracy and loss by log key, of each member that has not diverged, by its seed.

        A run of one network has one. Empty where :attr:`test` is None.
        """
        model, data = self.run.model, self.run.data
        if self.test is None or not isinstance(model, Classifier) or not isinstance(data, ClassificationDataModule):
            return {}
        scores: dict[str, dict[int, float]] = {"test/accuracy": {}, "test/loss": {}}
        networks = members_of(model.network)
        alive = range(1) if model.members is None else model.members.alive
        seeds = [self.settings["seed"]] if model.members is None else model.members.seeds.all
        for number in alive:
            found, y = outputs(networks[number], data.test_dataloader())
            logits = model.shaped(found)
            scores["test/accuracy"][seeds[number]] = float((model.classes(logits) == y).double().mean())
            scores["test/loss"][seeds[number]] = float(model.loss(logits, y))
        return scores


def contenders(paths: Sequence[Path]) -> list[Contender]:
    """Loads runs and names each by its folder.

    Raises:
        InputError: If a run cannot be loaded, or is given twice.

    Example:
        >>> contenders([])
        []
    """
    runs = [load_run(path) for path in paths]
    names = [_name(run) for run in runs]
    if len(set(names)) < len(names):
        names = [str(run.checkpoint) for run in runs]
    for place, run in enumerate(runs):
        if run.checkpoint.resolve() in [other.checkpoint.resolve() for other in runs[:place]]:
            raise InputError(str(paths[place]), "is given twice", "name other runs to compare it with")
    return [Contender(name, run) for name, run in zip(names, runs, strict=True)]


def _name(run: LoadedRun) -> str:
    return name_of(run.folder.resolve())


class Settled(Protocol):
    """A run that knows its settings by name."""

    @property
    def settings(self) -> dict[str, Any]:
        """All settings that are known."""
        ...


def differing_settings(contenders: Sequence[Settled]) -> dict[str, list[Any]]:
    """Settings that are not the same in all runs, with the value of each; "" where one has no such setting."""
    names = dict.fromkeys(name for contender in contenders for name in contender.settings)
    values = {name: [contender.settings.get(name, "") for contender in contenders] for name in names}
    return {name: own for name, own in values.items() if any(value != own[0] for value in own)}


def shown(value: Any) -> str:
    """A setting as text for a table: as in the config, and of at most 30 characters.

    Example:
        >>> shown(0.1), shown(None), shown(list(range(100)))
        ('0.1', 'null', '[0, 1, 2, 3, 4, 5, 6, 7, 8, 9…')
    """
    text = "null" if value is None else str(value)
    return text if len(text) <= 30 else f"{text[:29]}…"
