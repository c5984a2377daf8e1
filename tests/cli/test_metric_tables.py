"""Tables of metrics on the terminal, read back as numbers."""

import math
import re
import sys

import pytest
from scipy.stats import binomtest

from litclf.cli.metric_tables import member_lines, print_metrics
from litclf.utilities.text import width
from tests.cli.printed import table_in

SPREAD = {"mean": 0.9, "std": 0.05, "low": 0.85, "high": 0.95, "least": 0.8, "most": 1.0, "interval": "student"}
MARK = {"mark": 0.99, "reached": 25, "of": 32, "share": 0.78125, "low": 0.6125, "high": 0.8898}


def told(metrics, **others):
    return {"seeds": list(range(42, 74)), "vary": "both", "diverged": [], "metrics": metrics, "marks": {}} | others


@pytest.mark.parametrize(("name", "shown"), [("inner", "inner"), ("1" * 5000, f"'{'1' * 55}...'")])
def test_a_class_is_told_by_its_name_and_a_long_one_by_its_beginning(name, shown, capsys):
    print_metrics({"test/f1": 0.5, "positive_class": {"name": name, "why": "the second class"}}, {})
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"f1, precision and recall of class {shown}, the second class (--model.positive_class)"


def test_shares_have_the_interval_and_the_digits_that_their_samples_bear(capsys):
    confusion = [[900, 100], [60, 940]]
    facts = {"num_test": 2000, "confusion": confusion, "class_names": ["no", "yes"]}
    metrics = {"test/accuracy": 0.92, "test/precision": 940 / 1040, "test/recall": 0.94, "test/auroc": 0.97}
    print_metrics(metrics | {"positive_class": {"name": "yes", "why": "it is rarer"}}, facts)
    shown = table_in(capsys.readouterr().out)
    for name, right, count in (("accuracy", 1840, 2000), ("precision", 940, 1040), ("recall", 940, 1000)):
        interval = binomtest(right, count).proportion_ci(method="wilson")
        value, low, high = map(float, re.findall(r"[\d.]+", shown[name, "test"]))
        assert (value, low, high) == pytest.approx((right / count, *interval), abs=5e-4)
    assert shown["auroc", "test"] == "0.970"
    print_metrics({"test/accuracy": 27 / 30}, {"num_test": 30})
    assert table_in(capsys.readouterr().out)["accuracy", "test"] == "0.900 (0.744 to 0.965)"


@pytest.mark.parametrize(
    ("loss", "written", "places"), [(0.04321, "0.0432", 60), (233.4, "233", 60), (2.33e9, "2.33e+09", 64)]
)
def test_metrics_of_any_size_keep_their_column(loss, written, places, capsys):
    own = {"loss": loss, "accuracy": 0.9871, "calibration_error": 1e-3, "auroc": float("nan")}
    print_metrics({f"{stage}/{name}": own[name] for stage in ("train", "val", "test") for name in own}, SAMPLES)
    shown = capsys.readouterr().out
    assert max(map(width, shown.splitlines())) <= places
    cells = table_in(shown)
    for stage in ("train", "val"):
        assert [cells[name, stage] for name in own] == [written, "0.987", "0.001", "nan"]


SAMPLES = {"num_test": 10_000}


def test_on_a_narrow_terminal_members_keep_means_and_intervals(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    lines = member_lines(told({"test/calibration_error": SPREAD}), {"ensemble/calibration_error": 0.1})
    assert lines[1].split() == ["mean", "95", "%", "interval", "together"]
    assert max(map(len, lines)) <= 60


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


def test_colours_are_for_terminals_and_who_has_not_said_no(capsys, monkeypatch):
    def printed(**env):
        for name, value in {"TERM": "xterm", "NO_COLOR": ""}.items():
            monkeypatch.setenv(name, env.get(name, value))
        print_metrics({"test/accuracy": 0.5}, {"num_test": 10})
        return capsys.readouterr().out

    assert "\x1b[" not in printed()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert "\x1b[1maccuracy" in printed()
    assert "\x1b[" not in printed(NO_COLOR="1")
    assert "\x1b[" not in printed(TERM="dumb")
