"""Tables of metrics on the terminal, read back as numbers."""

import math

import pytest

from litclf.cli.metric_tables import member_lines, print_metrics

SPREAD = {"mean": 0.9, "std": 0.05, "low": 0.85, "high": 0.95, "least": 0.8, "most": 1.0, "interval": "student"}
MARK = {"mark": 0.99, "reached": 25, "of": 32, "share": 0.78125, "low": 0.6125, "high": 0.8898}


def told(metrics, **others):
    return {"seeds": list(range(42, 74)), "vary": "both", "diverged": [], "metrics": metrics, "marks": {}} | others


@pytest.mark.parametrize(("name", "shown"), [("inner", "inner"), ("1" * 5000, f"'{'1' * 55}...'")])
def test_a_class_is_told_by_its_name_and_a_long_one_by_its_beginning(name, shown, capsys):
    print_metrics({"test/f1": 0.5, "positive_class": {"name": name, "why": "the second class"}})
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"f1, precision and recall of class {shown}, the second class (--model.positive_class)"


def test_one_network_has_a_row_for_each_stage(capsys):
    print_metrics({"train/loss": 0.25, "train/loss_step": 0.2, "test/loss": 0.5, "test/accuracy": 0.75, "seed": 42})
    _, head, *rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert head == ["loss", "accuracy"]
    assert rows == [["train", "0.2500"], ["test", "0.5000", "0.7500"]]


def test_members_have_a_row_for_each_metric_with_its_interval_and_all_together_by_the_last_stage():
    metrics = {"val/loss": SPREAD, "train/loss": SPREAD, "test/loss": SPREAD | {"interval": "bootstrap"}}
    _, head, *rows, note = member_lines(told(metrics), {"ensemble/loss": 0.125, "val/loss": 7.0})
    assert head.split() == ["mean", "95", "%", "interval", "std", "least", "most", "together"]
    usual = ["0.9000", "0.8500", "to", "0.9500", "0.0500", "0.8000", "1.0000"]
    assert [row.split() for row in rows] == [
        ["train/loss", *usual],
        ["val/loss", *usual],
        ["test/loss", *usual[:4], "b", *usual[4:], "0.1250"],
    ]
    assert max(map(len, [head, *rows])) < 80
    assert note == "b: by bootstrap, where the members are far from normal"


def test_without_a_split_to_test_members_are_told_by_training():
    lines = member_lines(told({"train/accuracy": SPREAD}), {"train/accuracy": 0.9})
    assert [line.split()[0] for line in lines] == ["members", "mean", "train/accuracy"]
    assert "together" not in lines[1]


def test_marks_tell_the_share_with_its_interval_and_who_was_left_behind_comes_first():
    marks = {"test/accuracy": MARK, "test/loss": MARK | {"mark": 0.1}}
    first, *lines = member_lines(told({}, marks=marks, diverged=[45, 50], vary="order"), {})
    assert first == "members     32, seeds 42 to 73, the same initial weights; diverged: 45, 50"
    assert lines == [
        "mark        test/accuracy at least 0.99: 25 of 32, 78 % (95 % 61 % to 89 %)",
        "mark        test/loss at most 0.1: 25 of 32, 78 % (95 % 61 % to 89 %)",
    ]


def test_of_a_single_member_no_interval_is_known():
    alone = SPREAD | {"std": math.nan, "low": math.nan, "high": math.nan, "interval": "none"}
    *_, row = member_lines(told({"test/loss": alone}), {})
    assert row.split() == ["test/loss", "0.9000", "nan", "to", "nan", "nan", "0.8000", "1.0000"]
