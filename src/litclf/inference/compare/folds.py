"""Cross-validations compared: whether one model is better than another on the same folds, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml

from litclf.inference.compare.pairs import NoPair
from litclf.runs.fold_files import FoldFiles, parting
from litclf.runs.read import read_folder
from litclf.runs.versions import name_of
from litclf.utilities.differences import Difference, fold_difference
from litclf.utilities.errors import InputError
from litclf.utilities.statistics import holm

METRICS = {"test/accuracy": False, "test/loss": True}
"""What cross-validations are compared by, and whether less is better."""


@dataclass(frozen=True)
class FoldRun:
    """A cross-validation among others.

    Attributes:
        name: A name that no other run of the comparison has.
        files: What it left.
        metrics: What ``metrics.json`` has of each metric over the folds: mean, interval, ...
        config: The content of ``config.yaml``.
    """

    name: str
    files: FoldFiles
    metrics: dict[str, Any]
    config: dict[str, Any]

    @cached_property
    def settings(self) -> dict[str, Any]:
        """Settings of model, data and Trainer by name."""
        found: dict[str, Any] = {"seed": self.config.get("seed_everything")}
        for part in ("model", "data"):
            own = self.config.get(part) or {}
            found[part] = own.get("class_path")
            found |= {f"{part}.{name}": value for name, value in (own.get("init_args") or {}).items()}
        found |= {f"trainer.{name}": value for name, value in (self.config.get("trainer") or {}).items()}
        return found | {name: self.files.settings.get(name) for name in ("folds", "repeats", "groups", "order_by")}

    @cached_property
    def scores(self) -> dict[str, dict[tuple[str, str], float]]:
        """Each of :data:`METRICS` of each fold that has not diverged, by its repeat and fold."""
        rows = self.files.tables["cv"]
        return {
            metric: {(row["repeat"], row["fold"]): float(row[metric]) for row in rows if row.get(metric)}
            for metric in METRICS
        }

    @cached_property
    def places(self) -> list[list[str]]:
        """Of each row its name, its label and the folds that held it out."""
        kept = [key for key in self.files.tables["oof"][0] if key in ("row", "label") or key.startswith("fold_")]
        return [[row[key] for key in kept] for row in self.files.tables["oof"]]


@dataclass(frozen=True)
class FoldPair:
    """Two cross-validations of the same folds, and how they differ in one metric.

    Attributes:
        first: Name of the first.
        second: Name of the second.
        metric: The log key.
        folds: How many folds of both there are.
        difference: The first less the second.
        adjusted: Its p-value, by Holm for all that are looked at.
    """

    first: str
    second: str
    metric: str
    folds: int
    difference: Difference
    adjusted: float = 1.0

    @property
    def better(self) -> str:
        """Name of the one that is better in the mean."""
        return self.first if (self.difference.mean > 0) != METRICS[self.metric] else self.second


def fold_runs(folders: Sequence[Path]) -> list[FoldRun]:
    """The cross-validations in run folders; fewer where some are other runs.

    Raises:
        InputError: If a file of one is damaged, or a run is given twice.
    """
    found: dict[Path, FoldRun] = {}
    for folder in folders:
        run = read_folder(folder)
        if run.folds is not None:
            if folder.resolve() in found:
                raise InputError(str(folder), "is given twice", "name other runs to compare it with")
            told = (run.history.metrics.get("members") or {}).get("metrics") or {}
            name, config = name_of(folder.resolve()), yaml.safe_load(run.config) or {}
            found[folder.resolve()] = FoldRun(name, run.folds, told, config)
    runs = list(found.values())
    if len({run.name for run in runs}) < len(runs):
        return [replace(run, name=str(folder)) for folder, run in found.items()]
    return runs


def compare_folds(runs: Sequence[FoldRun]) -> list[FoldPair | NoPair]:
    """Every pair of cross-validations, in the order given, by each of :data:`METRICS`."""
    pairs = [own for first, second in combinations(runs, 2) for own in _pairs(first, second)]
    adjusted = iter(holm([own.difference.p_value for own in pairs if isinstance(own, FoldPair)]))
    return [replace(own, adjusted=next(adjusted)) if isinstance(own, FoldPair) else own for own in pairs]


def _pairs(first: FoldRun, second: FoldRun) -> list[FoldPair | NoPair]:
    if first.places != second.places:
        ways = [parting(run.files.settings) for run in (first, second)]
        how = f": {ways[0]}, and {ways[1]}" if ways[0] != ways[1] else ", or by another seed of the data"
        return [NoPair(first.name, second.name, f"No p-value: the two were tested on other folds{how}.")]
    found: list[FoldPair | NoPair] = []
    for metric in METRICS:
        common = sorted(first.scores[metric].keys() & second.scores[metric].keys())
        if len(common) > 1:
            values = [[run.scores[metric][fold] for fold in common] for run in (first, second)]
            difference = fold_difference(values[0], values[1], first.files.overlap)
            found.append(FoldPair(first.name, second.name, metric, len(common), difference))
    return found or [NoPair(first.name, second.name, "No p-value: fewer than two folds of both have a result.")]
