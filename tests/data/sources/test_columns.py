import numpy as np
import pandas as pd
import pytest

from litclf import InputError
from litclf.data.sources.columns import (
    check_column,
    class_labels,
    column_kinds,
    counts_rows,
    guess_target,
    learn_columns,
    plain_preparation,
    sorted_classes,
    useless_columns,
)

LINES = pd.RangeIndex(2, 12, name="line")


def column(values):
    return pd.Series(values, index=LINES[: len(values)], name="y")


def test_kinds_are_told_by_the_values():
    frame = pd.DataFrame(
        {"a": ["1", "2.5", None] * 4, "b": ["x", "y", "y"] * 4, "c": [True, False, None] * 4, "d": ["1", "2", "2"] * 4}
    )
    assert column_kinds(frame) == (["a", "d"], ["b", "c"])
    assert column_kinds(frame, ["d"]) == (["a"], ["b", "c", "d"])


def test_column_with_text_among_numbers_is_refused():
    frame = pd.DataFrame({"a": ["1", "2", "?", "4"]}, index=LINES[:4])
    with pytest.raises(InputError, match=r"line 4, column a must be a number as in most rows, got '\?'"):
        column_kinds(frame)
    assert column_kinds(frame, ["a"]) == ([], ["a"])


def test_useless_columns_are_refused_by_name():
    frame = pd.DataFrame({"name": list("abcdefgh"), "empty": [None] * 8, "kind": list("aabbaabb"), "x": range(8)})
    assert list(useless_columns(frame)) == ["name", "empty"]
    assert list(useless_columns(frame, ["name"])) == ["empty"]
    with pytest.raises(
        InputError, match=r"name has a text of its own in most rows; empty has no value; fix: .*\[name, "
    ):
        column_kinds(frame)


def test_what_is_learned_is_that_of_the_training_rows():
    frame = pd.DataFrame({"x": [1.0, 3.0, None, 5.0], "k": ["b", "a", None, "a"], "full": [1.0, 2.0, 3.0, 4.0]})
    preparation = plain_preparation(learn_columns(frame, column_kinds(frame)), list(frame.columns))
    filled = np.array([1, 3, 3, 5])
    assert preparation.numbers["x"] == pytest.approx(
        {"fill": 3.0, "mean": filled.mean(), "scale": filled.std(), "indicator": True}
    )
    assert preparation.numbers["full"]["indicator"] is False
    assert preparation.categories == {"k": ["a", "b", None]}
    assert preparation.features == ["x", "full", "x is missing", "k = a", "k = b", "k is missing"]


@pytest.mark.parametrize(
    ("values", "labels", "names"),
    [
        (["b", "a", " b"], ["b", "a", "b"], ("a", "b")),
        ([10, 9, 10], ["10", "9", "10"], ("9", "10")),
        (["10", "9", "2.0"], ["10", "9", "2"], ("2", "9", "10")),
        ([1.0, 0.0], ["1", "0"], ("0", "1")),
        ([True, False], ["True", "False"], ("False", "True")),
        (["나", "가"], ["나", "가"], ("가", "나")),
    ],
)
def test_labels_are_text_in_order(values, labels, names):
    found = class_labels(column(values))
    assert (found.tolist(), sorted_classes(found)) == (labels, names)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["a", None, "b", ""], r"line 3 must have a class in column y, got none \(and 1 more\)"),
        ([1.0, np.nan], "line 3 must have a class in column y, got none"),
        ([1, 0.5], "line 3 must have a class in column y, got 0.5"),
        (["1", "2.7"], "line 3 must have a class in column y, got 2.7"),
        (["1", "inf"], "line 3 must have a class in column y, got inf"),
    ],
)
def test_what_is_no_class_is_refused(values, message):
    with pytest.raises(InputError, match=f"^input: {message}"):
        class_labels(column(values))


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1, 2, 3], True), (["5", "6"], True), ([1, 3, 2], False), ([1], False), (["a", "b"], False)],
)
def test_row_numbers_are_known(values, expected):
    assert counts_rows(column(values)) is expected


@pytest.mark.parametrize(
    ("names", "target"),
    [(["a", "Species", "b"], "Species"), (["y", "label", "b"], "label"), (["a", "b"], "b"), (["정답", "a"], "정답")],
)
def test_target_is_guessed_by_name_or_as_the_last(names, target):
    assert guess_target(pd.DataFrame(columns=names)) == target


def test_missing_column_is_refused_with_the_nearest():
    with pytest.raises(InputError, match=r"^target: a.csv has no column 'specie'; fix: did you mean species\?"):
        check_column("specie", pd.DataFrame(columns=["a", "species"]), "target", "a.csv")
