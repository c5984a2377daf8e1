"""History of a run: what it has measured, in the shape that the reading and the charts need."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from litclf.utilities.statistics import wilson


class Point(NamedTuple):
    """One value of a curve.

    Attributes:
        step: The optimizer step, from 0.
        epoch: The epoch, from 1.
        value: The value; may be infinite or not a number.
    """

    step: int
    epoch: int
    value: float


@dataclass(frozen=True)
class History:
    """Final metrics, facts and rows of a run.

    Attributes:
        metrics: The content of ``metrics.json``.
        facts: What ``metrics.json`` holds under ``facts``.
        rows: The rows of ``metrics.csv``, without their empty cells.

    Example:
        >>> history = History({"test/accuracy": 0.9}, {"num_test": 100}, [{"step": 9, "epoch": 0, "val/loss": 0.5}])
        >>> history.curve("val/loss")
        [Point(step=9, epoch=1, value=0.5)]
        >>> [round(bound, 3) for bound in history.interval("test")]
        [0.826, 0.945]
    """

    metrics: Mapping[str, Any]
    facts: Mapping[str, Any]
    rows: Sequence[Mapping[str, float]]

    def curve(self, key: str) -> list[Point]:
        """The values logged under ``key``, by step."""
        rows = [row for row in self.rows if key in row]
        return [Point(int(row["step"]), int(row.get("epoch", n)) + 1, row[key]) for n, row in enumerate(rows)]

    @property
    def best(self) -> Point | None:
        """Where the best checkpoint was taken, with its score; the lowest validation loss where none was kept."""
        score = (self.metrics.get("best") or {}).get("score")
        for key, choose in (("val/accuracy", max), ("val/loss", min), ("train/loss", min)):
            curve = [point for point in self.curve(key) if math.isfinite(point.value)]
            if curve and score is not None:
                point = choose(curve, key=lambda point: point.value)
                # metrics.csv holds seven digits, metrics.json all.
                if math.isclose(point.value, score, rel_tol=1e-5):
                    return point
        losses = [point for point in self.curve("val/loss") if math.isfinite(point.value)]
        return min(losses, key=lambda point: point.value, default=None)

    @property
    def of_best(self) -> dict[str, float]:
        """What was measured of training and validation by the best checkpoint; empty where that is not known."""
        step = (self.metrics.get("best") or {}).get("step") or 0
        rows = [row for row in self.rows if row.get("step") == step - 1]
        own = {key: value for row in rows for key, value in row.items() if key.startswith(("train/", "val/"))}
        return {key: value for key, value in own.items() if key in self.metrics}

    def class_name(self, index: int) -> str:
        """Name of a class; its number where names are not known."""
        names = self.facts.get("class_names") or ()
        return str(names[index]) if index < len(names) else str(index)

    def interval(self, stage: str, accuracy: float | None = None) -> tuple[float, float] | None:
        """95 % interval of an accuracy on ``val`` or ``test``; None where accuracy or sample count is not known.

        Args:
            stage: ``val`` or ``test``.
            accuracy: The accuracy, in [0, 1]; None takes the final one.
        """
        count = self.facts.get(f"num_{stage}")
        if accuracy is None:
            accuracy = self.metrics.get(f"{stage}/accuracy")
        # Anyone's model may log percent, or not a number.
        if accuracy is None or not 0 <= accuracy <= 1 or not count:
            return None
        return wilson(accuracy, count)


def calibration_text(chosen: dict[str, Any]) -> str:
    """What was chosen on the validation split, and what it did to the calibration error of both splits, in one line.

    Args:
        chosen: What ``metrics.json`` holds of it; what it lacks is left out.

    Example:
        >>> calibration_text({"temperature": 1.25, "ece_before": 0.1, "ece_after": 0.02})
        'temperature 1.25; error val 0.1000 -> 0.0200'
    """
    splits = (("val", "ece_before", "ece_after"), ("test", "test_ece_before", "test_ece_after"))
    errors = [(split, chosen.get(before), chosen.get(after)) for split, before, after in splits]
    told = [
        f"{split} {after:.4f}" if before == after else f"{split} {before:.4f} -> {after:.4f}"
        for split, before, after in errors
        if before is not None and after is not None
    ]
    parts = [f"temperature {chosen['temperature']:.4g}"] if chosen.get("temperature", 1.0) != 1 else []
    parts += [f"error {', '.join(told)}"] if told else []
    if chosen.get("rule", "0.5") != "0.5":
        of = f" of {chosen['positive_class']}" if chosen.get("positive_class") else ""
        parts.append(f"threshold {chosen['threshold']:.4g} by {chosen['rule']}{of}")
    return "; ".join([*parts, *([chosen["note"]] if chosen.get("note") else [])])
