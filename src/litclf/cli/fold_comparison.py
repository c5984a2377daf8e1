"""Fold comparison: what ``litclf compare`` prints and writes of cross-validations."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from litclf.inference.compare.contender import differing_settings, shown
from litclf.inference.compare.folds import METRICS, FoldPair, FoldRun
from litclf.inference.compare.pairs import LEVEL, NoPair
from litclf.utilities.files import replacing, write_json
from litclf.utilities.text import aligned

_SCOPE = (
    "Fold by fold, by the corrected resampled t test of Nadeau and Bengio: their training sets overlap.\n"
    "Where several are looked at, the sentences go by Holm's p-values."
)


def print_folds(runs: Sequence[FoldRun], pairs: Sequence[FoldPair | NoPair]) -> None:
    """Settings that differ, mean and interval of each metric, and whether one of each two is better."""
    differing = {name: list(map(shown, values)) for name, values in differing_settings(runs).items()}
    head = ["settings that differ", *(run.name for run in runs)]
    print("", *aligned([head, *([name, *values] for name, values in differing.items())]), sep="\n")
    metrics = list(dict.fromkeys(key for run in runs for key in run.metrics if key.startswith("test/")))
    rows = [[key, *(_interval(run.metrics.get(key)) for run in runs)] for key in metrics]
    print("", *aligned([["mean over the folds, 95 %", *(run.name for run in runs)], *rows]), sep="\n")
    before = None
    for pair in pairs:
        if before != (pair.first, pair.second):
            print(f"\n{pair.first} and {pair.second}")
        before = (pair.first, pair.second)
        print(pair.reason if isinstance(pair, NoPair) else _told(pair))
    if any(isinstance(pair, FoldPair) for pair in pairs):
        print(f"\n{_SCOPE}")


def write_folds(folder: Path, runs: Sequence[FoldRun], pairs: Sequence[FoldPair | NoPair]) -> None:
    """Writes ``comparison.csv``, with a column for each run, and ``comparison.json``, which holds all."""
    differing = differing_settings(runs)
    folds = sorted({(metric, *fold) for run in runs for metric, own in run.scores.items() for fold in own})
    with replacing(folder / "comparison.csv") as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["kind", "name", *(run.name for run in runs)])
        writer.writerows(["setting", name, *values] for name, values in differing.items())
        for metric, repeat, fold in folds:
            values = [run.scores[metric].get((repeat, fold), "") for run in runs]
            writer.writerow(["fold", f"{metric} of fold {fold} of repeat {repeat}", *values])
    content = {"runs": [{"name": run.name, "settings": run.settings, "metrics": run.metrics} for run in runs]}
    write_json(folder / "comparison.json", {**content, "pairs": [_entry(pair) for pair in pairs]})


def _interval(told: dict[str, Any] | None) -> str:
    return "" if told is None else f"{told['mean']:.4f} ({told['low']:.4f} to {told['high']:.4f})"


def _told(pair: FoldPair) -> str:
    mean, low, high, p_value, _ = pair.difference
    found = f"{pair.metric}: {mean:+.4f} (95 % {low:+.4f} to {high:+.4f}) over {pair.folds} folds, p = {p_value:.2g}"
    if pair.adjusted >= LEVEL:
        return f"{found}. These folds do not tell the two apart."
    return f"{found}. The difference is larger than chance explains: {pair.better} is the better one."


def _entry(pair: FoldPair | NoPair) -> dict[str, Any]:
    entry: dict[str, Any] = {"first": pair.first, "second": pair.second}
    if isinstance(pair, NoPair):
        return entry | {"p_value": None, "reason": pair.reason}
    told = {"metric": pair.metric, "folds": pair.folds, "lower_is_better": METRICS[pair.metric]}
    return entry | told | {"difference": pair.difference._asdict(), "p_value_holm": pair.adjusted}
