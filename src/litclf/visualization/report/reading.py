"""Reading of a run's numbers in plain words: one small rule for each thing that commonly goes wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from litclf.runs.history import History, Point
from litclf.runs.member_history import MemberHistory
from litclf.visualization.report.baseline_reading import between, linear_is_enough, not_above_majority, number
from litclf.visualization.report.member_reading import percent, read_members, read_troubles

LOSSES = ("train/loss_step", "train/loss", "val/loss")

RISE_OVER_START = 0.05
"""Share by which the training loss must end above its start to count as risen; the noise of an epoch's mean is less."""

SWING = 0.1
"""Rise from one epoch to the next, as a share of the loss at the start, that is more than the noise of mini-batches."""

SWINGS = 3
"""Rises of that size from which on the loss oscillates; a schedule that restarts once or twice is not meant."""

STILL_FALLING = 0.02
"""Share of the loss that the last epoch must take off; below it, training longer buys little."""

OVERFIT_RISE = 0.1
"""Share by which the validation loss must have risen from its minimum; that of a small split moves some percent anyway.

Half of the epochs since the minimum must lie above, so that a single bad epoch is not taken for a trend.
"""

MIN_EPOCHS = 3
"""Epochs from which on a curve has a direction."""

INITIAL_MARGIN = 0.25
"""Share by which the loss before training may differ from ln C; the usual initialisations stay within a tenth."""

WIDE_INTERVAL = 0.1
"""Width of the test accuracy's interval from which on most comparisons between models are open."""

PERFECT = 0.9995
"""Accuracy that is shown as 100.0 %: what comes after it is no improvement to wait for."""

_LISTED = 5


def read_run(
    metrics: Mapping[str, Any],
    facts: Mapping[str, Any],
    rows: Sequence[Mapping[str, float]],
    members: MemberHistory | None = None,
) -> list[str]:
    """Findings about a run, the gravest first.

    Args:
        metrics: The content of ``metrics.json``: final metrics under their log keys.
        facts: What it holds under ``facts``: sample counts, class names, baselines, confusion counts. May be empty.
        rows: The rows of ``metrics.csv``, without their empty cells; values may be infinite or not a number.
        members: The members of the run, by whose means all else is read; None of one network.

    Returns:
        One or more sentences each; a single one where nothing was found, and then what varies among members.

    Example:
        >>> facts = {"num_test": 50}
        >>> read_run({"test/accuracy": 0.9}, facts, [])
        ['Few test samples: by 50 of them, the accuracy of 90.0 % may be anything from 78.6 % to 95.7 %.']
    """
    history = History(metrics, facts, rows)
    findings = [] if members is None else read_troubles(history, members)
    findings += [finding for rule in RULES if (finding := rule(history))]
    findings = findings or ["Nothing stands out: the checks of this report found no sign of trouble."]
    return findings if members is None else [*findings, *read_members(history, members)]


def not_finite(history: History) -> str | None:
    """The loss overflowed."""
    for row in history.rows:
        if any(not math.isfinite(row.get(key, 0)) for key in LOSSES):
            return f"The loss is not a finite number from step {int(row['step'])} on: {_try_less(history)}."
    return None


def diverged(history: History) -> str | None:
    """The training loss ends above its start."""
    curve = _finite(history, "train/loss")
    if not curve:
        return None
    start, end = _start(history, curve), curve[-1].value
    if end <= start * (1 + RISE_OVER_START):
        return None
    return f"The training loss ended above its start, at {end:.3g} after {start:.3g}: {_try_less(history)}."


def oscillates(history: History) -> str | None:
    """The training loss jumps up again and again."""
    curve = _finite(history, "train/loss")
    if len(curve) < MIN_EPOCHS:
        return None
    margin = SWING * _start(history, curve)
    rises = sum(after.value - before.value > margin for before, after in pairwise(curve))
    if rises < SWINGS:
        return None
    return f"The training loss jumped up {rises} times in {len(curve)} epochs: {_try_less(history)}."


def still_improving(history: History) -> str | None:
    """The loss is lowest at the end, and was falling; there is something left to improve."""
    key, name = ("val/loss", "validation") if history.curve("val/loss") else ("train/loss", "training")
    curve = _finite(history, key)
    accuracy = number(history.metrics.get(key.replace("loss", "accuracy")))
    if len(curve) < MIN_EPOCHS or (accuracy is not None and accuracy >= PERFECT):
        return None
    values = [point.value for point in curve]
    before, last = values[-2:]
    if last > min(values) or before - last < STILL_FALLING * abs(before):
        return None
    return f"Still improving: the last epoch took the {name} loss from {before:.3g} to {last:.3g}. Train longer."


