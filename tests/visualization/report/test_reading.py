"""Each rule on numbers where it has something to say, and on numbers just short of that."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from litclf.runs.history import History
from litclf.visualization.report.reading import (
    RULES,
    diverged,
    few_test_samples,
    gradients,
    never_predicted,
    not_finite,
    oscillates,
    overfitting,
    read_run,
    splits_disagree,
    still_improving,
    strange_start,
)


def epochs(**curves):
    """Rows of ``train`` and ``val`` losses by epoch."""
    longest = max(map(len, curves.values()))
    rows = [{"step": 10 * n + 9, "epoch": n} for n in range(longest)]
    for stage, losses in curves.items():
        for row, loss in zip(rows, losses, strict=False):
            row[f"{stage}/loss"] = loss
    return rows


def finding(rule, metrics=(), facts=(), rows=()):
    return rule(History(dict(metrics), dict(facts), rows))


@pytest.mark.parametrize("key", ["train/loss_step", "train/loss", "val/loss"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_not_finite(key, value):
    rows = [{"step": 9, key: 1.0}, {"step": 19, key: value}]
    said = finding(not_finite, facts={"learning_rate": 0.5}, rows=rows)
    assert said == "The loss is not a finite number from step 19 on: the learning rate 0.5 is too high, try 0.05."
    assert finding(not_finite, rows=rows[:1]) is None
    assert finding(not_finite, rows=[{"step": 9, "gradients/first_over_last": value}]) is None


@pytest.mark.parametrize(
    ("losses", "initial", "fires"),
    [
        ([1.0, 0.9, 1.06], None, True),
        ([1.0, 0.9, 1.04], None, False),
        ([1.0, 1.06], 1.2, False),  # below the loss before training, which counts as the start where it is known
        ([5.0, 4.0], 0.7, True),  # the rise came within the first epoch
        ([5.0, 4.0], math.nan, False),
        ([1.0, math.nan], None, False),  # said by another rule
        ([], 0.7, False),
    ],
)
def test_a_training_loss_that_ends_above_its_start(losses, initial, fires):
    said = finding(diverged, facts={"initial_loss": initial}, rows=epochs(train=losses))
    assert (said is not None) == fires
    if fires:
        assert f"at {losses[-1]:.3g} after {initial or losses[0]:.3g}" in said


@pytest.mark.parametrize(
    ("losses", "fires"),
    [
        ([1.0, 0.5, 0.7, 0.4, 0.6, 0.3, 0.5, 0.2], True),
        ([1.0, 0.5, 0.7, 0.4, 0.6, 0.3, 0.25, 0.2], False),  # twice only
        ([1.0, 0.5, 0.59, 0.4, 0.49, 0.3, 0.39, 0.2], False),  # by less than a tenth of the start
        ([1.0, 0.5], False),
    ],
)
def test_a_training_loss_that_oscillates(losses, fires):
    said = finding(oscillates, rows=epochs(train=losses))
    assert said == (
        "The training loss jumped up 3 times in 8 epochs: the learning rate is too high." if fires else None
    )


@pytest.mark.parametrize(
    ("losses", "fires"),
    [
        ([3.0, 2.0, 1.9], True),
        ([3.0, 2.0, 1.97], False),  # by less than two percent
        ([3.0, 1.8, 2.0, 1.9], False),  # it has been lower
        ([2.0, 1.0], False),  # two epochs have no direction
        ([3.0, 2.0, math.nan], False),
    ],
)
def test_still_improving_at_the_end(losses, fires):
    for curves, name in (({"val": losses}, "validation"), ({"train": losses}, "training")):
        said = finding(still_improving, rows=epochs(**curves))
        assert said == (
            f"Still improving: the last epoch took the {name} loss from 2 to 1.9. Train longer." if fires else None
        )
    assert finding(still_improving, rows=epochs(train=[3.0, 2.0, 1.0], val=[3.0, 3.0, 3.0])) is None


@pytest.mark.parametrize(("accuracy", "fires"), [(1.0, False), (0.9996, False), (0.999, True)])
def test_what_is_shown_as_100_percent_is_not_improved(accuracy, fires):
    said = finding(still_improving, {"val/accuracy": accuracy}, rows=epochs(val=[3.0, 2.0, 1.0]))
    assert (said is not None) == fires


FALLING = [1.0, 0.8, 0.6, 0.4, 0.2]


@pytest.mark.parametrize(
    ("train", "val", "epoch"),
    [
        (FALLING, [1.0, 0.8, 0.9, 1.0, 1.1], 3),
        (FALLING, [1.0, 0.8, 0.7, 0.78, 0.79], 4),
        (FALLING, [1.0, 0.8, 0.86, 0.86, 0.87], None),  # by less than a tenth
        (FALLING, [1.0, 0.8, 0.81, 0.82, 1.5], None),  # one bad epoch
        (FALLING, [1.0, 0.8, 1.5, 1.5, 0.85], None),  # it has come back
        (FALLING, [1.0, 0.9, 0.8, 0.7, 0.9], None),  # one epoch has no direction
        (FALLING[::-1], [1.0, 0.8, 0.9, 1.0, 1.1], None),  # the training loss rises too: it diverges
        ([], [1.0, 0.8, 0.9, 1.0, 1.1], None),
    ],
)
def test_overfitting_from_the_epoch_after_the_lowest_validation_loss(train, val, epoch):
    said = finding(overfitting, rows=epochs(train=train, val=val))
    assert (said is None) if epoch is None else said.startswith(f"Overfitting from epoch {epoch} on: the validation")


@given(st.floats(1e-3, 1e3))
def test_overfitting_does_not_depend_on_the_unit_of_the_loss(unit):
    for val, fires in (([1.0, 0.8, 0.9, 1.0, 1.1], True), ([1.0, 0.8, 0.81, 0.82, 0.83], False)):
        rows = epochs(train=[unit * loss for loss in FALLING], val=[unit * loss for loss in val])
        assert (finding(overfitting, rows=rows) is not None) == fires


@pytest.mark.parametrize(
    ("confusion", "said"),
    [
        ([[5, 0, 1], [4, 0, 0], [0, 0, 3]], "Never predicted on the test split: dog (4 samples)."),
        ([[5, 0, 1], [4, 1, 0], [0, 0, 3]], None),
        ([[5, 0, 1], [0, 0, 0], [0, 0, 3]], None),  # it has no samples either
        ([[5, 0, 1], [1, 0, 0], [0, 0, 3]], None),  # of one sample
        (None, None),
    ],
)
def test_a_class_that_is_never_predicted(confusion, said):
    assert finding(never_predicted, facts={"class_names": ["cat", "dog", "emu"], "confusion": confusion}) == said


def test_of_many_classes_that_are_never_predicted_some_are_named():
    said = finding(never_predicted, facts={"confusion": [[2, *[0] * 7]] * 8})
    assert re.fullmatch(r"Never predicted on the test split: 1 \(2 samples\), .*5 \(2 samples\) and 2 more\.", said)


@pytest.mark.parametrize(
    ("initial", "classes", "said"),
    [
        (0.86, 2, None),  # ln 2 = 0.693, of which a quarter is 0.173
        (0.88, 2, "sure of wrong answers"),
        (2.31, 10, None),
        (14.0, 10, "far from ln 10 = 2.3"),
        (1.0, 10, "it knew something already"),
        (5.0, 1, None),
        (5.0, 0, None),
        (None, 2, None),
        (math.nan, 2, None),
    ],
)
def test_a_loss_before_training_far_from_that_of_knowing_nothing(initial, classes, said):
    found = finding(strange_start, facts={"initial_loss": initial, "class_names": ["x"] * classes})
    assert (found is None) if said is None else (said in found)


@pytest.mark.parametrize("verdict", [None, "The gradient vanishes: 1e-9 in the first layer."])
def test_the_verdict_on_the_gradients_is_passed_on(verdict):
    assert finding(gradients, facts={"gradients": verdict}) == verdict
    assert finding(gradients) is None


@pytest.mark.parametrize(
    ("val", "test", "fires"),
    [(0.95, 0.80, True), (0.80, 0.95, True), (0.95, 0.90, False)],  # of 100: 88.8-97.8, 71.1-86.7, 82.6-94.5 %
)
def test_test_and_validation_disagree(val, test, fires):
    facts = {"num_val": 100, "num_test": 100}
    assert (finding(splits_disagree, {"val/accuracy": val, "test/accuracy": test}, facts) is not None) == fires
    assert finding(splits_disagree, {"val/accuracy": val, "test/accuracy": test}, {"num_test": 100}) is None


def test_the_test_is_held_against_the_validation_of_the_same_checkpoint():
    rows = [{"step": 9, "val/accuracy": 0.95, "val/loss": 0.1}, {"step": 19, "val/accuracy": 0.5, "val/loss": 0.9}]
    metrics = {"val/accuracy": 0.5, "test/accuracy": 0.94, "best": {"score": 0.1}}
    assert finding(splits_disagree, metrics, {"num_val": 100, "num_test": 100}, rows) is None
    assert finding(splits_disagree, metrics, {"num_val": 100, "num_test": 100}) is not None


@pytest.mark.parametrize(("count", "fires"), [(100, True), (150, False)])  # 82.6 % to 94.5 %, 84.2 % to 93.8 %
def test_few_test_samples(count, fires):
    assert (finding(few_test_samples, {"test/accuracy": 0.9}, {"num_test": count}) is not None) == fires


def test_a_run_without_trouble_says_so():
    facts = {
        "num_val": 1000, "num_test": 1000, "class_names": ["a", "b"], "initial_loss": 0.7, "learning_rate": 0.1,
        "baselines": {"majority class": {"accuracy": 0.5}, "logistic regression": {"accuracy": 0.6}},
        "confusion": [[490, 10], [10, 490]], "gradients": None,
    }  # fmt: skip
    rows = epochs(train=[0.6, 0.3, 0.1, 0.1], val=[0.6, 0.3, 0.12, 0.12])
    (said,) = read_run({"val/accuracy": 0.97, "test/accuracy": 0.98}, facts, rows)
    assert said.startswith("Nothing stands out")


def test_the_gravest_comes_first():
    facts = {"num_test": 10, "num_val": 10, "gradients": "They vanish.", "initial_loss": 9.0, "class_names": ["a", "b"]}
    said = read_run({"test/accuracy": 0.5, "val/accuracy": 0.5}, facts, epochs(train=[math.nan]))
    assert [finding.split()[0] for finding in said] == ["The", "They", "The", "Few"]


NUMBERS = st.none() | st.floats() | st.floats(0, 1)
KEYS = ["train/loss", "train/loss_step", "val/loss", "val/accuracy"]


@settings(max_examples=40)
@given(
    metrics=st.dictionaries(st.sampled_from(["val/accuracy", "test/accuracy"]), st.floats(0, 1) | st.just(math.nan)),
    best=NUMBERS,
    facts=st.fixed_dictionaries(
        {},
        optional={
            "num_val": st.integers(0, 500),
            "num_test": st.integers(0, 500),
            "initial_loss": NUMBERS,
            "learning_rate": st.none() | st.floats(1e-6, 10),
            "class_names": st.lists(st.text(), max_size=4),
            "confusion": st.none() | st.integers(1, 4).map(lambda n: [[0] * n] * n),
            "baselines": st.none() | st.dictionaries(st.sampled_from(["majority class"]), st.just({"accuracy": 0.5})),
            "gradients": st.none() | st.just("They vanish."),
        },
    ),
    rows=st.lists(st.dictionaries(st.sampled_from(KEYS), st.floats()), max_size=6),
)
def test_whatever_a_run_leaves_can_be_read(metrics, best, facts, rows):
    rows = [{"step": n, **row} for n, row in enumerate(rows)]
    said = read_run(metrics | {"best": {"score": best}}, facts, rows)
    assert 1 <= len(said) <= len(RULES)
    assert all(isinstance(sentence, str) and sentence for sentence in said)


@given(st.lists(st.floats(0.01, 100), min_size=2, max_size=10, unique=True))
def test_losses_that_only_fall_are_no_trouble(losses):
    losses = sorted(losses, reverse=True)
    said = read_run({}, {}, epochs(train=losses, val=losses))
    assert len(said) == 1
    assert said[0].startswith(("Still improving", "Nothing stands out"))
