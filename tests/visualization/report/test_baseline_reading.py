"""A run beside what takes no network: each rule where it has something to say, and just short of that."""

import math

import pytest

from litclf.runs.history import History
from litclf.visualization.report.baseline_reading import linear_is_enough, not_above_majority


def finding(rule, metrics, facts):
    return rule(History(metrics, facts, []))


@pytest.mark.parametrize(
    ("accuracy", "baseline", "word"),
    [
        (0.40, 0.60, "below"),  # 30.9 % to 49.8 %
        (0.60, 0.52, "not clearly above"),  # 50.2 % to 69.1 %
        (0.63, 0.52, None),  # 53.2 % to 71.8 %
        (0.63, None, None),
        (0.63, math.nan, None),
    ],
)
def test_no_better_than_the_majority_class(accuracy, baseline, word):
    facts = {"num_val": 100, "baselines": {"majority class": {"accuracy": baseline}}}
    said = finding(not_above_majority, {"val/accuracy": accuracy}, facts)
    assert (said is None) if word is None else (f"is {word} the {100 * baseline:.1f} %" in said)
    assert finding(not_above_majority, {"val/accuracy": accuracy}, facts | {"num_val": 0}) is None


@pytest.mark.parametrize(
    ("auroc", "loss", "count", "learned"),
    [
        (0.83, 0.27, 500, "AUROC of 0.83"),
        (0.83, 0.27, 20, None),  # two of the rare class show nothing
        (0.52, 0.325, 500, None),
        (1.0, 0.01, 5, None),
        (None, 0.27, 500, "its loss 0.27 against 0.325"),
        (None, 0.32, 500, None),
        (None, None, 500, None),
        (math.nan, math.nan, 500, None),
    ],
)
def test_uneven_classes_are_judged_by_auroc_or_loss(auroc, loss, count, learned):
    metrics = {"val/accuracy": 0.9, "val/auroc": auroc, "val/loss": loss}
    facts = {"num_val": count, "baselines": {"majority class": {"accuracy": 0.9, "loss": 0.325}}}
    said = finding(not_above_majority, metrics, facts)
    assert ("nothing shows" in said) == (learned is None)
    assert learned is None or learned in said


def test_of_even_classes_the_accuracy_decides():
    facts = {"num_val": 100, "baselines": {"majority class": {"accuracy": 0.5, "loss": 0.69}}}
    assert "nothing shows" in finding(
        not_above_majority, {"val/accuracy": 0.5, "val/auroc": 0.9, "val/loss": 0.4}, facts
    )


@pytest.mark.parametrize(
    ("only_model", "only_linear", "count", "said"),
    [
        (5, 0, 100, None),  # 100.0 % against 95.0 %: not shown to be better, and far from equal
        (0, 0, 30, None),  # too few to tell
        (10, 10, 2000, "does as well"),
        (0, 0, 200, "does as well"),
        (2, 20, 100, "does better: 98.0 % against 80.0 %"),
        (20, 2, 100, None),
    ],
)
def test_a_logistic_regression_is_told_to_do_as_well_on_the_same_samples(only_model, only_linear, count, said):
    right = count - only_model
    linear = {"accuracy": 0.9, "samples": count, "right": right, "only_model": only_model, "only_baseline": only_linear}
    baselines = {"majority class": {"accuracy": 0.3}, "logistic regression": linear}
    found = finding(linear_is_enough, {"val/accuracy": 0.8}, {"num_val": 100, "baselines": baselines})
    assert (found is None) if said is None else (said in found)
    linear.pop("samples")  # of a run that did not ask both for the same samples
    assert finding(linear_is_enough, {"val/accuracy": 0.8}, {"num_val": 100, "baselines": baselines}) is None


def test_a_model_that_has_not_learned_is_held_against_nothing_else():
    linear = {"accuracy": 0.9, "samples": 100, "right": 90, "only_model": 0, "only_baseline": 40}
    baselines = {"majority class": {"accuracy": 0.5}, "logistic regression": linear}
    assert finding(linear_is_enough, {"val/accuracy": 0.5}, {"num_val": 100, "baselines": baselines}) is None