def overfitting(history: History) -> str | None:
    """The validation loss rises from its minimum while the training loss falls."""
    val, train = _finite(history, "val/loss"), {point.epoch: point.value for point in _finite(history, "train/loss")}
    if len(val) < MIN_EPOCHS:
        return None
    lowest = min(val, key=lambda point: point.value)
    since = val[val.index(lowest) + 1 :]
    if len(since) < MIN_EPOCHS - 1 or lowest.epoch not in train or since[-1].epoch not in train:
        return None
    risen = min(median(point.value for point in since), since[-1].value)
    train_then, train_now = train[lowest.epoch], train[since[-1].epoch]
    if risen <= lowest.value * (1 + OVERFIT_RISE) or train_now >= train_then:
        return None
    return (
        f"Overfitting from epoch {since[0].epoch} on: the validation loss rose from {lowest.value:.3g} to "
        f"{since[-1].value:.3g} while the training loss fell from {train_then:.3g} to {train_now:.3g}. "
        f"Stop at epoch {lowest.epoch}, take a smaller network or more data, or add weight decay."
    )


def never_predicted(history: History) -> str | None:
    """A class that has test samples is never predicted; one sample shows nothing."""
    confusion = history.facts.get("confusion") or []
    missed = [
        f"{history.class_name(index)} ({sum(row)} samples)"
        for index, (row, column) in enumerate(zip(confusion, zip(*confusion, strict=True), strict=True))
        if sum(row) > 1 and not sum(column)
    ]
    if not missed:
        return None
    more = f" and {len(missed) - _LISTED} more" if len(missed) > _LISTED else ""
    return f"Never predicted on the test split: {', '.join(missed[:_LISTED])}{more}."


def strange_start(history: History) -> str | None:
    """The loss before training is far from that of a model that knows nothing."""
    initial, classes = number(history.facts.get("initial_loss")), len(history.facts.get("class_names") or ())
    if initial is None or classes < 2 or abs(initial - math.log(classes)) <= INITIAL_MARGIN * math.log(classes):
        return None
    reason = (
        "it knew something already"
        if initial < math.log(classes)
        else "it was sure of wrong answers; scale the inputs, or start from smaller weights"
    )
    return (
        f"The loss before training was {initial:.3g}, far from ln {classes} = {math.log(classes):.3g} of a model that "
        f"knows nothing: {reason}."
    )


def gradients(history: History) -> str | None:
    """What the watch over the gradients found."""
    return history.facts.get("gradients")


def splits_disagree(history: History) -> str | None:
    """The best checkpoint's accuracies on test and validation differ by more than chance."""
    best = history.best
    # The test is of the best checkpoint, so its own validation is what it is held against.
    accuracies = [point.value for point in history.curve("val/accuracy") if best and point.step == best.step]
    accuracy = accuracies[0] if accuracies else history.metrics.get("val/accuracy")
    val, test = history.interval("val", accuracy), history.interval("test")
    if val is None or test is None or accuracy is None or (val[0] <= test[1] and test[0] <= val[1]):
        return None
    return (
        f"Test and validation disagree by more than chance: {percent(history.metrics['test/accuracy'])} "
        f"({between(test)}) against {percent(accuracy)} ({between(val)}), both of the best checkpoint. "
        "Look at how the data were split."
    )


def few_test_samples(history: History) -> str | None:
    """The test accuracy is known only roughly."""
    interval = history.interval("test")
    if interval is None or interval[1] - interval[0] <= WIDE_INTERVAL:
        return None
    return (
        f"Few test samples: by {history.facts['num_test']} of them, the accuracy of "
        f"{percent(history.metrics['test/accuracy'])} may be anything from {between(interval)}."
    )


RULES = (
    not_finite,
    diverged,
    oscillates,
    not_above_majority,
    never_predicted,
    gradients,
    strange_start,
    overfitting,
    still_improving,
    linear_is_enough,
    splits_disagree,
    few_test_samples,
)


def _finite(history: History, key: str) -> list[Point]:
    """The curve of ``key``; empty where one of its values is not finite, about which there is a rule of its own."""
    curve = history.curve(key)
    return curve if all(math.isfinite(point.value) for point in curve) else []


def _start(history: History, curve: list[Point]) -> float:
    """The loss before the first step, as measured or by its own mini-batch; else the first that was logged."""
    steps = [row for row in history.rows if row["step"] == 0 and "train/loss_step" in row]
    initial = number(history.facts.get("initial_loss") or (steps[0]["train/loss_step"] if steps else None))
    return curve[0].value if initial is None else initial


def _try_less(history: History) -> str:
    lr = history.facts.get("learning_rate")
    return "the learning rate is too high" if lr is None else f"the learning rate {lr:g} is too high, try {lr / 10:g}"
