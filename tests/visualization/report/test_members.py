"""Members on the page: their table as text, and their charts against numpy."""

import json

import numpy as np
import pytest

from litclf.runs.history import History
from litclf.runs.member_history import MemberHistory
from litclf.runs.read import read_folder
from litclf.utilities.statistics import bands
from litclf.visualization.report.charts import figures
from litclf.visualization.report.member_charts import behind, histogram
from litclf.visualization.report.members import member_table


@pytest.fixture
def run(member_folder):
    return read_folder(member_folder)


def test_the_table_has_a_row_for_each_and_says_what_became_of_it(run):
    table = member_table(run.history, run.members)
    assert (table.stage, table.columns) == ("test", ["loss", "accuracy"])
    assert [(row.seed, row.best_epoch, row.values, row.note) for row in table.rows] == [
        (42, 3, [0.1, 1.0], ""),
        (43, 2, [0.3, 0.75], "dead units: 2 of 4 in layer 2"),
        (44, None, [None, None], "diverged after step 250"),
    ]
    assert table.together == [None, 0.96]
    assert table.sentences == [
        "One member 87.5 ± 12.5 %, all 3 together 96.0 % (test accuracy).",
        "1 of 3 reach test/accuracy 0.9: 33 % (95 % interval 6 % to 79 %).",
    ]


def test_a_run_of_one_network_has_no_members(row_folder):
    run = read_folder(row_folder)
    assert member_table(run.history, run.members) is None


def test_a_row_tells_of_samples_that_a_layer_is_silent_on():
    layers = [{"units": 4, "dead": 1, "silent": 75, "lost": 50}, {"units": 8, "dead": 7, "silent": 25, "lost": 0}]
    members = MemberHistory([{"seed": 1, "train/accuracy": 0.5}], [])
    (row,) = member_table(History({}, {"dead_units": [layers]}, []), members).rows
    assert row.note == "dead units: 7 of 8 in layer 2; train samples that no unit reacts to: 75 in layer 1"


def test_without_a_test_split_the_members_are_told_by_validation_or_training():
    for stage, name in (("val", "validation"), ("train", "train")):
        members = MemberHistory([{"seed": 1, f"{stage}/accuracy": 0.5}, {"seed": 2, f"{stage}/accuracy": 1.0}], [])
        told = {"metrics": {f"{stage}/accuracy": {"mean": 0.75, "std": 0.25}}}
        table = member_table(History({"members": told, "ensemble/accuracy": 0.9}, {}, []), members)
        assert (table.stage, table.together) == (name, [])
        assert table.sentences == [f"One member 75.0 ± 25.0 % ({name} accuracy)."]
        assert table.chart["layout"]["xaxis"]["title"]["text"] == f"{name} accuracy"


def test_charts_have_members_and_bands_behind_their_mean_and_no_best_epoch(run):
    (figure,) = figures(run.history, run.members)
    names = ["val, members", "val, 95 % of the members", "val, 95 % interval of the mean", "val, touched", "val"]
    assert [trace["name"] for trace in figure["data"]] == names
    assert not figure["layout"]["shapes"]
    lines = figure["data"][0]
    assert lines["y"] == [0.5, 0.75, 1.0, None, 0.5, 0.5, 0.75, None, 0.25, 0.5, None, None]
    assert lines["x"] == [99, 199, 299, None] * 3
    assert lines["meta"]["points"] == 3
    shown = bands(run.members.curve("val/accuracy")[1])
    assert figure["data"][1]["y"] == [*shown.low, *shown.high[::-1]]
    assert figure["data"][2]["y"] == pytest.approx(np.clip([*shown.mean_low, *shown.mean_high[::-1]], 0.25, 1.0))
    json.dumps(figure, allow_nan=False)


def test_long_curves_of_many_members_are_thinned_and_end_where_they_end():
    moments = [{"step": step, "seed": seed, "val/loss": 1.0} for step in range(1000) for seed in range(100)]
    members = MemberHistory([{"seed": seed} for seed in range(100)], moments)
    lines = behind(members, "val", "loss", "#000000")[0]
    assert 10_000 < len(lines["x"]) <= 20_100
    assert lines["x"][-2] == 999
    assert len(lines["x"]) == 100 * (lines["meta"]["points"] + 1)


def test_bars_name_their_members_and_lines_stand_at_mean_ensemble_and_mark():
    rows = [{"seed": seed, "test/accuracy": value} for seed, value in enumerate([0.98, 0.99, 1.0, 1.0])]
    mark = {"mark": 0.99, "reached": 3, "of": 5, "share": 0.6}
    members = MemberHistory([*rows, {"seed": 4}], [])
    figure = histogram(members, {"marks": {"test/accuracy": mark}}, 0.995)
    bars, *lines = figure["data"]
    assert bars["x"] == pytest.approx([0.98, 0.99, 1.0])
    assert bars["y"] == [1, 1, 2]
    assert bars["hovertext"] == ["1 with seed 0", "1 with seed 1", "2 with seed 2, 3"]
    assert [(line["name"], line["x"][0]) for line in lines] == [
        ("mean of the members", pytest.approx(0.9925)),
        ("all together", 0.995),
        ("mark, 3 of 5 reach it", 0.99),
    ]
    assert histogram(MemberHistory([{"seed": 1}], []), {}, None) is None
