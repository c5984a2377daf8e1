"""Metric tables as the terminal shows them: of one network by stage, and of members as means with their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litclf.models.member_scores import TOGETHER
from litclf.training.members import lower_is_better
from litclf.utilities.text import aligned, short

_ORDER = ("train", "val", "test")
_HEAD = ("mean", "95 % interval", "std", "least", "most")


def print_metrics(metrics: Mapping[str, Any]) -> None:
    """Prints the metrics of a fit or a stage, and the class that some of them are of."""
    told = metrics.get("members")
    print("", *(_stages(metrics) if told is None else member_lines(told, metrics)), sep="\n")
    if of := metrics.get("positive_class"):
        name = of["name"] if len(of["name"]) <= 60 else short(of["name"])
        print(f"f1, precision and recall of class {name}, {of['why']} (--model.positive_class)")


def _stages(metrics: Mapping[str, Any]) -> list[str]:
    """A table with a row for each stage."""
    cells = {tuple(key.split("/")): value for key, value in metrics.items() if key.count("/") == 1}
    stages = [stage for stage in _ORDER if any(row == stage for row, _ in cells)]
    names = list(dict.fromkeys(name for stage, name in cells if stage in stages and not name.endswith("_step")))
    rows = [
        [stage, *(f"{cells[stage, name]:.4f}" if (stage, name) in cells else "" for name in names)] for stage in stages
    ]
    least = [5, *(18 if len(name) > 11 else 11 for name in names)]
    return aligned([["", *names], *rows], between=" ", at_least=least)


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
    rows, head = [[key, *_cells(told["metrics"][key])] for key in keys], ["", *_HEAD]
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
