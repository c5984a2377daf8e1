"""Members of a fit as the page shows them: a row for each, beside what they are worth on average and together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from litclf.runs.history import History
from litclf.runs.member_history import MemberHistory
from litclf.visualization.report.member_charts import histogram
from litclf.visualization.report.member_reading import STAGES

TOGETHER = "ensemble"
"""Under which ``metrics.json`` has what the members are worth together."""


@dataclass(frozen=True)
class MemberRow:
    """One member.

    Attributes:
        seed: Its seed.
        best_epoch: Its best epoch, from 1; None where it has none.
        values: Its metrics, in the order of the columns; None where there is none.
        note: What became of it; empty where nothing is to be said.
    """

    seed: int
    best_epoch: int | None
    values: list[float | None]
    note: str


@dataclass(frozen=True)
class MemberTable:
    """What the page shows of the members.

    Attributes:
        stage: What the metrics are of: ``test``, ``validation`` or ``train``.
        columns: Names of the metrics.
        rows: The members.
        mean: Of each column what ``metrics.json`` tells of it: mean, std, low, high, least, most; empty where nothing.
        together: Of each column, that of the mean of their probabilities; empty where it was not measured.
        sentences: What they are worth, one and all, and which marks they reach.
        chart: A figure of how many have which accuracy; None where there is no accuracy.
    """

    stage: str
    columns: list[str]
    rows: list[MemberRow]
    mean: list[Mapping[str, float]]
    together: list[float | None]
    sentences: list[str]
    chart: dict[str, Any] | None


def member_table(history: History, members: MemberHistory | None) -> MemberTable | None:
    """The members of a run; None of a run of one network.

    Example:
        >>> members = MemberHistory([{"seed": 1, "test/accuracy": 0.75}, {"seed": 2, "diverged_at": 30}], [])
        >>> table = member_table(History({}, {}, []), members)
        >>> [(row.seed, row.values, row.note) for row in table.rows]
        [(1, [0.75], ''), (2, [None], 'diverged after step 30')]
    """
    if members is None:
        return None
    keys = list(dict.fromkeys(key for row in members.rows for key in row))
    stage = next((name for name in STAGES if any(key.startswith(f"{name}/") for key in keys)), "test")
    shown = [key for key in keys if key.startswith(f"{stage}/")]
    told = history.metrics.get("members") or {}
    together = [history.metrics.get(key.replace("test/", f"{TOGETHER}/")) if stage == "test" else None for key in shown]
    dead = history.facts.get("dead_units") or [None] * len(members.rows)
    return MemberTable(
        stage=STAGES[stage],
        columns=[key.partition("/")[2] for key in shown],
        rows=[_row(row, shown, units) for row, units in zip(members.rows, dead, strict=False)],
        mean=[(told.get("metrics") or {}).get(key) or {} for key in shown],
        together=together if any(value is not None for value in together) else [],
        sentences=_sentences(history, told, len(members.rows), stage),
        chart=histogram(members, told, history.metrics.get(f"{TOGETHER}/accuracy")),
    )


def _row(row: Mapping[str, float], shown: list[str], dead: Any) -> MemberRow:
    values = [row.get(key) for key in shown]
    note = f"diverged after step {int(row['diverged_at'])}" if "diverged_at" in row else _dead(dead or [])
    best = int(row["best_epoch"]) if "best_epoch" in row else None
    return MemberRow(int(row["seed"]), best, [None if _unknown(value) else value for value in values], note)


def _unknown(value: float | None) -> bool:
    return value is None or not math.isfinite(value)


def _dead(layers: list[Mapping[str, int]]) -> str:
    """The layers of which half of the units or more are dead, and those silent on samples of several classes."""
    told = {
        "dead units": [
            f"{layer['dead']} of {layer['units']} in layer {number}"
            for number, layer in enumerate(layers, start=1)
            if layer["units"] and 2 * layer["dead"] >= layer["units"]
        ],
        "train samples that no unit reacts to": [
            f"{layer['silent']} in layer {number}" for number, layer in enumerate(layers, start=1) if layer.get("lost")
        ],
    }
    return "; ".join(f"{what}: {', '.join(found)}" for what, found in told.items() if found)


def _sentences(history: History, told: Mapping[str, Any], count: int, stage: str) -> list[str]:
    found, one = [], (told.get("metrics") or {}).get(f"{stage}/accuracy")
    if one:
        spread = f" ± {100 * one['std']:.1f}" if math.isfinite(one["std"]) else ""
        together = history.metrics.get(f"{TOGETHER}/accuracy") if stage == "test" else None
        all_of_them = "" if together is None else f", all {count} together {100 * together:.1f} %"
        found.append(f"One member {100 * one['mean']:.1f}{spread} %{all_of_them} ({STAGES[stage]} accuracy).")
    for key, mark in (told.get("marks") or {}).items():
        share, low, high = (f"{100 * mark[name]:.0f} %" for name in ("share", "low", "high"))
        reach = f"{mark['reached']} of {mark['of']} reach {key} {mark['mark']:g}"
        found.append(f"{reach}: {share} (95 % interval {low} to {high}).")
    return found
