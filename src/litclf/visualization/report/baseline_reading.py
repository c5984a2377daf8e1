"""Reading of a run beside what takes no network: the most frequent class, and a logistic regression."""

from __future__ import annotations

import math
from statistics import NormalDist

from litclf.runs.history import History
from litclf.utilities.statistics import paired_interval
from litclf.visualization.report.member_reading import percent

AS_GOOD = 0.02
"""Accuracy by which the model may at most be ahead of a logistic regression that does as well, by their interval."""

EVEN = 0.6
"""Share of the most frequent class up to which accuracy alone says whether a model has learned."""

LOWER_LOSS = 0.05
"""Share by which the loss must be below that of naming the classes' shares, where there is no AUROC."""


def not_above_majority(history: History) -> str | None:
    """Always naming the most frequent class does as well."""
    interval, baseline = history.interval("val"), _majority(history, "accuracy")
    if interval is None or baseline is None or interval[0] > baseline:
        return None
    how = "below" if interval[1] < baseline else "not clearly above"
    told = (
        f"The validation accuracy of {percent(history.metrics['val/accuracy'])} ({between(interval)}) is {how} "
        f"the {percent(baseline)} of always naming the most frequent class"
    )
    ranks = _ranks(history, baseline)
    if ranks is None:
        return f"{told}: nothing shows that the model has learned."
    return (
        f"{told}, yet the model has learned: {ranks}. The classes are uneven: judge it by these, and "
        "choose a threshold for the rare ones."
    )


def linear_is_enough(history: History) -> str | None:
    """A logistic regression does as well on the same samples; said only of a model that has learned something."""
    told = (history.facts.get("baselines") or {}).get("logistic regression") or {}
    if not told.get("samples") or not_above_majority(history):
        return None
    model, linear, count = told["only_model"], told["only_baseline"], told["samples"]
    _, high = paired_interval(model, linear, count)
    if high > AS_GOOD:
        return None
    accuracies = f"{percent(told['right'] / count)} against {percent((told['right'] + model - linear) / count)}"
    on = f"{accuracies} of this model, on the same {count} validation samples"
    if high < 0:
        return f"A logistic regression does better: {on}."
    return (
        f"A logistic regression does as well: {on} (the model is ahead by {percent(high)} at most). "
        "For these data a linear boundary may be enough."
    )


def _ranks(history: History, majority: float) -> str | None:
    """What shows that the model tells uneven classes apart, though it names the most frequent one; None where nothing.

    The area is held against that of ranks by chance (Mann and Whitney); where there is none, the loss is asked.
    """
    if majority <= EVEN:
        return None
    area, count = number(history.metrics.get("val/auroc")), history.facts["num_val"]
    loss, shares = number(history.metrics.get("val/loss")), _majority(history, "loss")
    losses = ""
    if loss is not None and shares is not None:
        losses = f"loss {loss:.3g} against {shares:.3g} of always naming the shares"
        if area is None:
            return f"its {losses}" if loss < shares * (1 - LOWER_LOSS) else None
    rare = max(1.0, (1 - majority) * count)
    chance = math.sqrt((count + 1) / (12 * rare * max(1.0, count - rare)))
    if area is None or area - 0.5 <= NormalDist().inv_cdf(0.975) * chance:
        return None
    return f"its AUROC of {area:.2f} is clearly above the 0.5 of chance" + (f" ({losses})" if losses else "")


def _majority(history: History, score: str) -> float | None:
    """Accuracy or loss of always naming the most frequent class, or the classes' shares, on the validation split."""
    baseline = (history.facts.get("baselines") or {}).get("majority class") or {}
    return number(baseline.get(score))


def number(value: float | None) -> float | None:
    """A finite number, or None."""
    return None if value is None or not math.isfinite(value) else float(value)


def between(interval: tuple[float, float]) -> str:
    """An interval of shares, in percent."""
    return f"{percent(interval[0])} to {percent(interval[1])}"
