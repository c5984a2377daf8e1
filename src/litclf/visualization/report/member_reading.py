"""Reading of members in plain words: who fell behind and why, what the seed decides, what all together are worth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import numpy as np

from litclf.runs.history import History
from litclf.runs.member_history import MemberHistory
from litclf.utilities.text import listed

STAGES = {"test": "test", "val": "validation", "train": "train"}
"""The stages that members are told by, the first of which there is anything, and their names."""

APART = 0.05
"""Accuracy by which a member must be below the others to have fallen behind; less is the usual work of the seed."""

_LISTED, _FEW = 8, 3


def read_troubles(history: History, members: MemberHistory) -> list[str]:
    """Members that were left behind or fell behind, with the cause that was found, or that none was, if looked for.

    Example:
        >>> rows = [{"seed": seed, "train/accuracy": 1.0} for seed in range(3)]
        >>> rows[1]["train/accuracy"] = 0.5
        >>> facts = {"num_train": 100, "dead_units": [[], [{"units": 4, "dead": 2, "silent": 75, "lost": 50}], []]}
        >>> read_troubles(History({}, facts, []), MemberHistory(rows, []))[0]
        '1 of 3 members died: dead ReLUs in layer 1 (seed 1). Its train accuracy is 50.0 %, the others have 100.0 %.'
    """
    count, found = len(members.rows), []
    diverged = [number for number, row in enumerate(members.rows) if "diverged_at" in row]
    if diverged:
        found.append(f"{len(diverged)} of {count} members diverged and were left behind ({_seeds(members, diverged)}).")
    behind = fallen_behind(history, members)
    causes = {number: cause_of(number, behind, history, members) for number in behind}
    died = {layer: [number for number in behind if causes[number] == layer] for layer in sorted({*causes.values()})}
    unknown = died.pop(0, [])
    if died:
        layers = ", ".join(f"in layer {layer} ({_seeds(members, own)})" for layer, own in died.items())
        own = [number for number in behind if number not in unknown]
        found.append(f"{len(own)} of {count} members died: dead ReLUs {layers}. {_worth(own, behind, members)}")
    if unknown:
        why = ", and no cause was found" if history.facts.get("dead_units") else ""
        told = f"{len(unknown)} of {count} members fell behind{why} ({_seeds(members, unknown)})."
        found.append(f"{told} {_worth(unknown, behind, members)}")
    return found


def fallen_behind(history: History, members: MemberHistory) -> list[int]:
    """Numbers of the members that have not learned what the others have, best first; by what they were trained on.

    In the order of their accuracies they come after a gap of :data:`APART` or more, beyond what chance explains. The
    gap is wider than all that lies above it, where half of the members are; or those below it do no better than always
    naming the most frequent class.
    """
    stage = _stage(members, "train", "val", "test")
    values = members.values(f"{stage}/accuracy")
    order = sorted(np.flatnonzero(np.isfinite(values)).tolist(), key=lambda number: -values[number])
    baseline = (history.facts.get("baselines") or {}).get("majority class") or {}

    def worth(value: float) -> tuple[float, float]:
        return history.interval(stage, value) or (value, value)

    for cut in range(1, len(order)):
        above, below = values[order[:cut]], values[order[cut:]]
        gap = above[-1] - below[0]
        if gap < APART or worth(below[0])[1] >= worth(median(above))[0]:
            continue
        clear = 2 * cut >= len(order) and gap > above[0] - above[-1]
        if clear or worth(below[0])[0] <= baseline.get("accuracy", 0.0):
            return order[cut:]
    return []


def cause_of(number: int, behind: Sequence[int], history: History, members: MemberHistory) -> int:
    """The first layer, from 1 on, whose dead rectifiers are why a member fell behind; 0 where there is none.

    Half of its errors and more are of samples that no unit of the layer reacts to; or half of the layer's units and
    more are dead, and more than in any member that has not fallen behind.
    """
    layers = history.facts.get("dead_units") or []
    errors = (1 - members.values("train/accuracy")[number]) * history.facts.get("num_train", 0)
    others = [own for other, own in enumerate(layers) if other not in behind and own]
    for place, layer in enumerate((number < len(layers) and layers[number]) or []):
        most = max((own[place]["dead"] for own in others if place < len(own)), default=0)
        lost = layer.get("lost", 0)
        if (lost and 2 * lost >= errors) or (2 * layer["dead"] >= layer["units"] and layer["dead"] > most):
            return place + 1
    return 0


def read_members(history: History, members: MemberHistory) -> list[str]:
    """What the seed decides, and whether all members together are worth more than one.

    Example:
        >>> rows = [{"seed": seed, "test/accuracy": value} for seed, value in enumerate([0.96, 0.98, 1.0])]
        >>> read_members(History({}, {}, []), MemberHistory(rows, []))
        ['The seed alone moves the test accuracy from 96.0 % (seed 0) to 100.0 % (seed 2), standard deviation 2.0 %.']
    """
    stage = _stage(members, *STAGES)
    told = (history.metrics.get("members") or {}).get("metrics") or {}
    found = [_spread(history, members, stage)]
    if stage == "test":
        found.append(_together(history, told.get("test/accuracy") or {}, len(members.rows)))
    return [sentence for sentence in found if sentence]


def _spread(history: History, members: MemberHistory, stage: str) -> str:
    """From where to where the accuracy goes, and whether that is more than the samples leave open anyway."""
    values = members.values(f"{stage}/accuracy")
    finite = values[np.isfinite(values)]
    if len(finite) < 2:
        return ""
    least, most, name = finite.min(), finite.max(), STAGES[stage]
    if least == most:
        return f"The seed makes no difference: each member has {percent(least)} {name} accuracy."
    vary = (history.metrics.get("members") or {}).get("vary")
    what = {"weights": "The initial weights alone move", "order": "The order of the samples alone moves"}
    worst, best = (_ends(members, values, end) for end in (least, most))
    deviation = float(finite.std(ddof=1))
    told = (
        f"{what.get(str(vary), 'The seed alone moves')} the {name} accuracy from {percent(least)} ({worst}) to "
        f"{percent(most)} ({best}), standard deviation {percent(deviation)}"
    )
    interval, count = history.interval(stage, float(finite.mean())), history.facts.get(f"num_{stage}")
    if interval is None or stage == "train":
        return f"{told}."
    open_anyway = (interval[1] - interval[0]) / 2
    more = "more" if 1.96 * deviation > open_anyway else "less"
    both = f"± {percent(1.96 * deviation)} in 95 % of seeds, {more} than the ± {percent(open_anyway)}"
    return f"{told}: {both} that {count} {name} samples leave open."


def _together(history: History, mean: Mapping[str, Any], count: int) -> str:
    """The test accuracy of the ensemble, held against the interval of the members' mean."""
    together, low, high = history.metrics.get("ensemble/accuracy"), mean.get("low"), mean.get("high")
    if together is None or low is None or high is None or not math.isfinite(high - low):
        return ""
    where, verdict = "within", "not clearly better than one of them"
    if together > high:
        where, verdict = "above", "better than one of them"
    elif together < low:
        where, verdict = "below", "worse than one of them"
    interval = f"{percent(low)} to {percent(high)}"
    return (
        f"All {count} together have {percent(together)} test accuracy, {where} the interval of the members' mean "
        f"({interval}): {verdict}."
    )


