"""Metric tables as the terminal shows them: of one network by stage, and of members as means with their intervals."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from shutil import get_terminal_size
from typing import Any

from litclf.models.member_scores import TOGETHER
from litclf.training.members import lower_is_better
from litclf.utilities.statistics import wilson
from litclf.utilities.terminal import painted
from litclf.utilities.text import aligned, measured, short

FIRST = ("accuracy", "loss")
"""Metrics that are told before others."""

_ORDER = ("train", "val", "test")
_HEAD = ("mean", "95 % interval", "std", "least", "most")
_NARROW = 80
"""Places of a terminal below which the table of members leaves out how far they are spread."""


def print_metrics(metrics: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """Prints the metrics of a fit or a stage, and the class that some of them are of.

    Args:
        metrics: Metrics under their log keys, and what a run holds beside them.
        facts: What is known of the samples: how many ``num_test`` are, and their confusion.
    """
    told = metrics.get("members")
    print()
    for line in _stages(metrics, facts) if told is None else member_lines(told, metrics):
        print(painted(line, "bold" if "accuracy" in line[:13] else None, sys.stdout))
    if of := metrics.get("positive_class"):
        name = of["name"] if len(of["name"]) <= 60 else short(of["name"])
        print(f"f1, precision and recall of class {name}, {of['why']} (--model.positive_class)")


def _stages(metrics: Mapping[str, Any], facts: Mapping[str, Any]) -> list[str]:
    """A table with a column for each stage, the last with intervals."""
    cells = {(key.partition("/")[0], key.partition("/")[2]): metrics[key] for key in metrics if key.count("/") == 1}
    stages = [stage for stage in _ORDER if any(there == stage for there, _ in cells)]
    names = dict.fromkeys(name for stage, name in cells if stage in stages and not name.endswith("_step"))
    rows = [["", *stages]]
    for name in sorted(names, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST)):
        interval = _interval(stages[-1], name, metrics, facts)
        written = [measured(cells.get((stage, name)), interval if stage == stages[-1] else None) for stage in stages]
        rows.append([name, *written])
    return aligned(rows, left=len(rows[0]))


def _interval(
    stage: str, name: str, metrics: Mapping[str, Any], facts: Mapping[str, Any]
) -> tuple[float, float] | None:
    """95 % interval of a share of samples; None where it is none, or nobody knows of how many."""
    value, count = metrics.get(f"{stage}/{name}"), None
    if name == "accuracy":
        count = facts.get(f"num_{stage}")
    elif name in ("precision", "recall") and stage == "test":
        count = _count_of(name, metrics, facts)
    return wilson(value, count) if count and value is not None and 0 <= value <= 1 else None


def _count_of(name: str, metrics: Mapping[str, Any], facts: Mapping[str, Any]) -> int | None:
    """Samples that precision or recall of one of two classes is a share of: those named so, or those that are so."""
    confusion, of = facts.get("confusion") or [], (metrics.get("positive_class") or {}).get("name")
    if len(confusion) != 2 or of not in facts["class_names"]:
        return None
    place = facts["class_names"].index(of)
    counts = confusion[place] if name == "recall" else [row[place] for row in confusion]
    return int(sum(counts))


def member_lines(told: Mapping[str, Any], metrics: Mapping[str, Any]) -> list[str]:
    """Who the members are, a table with a row for each metric of theirs, and the marks that they reach.

    Args:
        told: What :func:`litclf.training.members.summary` gave.
        metrics: Where the metrics of all members together are found, if they were measured.

    Example:
        >>> from litclf.training.members import spread
        >>> import numpy as np
        >>> own = {"test/accuracy": spread(np.array([0.98, 1.0, 0.99]), 1.0)}
        >>> told = {"seeds": [42, 43, 44], "vary": "both", "diverged": [], "metrics": own, "marks": {}}
        >>> print("\\n".join(member_lines(told, {"ensemble/accuracy": 1.0})))
        members     3, seeds 42 to 44
                        mean     95 % interval    std  least   most together
        test/accuracy 0.9900 0.9652 to 1.0000  0.0100 0.9800 1.0000   1.0000
    """
    seeds, left = told["seeds"], told["diverged"]
    same = {"weights": ", the same order of samples", "order": ", the same initial weights", "both": ""}[told["vary"]]
    gone = f"; diverged: {', '.join(map(str, left))}" if left else ""
    # What is measured of all together is measured in the last stage.
    keys = sorted(told["metrics"], key=lambda key: _ORDER.index(key.partition("/")[0]))
    last = keys[-1].partition("/")[0] if keys else ""
    together = [metrics.get(f"{TOGETHER}/{key.removeprefix(f'{last}/')}", "") for key in keys]
    columns = len(_HEAD) if get_terminal_size().columns >= _NARROW else 2
    rows, head = [[key, *_cells(told["metrics"][key])[:columns]] for key in keys], ["", *_HEAD[:columns]]
    if any(value != "" for value in together):
        rows = [[*row, value if value == "" else f"{value:.4f}"] for row, value in zip(rows, together, strict=True)]
        head.append("together")
    lines = [f"members     {len(seeds)}, seeds {seeds[0]} to {seeds[-1]}{same}{gone}"]
    lines += aligned([head, *rows], between=" ") if rows else []
    if any(own["interval"] == "bootstrap" for own in told["metrics"].values()):
        lines.append("b: by bootstrap, where the members are far from normal")
    return [*lines, *(_marked(key, own) for key, own in told["marks"].items())]


def _cells(own: Mapping[str, Any]) -> list[str]:
    low, high = (f"{own[end]:.4f}" for end in ("low", "high"))
    interval = f"{low} to {high} {'b' if own['interval'] == 'bootstrap' else ' '}"
    return [f"{own['mean']:.4f}", interval, *(f"{own[name]:.4f}" for name in ("std", "least", "most"))]


def _marked(key: str, own: Mapping[str, Any]) -> str:
    sign = "at most" if lower_is_better(key) else "at least"
    share, low, high = (f"{100 * own[name]:.0f} %" for name in ("share", "low", "high"))
    return f"{'mark':11} {key} {sign} {own['mark']:g}: {own['reached']} of {own['of']}, {share} (95 % {low} to {high})"
