import math
import os

import pytest

from litclf.runs.read import read_folder
from litclf.utilities.errors import InputError


def test_an_empty_folder_reads_as_nothing(tmp_path):
    run = read_folder(tmp_path)
    assert (run.config, run.history.metrics, run.history.facts, run.history.rows, run.samples) == ("", {}, {}, [], {})


def test_cells_that_are_empty_are_left_out_and_others_are_numbers(make_run):
    folder = make_run()
    (folder / "metrics.csv").write_text("step,train/loss,val/loss\r\n9,nan,\r\n19,,0.5\r\n")
    first, second = read_folder(folder).history.rows
    assert first.keys() == {"step", "train/loss"}
    assert math.isnan(first["train/loss"])
    assert second == {"step": 19, "val/loss": 0.5}


def test_a_row_cut_short_by_the_end_of_the_run_is_read_as_far_as_it_goes(make_run):
    folder = make_run()
    (folder / "metrics.csv").write_text("step,train/loss,val/loss\r\n9,0.5")
    assert read_folder(folder).history.rows == [{"step": 9, "train/loss": 0.5}]


def test_samples_hold_no_number_that_json_does_not_know(make_run):
    folder = make_run()
    (folder / "samples.json").write_text('{"worst": [NaN, -Infinity, 1.5]}')
    assert read_folder(folder).samples == {"worst": [None, None, 1.5]}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("metrics.json", "{", "is no JSON"),
        ("metrics.json", "[]", "must hold an object, got list"),
        ("samples.json", "\xff", "is no JSON"),
        ("metrics.csv", "step,loss\n1,high\n", "is no table of numbers"),
        ("metrics.csv", "step\n1,2\n", "is no table of numbers"),
    ],
)
def test_a_damaged_file_is_named(make_run, name, content, message):
    folder = make_run()
    (folder / name).write_text(content, encoding="latin-1")
    with pytest.raises(InputError, match=message) as refused:
        read_folder(folder)
    assert refused.value.where == os.fspath(folder / name)
