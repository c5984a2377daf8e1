import numpy as np
import pandas as pd
import pytest

from litclf import InputError
from litclf.preprocessing.base import preparation_from
from litclf.preprocessing.table import TablePreparation, UnseenCategoryWarning, numbers_of

AGE = {"fill": 40.0, "mean": 40.0, "scale": 10.0, "indicator": True}
SMALL = TablePreparation(["sex", "age"], {"age": AGE}, {"sex": ["f", "m", None]})


def test_features_have_names_and_sources():
    assert SMALL.features == ["age", "age is missing", "sex = f", "sex = m", "sex is missing"]
    assert SMALL.sources == ["age", "age", "sex", "sex", "sex"]


@pytest.mark.parametrize(
    "raw",
    [
        pd.DataFrame({"age": [50.0, None], "other": [1, 2], "sex": ["m", None]}),
        pd.DataFrame({"age": ["50", ""], "sex": [" m", ""]}),
        [{"sex": "m", "age": 50}, {"age": None, "sex": None}],
        [["m", 50], [None, None]],
        np.array([["m", "50"], [None, None]], dtype=object),
    ],
)
def test_raw_rows_of_any_form_give_the_same_inputs(raw):
    assert SMALL.inputs(raw).tolist() == [[1, 0, 0, 1, 0], [0, 1, 0, 0, 1]]


def test_one_mapping_is_one_row():
    assert SMALL.inputs({"age": 50, "sex": "f"}).tolist() == [[1, 0, 1, 0, 0]]


@pytest.mark.parametrize("codes", [[1, 2], [1.0, 2.0], ["1", "2.0"], ["01", "2"], pd.array([1, 2], dtype="Int64")])
def test_a_category_has_one_text_however_it_was_read(codes):
    preparation = TablePreparation(["code"], {}, {"code": ["1", "2"]})
    assert preparation.inputs(pd.DataFrame({"code": codes})).tolist() == [[1, 0], [0, 1]]


def test_codes_with_leading_zeros_are_taken_as_they_are_written():
    preparation = TablePreparation(["code"], {}, {"code": ["001", "010", "1"]})
    codes = pd.DataFrame({"code": ["010", " 001", "1"]})
    assert preparation.inputs(codes).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    with pytest.warns(UnseenCategoryWarning, match="'01' was in no training row, .*; did you mean '001'"):
        assert preparation.inputs(pd.DataFrame({"code": ["01"]})).tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("values", [[2**53 + 1, 2**53], [str(2**53 + 1), str(2**53)], [2**53 + 1, 2**53, None]])
def test_categories_beyond_float64_stay_apart(values):
    preparation = TablePreparation(["code"], {}, {"code": [str(2**53), str(2**53 + 1)]})
    frame = pd.DataFrame({"code": pd.Series(values, dtype=object)})
    assert preparation.inputs(frame).tolist()[:2] == [[0, 1], [1, 0]]


def test_categories_are_found_whatever_their_spaces_and_unicode_form():
    preparation = TablePreparation(["k"], {}, {"k": ["caf\u00e9 au lait", "tea"]})
    frame = pd.DataFrame({"k": ["cafe\u0301\u00a0au  lait", "tea\u3000"]})
    assert preparation.inputs(frame).tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("value", ["?", " ? ", "-999", "-999.0", -999, -999.0, None])
def test_words_for_missing_are_missing_in_every_row(value):
    preparation = TablePreparation(["age"], {"age": AGE}, {}, ["?", "-999"])
    again = preparation_from(preparation.to_dict())
    assert again.inputs([[value]]).tolist() == [[0, 1]]
    assert again.inputs([[50]]).tolist() == [[1, 0]]
    assert "missing" not in SMALL.to_dict()


@pytest.mark.parametrize("flags", [[True, False], ["true", "FALSE"]])
def test_truth_has_one_text(flags):
    preparation = TablePreparation(["flag"], {}, {"flag": ["False", "True"]})
    assert preparation.inputs(pd.DataFrame({"flag": flags})).tolist() == [[0, 1], [1, 0]]


def test_unseen_category_gets_zeros_and_one_warning():
    preparation = TablePreparation(["sex"], {}, {"sex": ["f", "m"]})
    frame = pd.DataFrame({"sex": ["m", "x"]}, index=pd.RangeIndex(2, 4, name="line"))
    with pytest.warns(UnseenCategoryWarning, match=r"^line 3, column sex: 'x' was in no training row"):
        assert preparation.inputs(frame).tolist() == [[0, 1], [0, 0]]
    assert preparation.inputs(frame).tolist() == [[0, 1], [0, 0]]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (pd.DataFrame({"sex": ["m"]}), "has no column age"),
        (pd.DataFrame({"sex": ["m"], "Age": [1]}), r"has no column age; fix: is it Age\? rename it to age"),
        (pd.DataFrame([["m", 1, 2]], columns=["sex", "age", "age"]), "has 2 columns age"),
        (pd.DataFrame({"sex": "m", "age": ["1", "old"]}), "row 1, column age must be a number, got 'old'"),
        (pd.DataFrame({"sex": "m", "age": [1, np.inf]}), "row 1, column age must be a finite number, got inf"),
        (pd.DataFrame({"sex": "m", "age": [1, -1e39]}), r"row 1, column age must be a finite number, got -1e\+39"),
        ([["m"]], "row 0 must hold 2 values, got 1"),
        ([["m", 1], ["f", 2, 3]], "row 1 must hold 2 values, got 3"),
    ],
)
def test_what_does_not_fit_is_refused(raw, message):
    with pytest.raises(InputError, match=f"^input: {message}"):
        SMALL.inputs(raw)


def test_value_too_far_for_the_network_is_refused():
    narrow = TablePreparation(["a"], {"a": {"fill": 0.0, "mean": 0.0, "scale": 1e-9, "indicator": False}}, {})
    with pytest.raises(InputError, match=r"row 1, column a is too far from the values in training, got 1e\+35"):
        narrow.inputs(pd.DataFrame({"a": [1.0, 1e35]}))


def test_numbers_of_text_are_those_of_pandas():
    column = pd.Series(["1", "-2.5", "1e3", None, "+4"])
    assert np.array_equal(numbers_of(column), pd.to_numeric(column).to_numpy(), equal_nan=True)


def test_what_describes_no_table_is_refused():
    with pytest.raises(InputError, match="does not describe a TablePreparation"):
        preparation_from({"kind": "table", "columns": ["a"], "numbers": {}, "categories": {}})
