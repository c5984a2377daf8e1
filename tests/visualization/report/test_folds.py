"""A cross-validation on the page: its words, tables and charts, by hand."""

import json

import pytest
from scipy import stats

from litclf.runs.read import read_folder
from litclf.visualization.report import fold_charts
from litclf.visualization.report.folds import fold_page
from litclf.visualization.report.page import write_report
from litclf.visualization.report.sortable import Cell


@pytest.fixture
def shown(fold_folder):
    run = read_folder(fold_folder)
    return fold_page(run.folds, run.history, run.samples)


def test_the_words_tell_the_interval_what_was_corrected_and_what_was_left_out(shown):
    low, high = stats.t.interval(0.95, 2, 0.5, stats.sem([0.5, 1.0, 0.0]))
    assert (low, high) == (pytest.approx(-0.742, abs=1e-3), pytest.approx(1.742, abs=1e-3))
    assert shown.sentences == [
        "Test accuracy 50.0 %, 95 % interval 0.0 % to 100.0 %: the mean of 3 models, each tested on rows that it never "
        "saw (3 folds, stratified, whole groups of 환자 held out).",
        "The interval is Nadeau and Bengio's: the models learn from largely the same rows, so their accuracies say "
        "less than 3 independent ones would. The variance of the mean is taken as 1/3 + 0.50 of theirs, where 0.50 "
        "rows are tested for each that is learned from; uncorrected it would be 0.0 % to 100.0 %, and too narrow.",
        "1 of 7 rows were never held out, and are in no figure below.",
    ]
    assert shown.calibration.startswith(
        "On held-out rows the models were right in 50.0 %, and gave what they predicted"
    )
    assert shown.importance == (
        "What shuffling a column costs: 크기 <b> matters. Nothing shows that noise matters: the interval holds zero."
    )
    assert shown.missing == []


def test_a_folder_that_all_rows_lie_in_is_not_shown(fold_folder):
    for name in ("oof", "label_errors"):
        path = fold_folder / f"{name}.csv"
        path.write_text(path.read_text().replace("a.csv line", "data/of mine/a.csv line"))
    run = read_folder(fold_folder)
    shown = fold_page(run.folds, run.history, {"columns": ["x"], "rows": {"data/of mine/a.csv line 3": ["1.5"]}})
    assert shown.cells["1,1"][0]["index"] == "a.csv line 7"
    first = shown.doubtful.table.rows[0]
    assert (first[0].value, first[-1].value) == ("a.csv line 3", "1.5")


def test_a_fold_that_diverged_is_named(fold_folder):
    path = fold_folder / "cv.csv"
    path.write_text(path.read_text().replace("1,2,43,3,1,2,2,0.5,0.2,1.0", "1,2,43,3,1,2,,,,"))
    run = read_folder(fold_folder)
    shown = fold_page(run.folds, run.history, run.samples)
    assert shown.sentences[2] == "1 of 3 diverged and say nothing: fold 2 of repeat 1."
    assert [cell.value for cell in shown.members.rows[1]] == ["1.2", 3, 2, None, None, None]


@pytest.mark.parametrize(
    ("gains", "told"),
    [
        (
            ("0.1", "0.02", "0.18"),
            "More data would probably help. From 70% to 100% of the rows (4 to 6) the accuracy rose",
        ),
        (
            ("0.1", "-0.02", "0.22"),
            "Nothing shows that more data would help. From 70% to 100% of the rows (4 to 6) the ",
        ),
        (
            ("-0.1", "-0.18", "-0.02"),
            "More data did not help. From 70% to 100% of the rows (4 to 6) the accuracy fell by 10.0",
        ),
        (("0.1", "", ""), "From 70% to 100% of the rows (4 to 6) the accuracy changed by +10.0 points; too few folds"),
    ],
)
def test_more_data_would_help_where_the_interval_of_the_gain_lies_above_zero(gains, told):
    names = ("gain", "gain_low", "gain_high")
    rows = [{"share": "0.7", "rows": "4"}, {"share": "1.0", "rows": "6", **dict(zip(names, gains, strict=True))}]
    assert fold_charts.curve_words(rows).startswith(told)


def test_tables_hold_numbers_with_their_intervals_and_text_as_it_is(shown):
    assert shown.results.rows == [[Cell("accuracy"), Cell(0.5, 0.0, 1.0), Cell(0.5), Cell(0.0), Cell(1.0)]]
    assert shown.members.rows[1] == [Cell(value) for value in ("1.2", 3, 2, 2, 0.2, 1.0)]
    assert shown.classes.rows[0][3] == Cell(0.3333, 0.06, 0.79)
    assert [cell.value for cell in shown.slices.rows[0]][:3] == ["<b>색</b>", "2020", 5]
    assert shown.slices.columns == [
        *(("column", True), ("value", True), ("rows", False), ("accuracy", False), ("mostly taken for", True))
    ]
    assert shown.doubtful.told.startswith("Confident learning counts 1 of 2 labels among the probable errors.")
    assert [cell.value for cell in shown.doubtful.table.rows[0]][3:] == [0.1, "yes", "1.5", "<i>빨강</i>"]


def test_the_matrix_counts_rows_held_out_and_its_cells_have_the_surest_first(shown):
    assert [[cell.count for cell in row] for row in shown.confusion.rows] == [[1, 2], [1, 2]]
    assert [sample["index"] for sample in shown.cells["1,1"]] == ["a.csv line 7", "a.csv line 4"]


def test_charts_hold_bins_columns_and_shares_with_their_intervals(shown):
    bins = shown.figures["calibration"]["data"][1]
    assert bins["x"] == pytest.approx([0.2, 0.4, 0.7, 0.8, 0.9, 1.0])  # what is said of the second class
    assert bins["y"] == [0, 1, 1, 0, 0, 1]
    bars = shown.figures["importance"]["data"][0]
    assert bars["x"] == [0.9, 0.01]
    assert bars["error_x"]["arrayminus"] == pytest.approx([0.5, 0.11])
    assert bars["marker"]["color"][0] != bars["marker"]["color"][1], "a column whose interval holds zero is grey"
    assert shown.figures["importance"]["layout"]["yaxis"]["ticktext"] == ["크기 &lt;b&gt;", "noise"]
    curve = shown.figures["learning-curve"]["data"][0]
    assert (curve["x"], curve["y"]) == ([4, 6], [0.4, 0.5])
    json.dumps(list(shown.figures.values()), allow_nan=False)


def test_images_are_shown_with_their_paths(fold_folder):
    run = read_folder(fold_folder)
    samples = {"kind": "image", "columns": [], "rows": {"a.csv line 3": "data:image/png;base64,AAAA"}}
    shown = fold_page(run.folds, run.history, samples)
    assert shown.doubtful.table is None
    ((name, *_, source),) = shown.doubtful.images
    assert (name, source) == ("a.csv line 3", "data:image/png;base64,AAAA")


def test_what_was_not_computed_is_left_out_with_a_word_how_to_get_it(fold_folder):
    for name in ("importance", "label_errors", "learning_curve"):
        (fold_folder / f"{name}.csv").unlink()
    run = read_folder(fold_folder)
    shown = fold_page(run.folds, run.history, {})
    assert [how for _, how in shown.missing] == [
        "for data that are columns of numbers or categories",
        "install cleanlab: pip install 'litclf[labels]'",
        "litclf cv SOURCE --learning_curve",
    ]
    assert list(shown.figures) == ["calibration"]
    page = write_report(fold_folder).read_text()
    assert 'id="missing"' in page
    assert 'id="importance"' not in page
