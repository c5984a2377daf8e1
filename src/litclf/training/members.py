"""Members of a run: what they are worth, as a mean with its interval and the share that reaches a mark, in files."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from lightning.pytorch import LightningModule
from numpy.typing import NDArray

from litclf.models.base import SteppedModule
from litclf.models.member_curves import When
from litclf.models.members import Members
from litclf.models.seeds import Seeds
from litclf.utilities.data_spec import DataSpec
from litclf.utilities.errors import InputError
from litclf.utilities.files import write_text
from litclf.utilities.statistics import interval_of_mean, nadeau_bengio, wilson

_FIRST = ("seed", "best_epoch", "best_step", "diverged_at")


def check_marks(marks: Mapping[str, float], members: Seeds | None, model: LightningModule, spec: DataSpec) -> None:
    """Refuses marks that no member could be held against: of what ``model`` does not log, or ``spec`` has no split for.

    Raises:
        InputError: Naming the mark.
    """
    if not marks:
        return
    if members is None:
        raise InputError("mark", "is what a share of members reaches, and there is one network", "pass --members 32")
    logged = model.logged() if isinstance(model, SteppedModule) else set()
    known = sorted(
        key for name in logged if not name.endswith("_step") for key in {name, name.replace("val/", "test/")}
    )
    for key, value in marks.items():
        split = key.partition("/")[0]
        if key in known and not spec.has(split):
            raise InputError(
                "mark", f"{key} is not measured: there is no {split} split", "name one of a split there is"
            )
        if key not in known:
            raise InputError.unknown("mark", key, [name for name in known if spec.has(name.partition("/")[0])])
        if not math.isfinite(value):
            raise InputError("mark", f"must be a number, got {key}={value}", f"pass {key}=0.99")


def read_marks(text: str) -> dict[str, float]:
    """Marks as they are typed: ``KEY=VALUE``, several parted by commas.

    Raises:
        InputError: If it is none such.

    Example:
        >>> read_marks("test/accuracy=0.99,val/loss=0.1")
        {'test/accuracy': 0.99, 'val/loss': 0.1}
    """
    marks = {}
    for part in filter(None, text.split(",")):
        key, _, value = part.partition("=")
        try:
            marks[key.strip()] = float(value)
        except ValueError:
            rule = f"must be a metric and a number, got {part!r}"
            raise InputError("mark", rule, "pass --mark test/accuracy=0.99") from None
    return marks


def values_of(members: Members) -> dict[str, NDArray[np.float64]]:
    """What was measured of each member when it was best, and of that in the test, by log key, shape ``(M,)``."""
    keys = list(members.values)
    count = members.seeds.count
    values = {key: np.full(count, math.nan) for key in keys}
    for number in members.alive:
        best = members.best[number]
        for key in keys:
            latest = float(members.values[key][number])
            values[key][number] = latest if best is None or key.startswith("test/") else best.values.get(key, latest)
    return values


def summary(
    members: Members, marks: Mapping[str, float], stage: str | None = None, overlap: float | None = None
) -> dict[str, Any]:
    """Mean, spread and interval of each metric over the members, and the share of them that reaches each mark.

    Args:
        members: The members, tested.
        marks: Log keys and the value of each to reach: at least, or of a loss at most.
        stage: ``val`` or ``test`` for what was measured in it last; None for all of a fit, as :func:`values_of` has it.
        overlap: Rows that a member was tested on for each it was trained on, where they are folds of the same rows.
    """
    values = values_of(members)
    if stage is not None:
        values = {key: own.numpy() for key, own in members.values.items() if key.startswith(f"{stage}/")}
    told: dict[str, Any] = {"seeds": members.seeds.all, "vary": members.seeds.vary}
    told["diverged"] = [members.seeds.all[number] for number in sorted(members.diverged)]
    finite = {key: own[np.isfinite(own)] for key, own in values.items()}
    most = {key: math.inf if key.endswith("/loss") else 1.0 for key in finite}
    told["metrics"] = {key: spread(own, most[key], overlap) for key, own in finite.items() if len(own)}
    told["marks"] = {key: reached(values[key], key, mark) for key, mark in marks.items() if key in values}
    return told


def spread(values: NDArray[np.float64], largest: float = math.inf, overlap: float | None = None) -> dict[str, Any]:
    """Mean, standard deviation, least and most of ``values``, and a 95 % interval of the mean by what it was made.

    Args:
        values: What was measured of each member, zero or more.
        largest: What no value can be above, where the interval ends at the latest.
        overlap: Rows that each value was measured on for each it was trained on, where they are folds of the same rows.

    Example:
        >>> spread(np.array([1.0, 2.0, 3.0]))["interval"]
        'student'
    """
    if overlap is not None and len(values) > 1:
        low, high, how = *nadeau_bengio(values.tolist(), overlap), "nadeau-bengio"
    else:
        low, high, how = interval_of_mean(values.tolist())
    low, high = max(low, 0.0), min(high, largest)
    deviation = float(values.std(ddof=1)) if len(values) > 1 else math.nan
    own = {
        "mean": values.mean(),
        "std": deviation,
        "low": low,
        "high": high,
        "least": values.min(),
        "most": values.max(),
    }
    return {name: float(value) for name, value in own.items()} | {"interval": how, "count": len(values)}


def reached(values: NDArray[np.float64], key: str, mark: float) -> dict[str, Any]:
    """How many members reach ``mark``, and Wilson's 95 % interval of the share; one that diverged does not.

    Example:
        >>> own = reached(np.array([0.98, 0.995, np.nan, 1.0]), "test/accuracy", 0.99)
        >>> own["reached"], own["of"], round(own["share"], 2)
        (2, 4, 0.5)
    """
    good = values <= mark if lower_is_better(key) else values >= mark
    share = float(good.mean())
    low, high = wilson(share, len(values))
    return {"mark": mark, "reached": int(good.sum()), "of": len(values), "share": share, "low": low, "high": high}


def lower_is_better(key: str) -> bool:
    """Whether less of a metric is better.

    Example:
        >>> lower_is_better("val/loss"), lower_is_better("val/accuracy")
        (True, False)
    """
    return key.rpartition("/")[2] in ("loss", "calibration_error")


def write_members(path: Path, members: Members) -> None:
    """Writes a row for each member: its seed, its best epoch, from 1 on, and all that was measured of it."""
    values, text = values_of(members), io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_FIRST, *values])
    for number, seed in enumerate(members.seeds.all):
        best, diverged = members.best[number], members.diverged.get(number, "")
        when = ["", ""] if best is None or diverged else [best.epoch + 1, best.step]
        measured = [float(own[number]) for own in values.values()]
        writer.writerow([seed, *when, diverged, *("" if math.isnan(value) else value for value in measured)])
    write_text(path, text.getvalue())


def write_member_curves(path: Path, members: Members) -> None:
    """Writes a row for each moment at which something was measured and each member, by the steps of ``metrics.csv``."""
    found: dict[When, dict[str, list[float]]] = {}
    for key in members.curves:
        for when, own in zip(*members.curves[key], strict=True):
            found.setdefault(when, {})[key] = own.tolist()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["step", "epoch", "seed", *members.curves])
    for when in sorted(found):
        for number, seed in enumerate(members.seeds.all):
            values = [found[when][key][number] if key in found[when] else math.nan for key in members.curves]
            cells = ("" if math.isnan(value) else f"{value:.7g}" for value in values)
            writer.writerow([when.step - 1, when.epoch, seed, *cells])
    write_text(path, text.getvalue())
