"""Tables of a comparison: ``comparison.csv``, with a column for each run, and ``comparison.json``, which holds all."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from litclf.inference.compare.contender import Contender, differing_settings
from litclf.inference.compare.members import SeedDifference
from litclf.inference.compare.pairs import NoPair, Pair
from litclf.utilities.files import replacing, write_json


def metrics_of(runs: Sequence[Contender]) -> dict[str, list[Any]]:
    """The value of each metric in each run; None where a run has no such metric."""
    names = dict.fromkeys(name for run in runs for name in run.metrics)
    # The stages of all runs stay together, and what the whole fit took comes last.
    order = ("train", "val", "test", "ensemble")
    ranked = sorted(names, key=lambda name: order.index(name.split("/")[0]) if "/" in name else len(order))
    return {name: [run.metrics.get(name) for run in runs] for name in ranked}


def write_tables(folder: Path, runs: Sequence[Contender], pairs: Sequence[Pair | NoPair]) -> None:
    """Writes both files into ``folder``."""
    differing = differing_settings(runs)
    table = folder / "comparison.csv"
    with replacing(table) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["kind", "name", *(run.name for run in runs)])
        writer.writerows(["setting", name, *values] for name, values in differing.items())
        writer.writerows(["metric", name, *values] for name, values in metrics_of(runs).items())
        writer.writerows(["member", name, *values] for name, values in _members(runs).items())
    content = {"runs": [_run_entry(run) for run in runs], "differing_settings": list(differing)}
    content["pairs"] = [_pair_entry(pair) for pair in pairs]
    write_json(folder / "comparison.json", content)


def _members(runs: Sequence[Contender]) -> dict[str, list[Any]]:
    """What each member of the runs reached, by metric and seed; nothing where none has members."""
    metrics = {metric: None for run in runs for metric, own in run.scores.items() if len(own) > 1}
    seeds = sorted({seed for run in runs for own in run.scores.values() if len(own) > 1 for seed in own})
    return {
        f"{metric} of seed {seed}": [run.scores.get(metric, {}).get(seed, "") for run in runs]
        for metric in metrics
        for seed in seeds
    }


def _run_entry(run: Contender) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": run.name, "folder": str(run.run.folder), "checkpoint": run.run.checkpoint.name}
    entry |= {"settings": run.settings, "metrics": run.metrics}
    if run.test is not None:
        interval = dict(zip(("low", "high"), run.test.interval, strict=True))
        entry["members"] = {
            metric: {str(seed): value for seed, value in own.items()}
            for metric, own in run.scores.items()
            if len(own) > 1
        }
        entry["test"] = {"right": int(run.test.right.sum()), "samples": len(run.test.right), "interval": interval}
    return entry


def _pair_entry(pair: Pair | NoPair) -> dict[str, Any]:
    entry: dict[str, Any] = {"first": pair.first, "second": pair.second}
    if isinstance(pair, NoPair):
        return entry | {"p_value": None, "reason": pair.reason}
    p_values = {"p_value": pair.counts.p_value, "p_value_holm": pair.adjusted}
    entry |= pair.counts._asdict() | p_values | {"verdict": pair.verdict}
    if pair.seeds:
        entry["members"] = {own.metric: _seeds_entry(own) for own in pair.seeds}
    return entry


def _seeds_entry(own: SeedDifference) -> dict[str, Any]:
    means, counts = (dict(zip(("first", "second"), values, strict=True)) for values in (own.means, own.counts))
    entry = {"mean": means, "members": counts, "paired": own.paired, "p_value_holm": own.adjusted}
    return entry | {"difference": own.difference._asdict()}
