"""What is read of members, on accuracies where there is something to say, and on such just short of that."""

import math

import pytest

from litclf.runs.history import History
from litclf.runs.member_history import MemberHistory
from litclf.visualization.report.member_reading import cause_of, fallen_behind, read_members, read_troubles
from litclf.visualization.report.reading import read_run

GOOD = {"units": 4, "dead": 1, "silent": 0, "lost": 0}


def members_of(*values, stage="train"):
    """Members of seeds from 10 on; one without an accuracy has diverged."""
    rows = [{"seed": 10 + n, f"{stage}/accuracy": value} for n, value in enumerate(values)]
    return MemberHistory(
        [{"seed": row["seed"], "diverged_at": 30} if row[f"{stage}/accuracy"] is None else row for row in rows], []
    )


def history(metrics=(), **facts):
    return History(dict(metrics), {"num_train": 100, "num_test": 100} | facts, [])


@pytest.mark.parametrize(
    ("values", "majority", "behind"),
    [
        ([1.0, 0.5, 1.0, 0.99, 0.89], 0.25, [4, 1]),  # far below, whatever the distance between the two
        ([1.0, 0.96, 1.0, 0.99], 0.25, []),  # closer than what is taken for a failure
        ([1.0, 0.94, 1.0, 0.99], 0.25, []),  # chance may be that far from 1.0 on 100 samples
        ([0.9, 0.8, 0.7, 0.6, 0.5], 0.25, []),  # one goes over into the next
        ([1.0, 0.8, 0.79, 0.78, 0.77], 0.25, []),  # one that is better is no reason to call the others worse
        ([1.0, 0.52, 0.5, 0.5, 0.5], 0.5, [1, 2, 3, 4]),  # but what names one class alone has not learned
        ([1.0, 0.9, 0.7, 0.52, 0.5], 0.5, [3, 4]),  # also where the others are far from each other
        ([0.5, 0.5, 0.5], 0.5, []),  # all alike: another rule's business
        ([1.0, None, 1.0, 0.5], 0.25, [3]),  # who has diverged is none of them
    ],
)
def test_who_has_fallen_behind(values, majority, behind):
    baselines = {"majority class": {"accuracy": majority}}
    assert fallen_behind(history(baselines=baselines), members_of(*values)) == behind


def test_on_few_samples_the_same_gap_may_be_chance():
    assert fallen_behind(history(num_train=10), members_of(1.0, 1.0, 0.8)) == []
    assert fallen_behind(history(num_train=1000), members_of(1.0, 1.0, 0.8)) == [2]


@pytest.mark.parametrize(
    ("own", "layer"),
    [
        ([GOOD, GOOD], 0),
        ([GOOD, GOOD | {"silent": 75, "lost": 30}], 2),  # 30 of 50 errors
        ([GOOD, GOOD | {"silent": 75, "lost": 20}], 0),
        ([GOOD | {"dead": 3}, GOOD], 1),
        ([GOOD | {"dead": 2}, GOOD], 0),  # as many as in a member that has learned
        (None, 0),
        ([], 0),  # a network without rectifiers
    ],
)
def test_the_cause_is_a_layer_that_explains_the_errors_or_is_more_dead_than_any_other(own, layer):
    others = [[GOOD | {"dead": 2}, GOOD], [GOOD, GOOD]]
    told = history(dead_units=[*others, own])
    assert cause_of(2, [2], told, members_of(1.0, 1.0, 0.5)) == layer
    assert cause_of(2, [2], history(), members_of(1.0, 1.0, 0.5)) == 0


def test_who_died_who_fell_behind_and_who_diverged_are_told_apart():
    dead = [GOOD, GOOD | {"dead": 4, "silent": 100, "lost": 50}]
    told = history(dead_units=[[GOOD, GOOD], dead, [GOOD, GOOD], None, dead, *[[GOOD, GOOD]] * 3])
    said = read_troubles(told, members_of(1.0, 0.5, 0.6, None, 0.25, 1.0, 1.0, 0.98))
    assert said == [
        "1 of 8 members diverged and were left behind (seed 13).",
        "2 of 8 members died: dead ReLUs in layer 2 (seeds 11, 14). Their train accuracy is 25.0 % to 50.0 %, "
        "the others have 98.0 % to 100.0 %.",
        "1 of 8 members fell behind, and no cause was found (seed 12). Its train accuracy is 60.0 %, "
        "the others have 98.0 % to 100.0 %.",
    ]
    assert read_troubles(told, members_of(1.0, 1.0, 0.99)) == []
    (said,) = read_troubles(history(), members_of(1.0, 1.0, 0.5))  # nobody has looked for a cause
    assert said.startswith("1 of 3 members fell behind (seed 12). Its ")


@pytest.mark.parametrize(
    ("values", "vary", "said"),
    [
        ([0.96, 1.0], "both", "The seed alone moves the test accuracy from 96.0 % (seed 10) to 100.0 % (seed 11)"),
        ([0.9, 1.0], "weights", "The initial weights alone move the test accuracy from 90.0 % (seed 10)"),
        ([0.9, 1.0], "order", "The order of the samples alone moves the test accuracy"),
        ([1.0] * 5 + [0.9], "both", "from 90.0 % (seed 15) to 100.0 % (5 of the seeds)"),
        (
            [0.7, 0.9],
            "both",
            "± 27.7 % in 95 % of seeds, more than the ± 7.8 % that 100 test samples leave open.",
        ),
        (
            [0.8, 0.81],
            "both",
            "± 1.4 % in 95 % of seeds, less than the ± 7.8 % that 100 test samples leave open.",
        ),
        ([0.9, 0.9], "both", "The seed makes no difference: each member has 90.0 % test accuracy."),
    ],
)
def test_what_the_seed_decides(values, vary, said):
    (told,) = read_members(history({"members": {"vary": vary}}), members_of(*values, stage="test"))
    assert said in told
    assert read_members(history(), members_of(values[0], stage="test")) == []


@pytest.mark.parametrize(
    ("together", "said"),
    [
        (0.96, "above the interval of the members' mean (85.0 % to 95.0 %): better than one of them."),
        (0.9, "within the interval of the members' mean (85.0 % to 95.0 %): not clearly better than one of them."),
        (0.8, "below the interval of the members' mean (85.0 % to 95.0 %): worse than one of them."),
    ],
)
def test_the_ensemble_is_held_against_the_interval_of_its_members(together, said):
    mean = {"test/accuracy": {"low": 0.85, "high": 0.95}}
    told = history({"ensemble/accuracy": together, "members": {"metrics": mean}})
    _, found = read_members(told, members_of(0.85, 0.95, stage="test"))
    assert found == f"All 2 together have {100 * together:.1f} % test accuracy, {said}"


def test_without_an_interval_nothing_is_said_of_the_ensemble():
    assert read_members(history({"ensemble/accuracy": 0.9}), members_of(0.9, math.nan, stage="test")) == []
    validated = history(
        {"ensemble/accuracy": 0.9, "members": {"metrics": {"test/accuracy": {"low": 0.8, "high": 0.85}}}}
    )
    assert len(read_members(validated, members_of(0.9, 1.0, stage="val"))) == 1


def test_the_page_reads_members_before_and_after_what_their_means_say():
    values = members_of(1.0, 1.0, 0.5)
    rows = [{"step": 9, "epoch": 0, "train/loss": math.nan}]
    first, mean, last = read_run({}, {"num_train": 100}, rows, values)
    assert first.startswith("1 of 3 members fell behind")
    assert mean.startswith("The loss is not a finite number")
    assert last.startswith("The seed alone moves the train accuracy")