def _worth(own: Sequence[int], behind: Sequence[int], members: MemberHistory) -> str:
    """What some that have fallen behind are worth, and the others."""
    stage = _stage(members, "train", "val", "test")
    values = members.values(f"{stage}/accuracy")
    others = [value for number, value in enumerate(values) if number not in behind and math.isfinite(value)]
    theirs = "Its" if len(own) == 1 else "Their"
    return f"{theirs} {STAGES[stage]} accuracy is {_range(values[own])}, the others have {_range(np.array(others))}."


def _range(values: Any) -> str:
    least, most = percent(values.min()), percent(values.max())
    return least if least == most else f"{least} to {most}"


def _stage(members: MemberHistory, *stages: str) -> str:
    """The first of ``stages`` in which an accuracy of members was measured."""
    return next((own for own in stages if np.isfinite(members.values(f"{own}/accuracy")).any()), stages[0])


def _seeds(members: MemberHistory, numbers: Sequence[int]) -> str:
    seeds = [members.seeds[number] for number in sorted(numbers)]
    return f"seed{'s' if len(seeds) > 1 else ''} {listed(seeds, _LISTED)}"


def _ends(members: MemberHistory, values: Any, end: float) -> str:
    """The seeds of those that have a value; how many, where they are many."""
    numbers = np.flatnonzero(values == end).tolist()
    return _seeds(members, numbers) if len(numbers) <= _FEW else f"{len(numbers)} of the seeds"


def percent(share: float) -> str:
    """A share as it is told, with one decimal.

    Example:
        >>> percent(0.975)
        '97.5 %'
    """
    return f"{100 * share:.1f} %"
