import json
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from litclf import InputError
from litclf.data.sources.columns import column_kinds, learn_columns, plain_frame, plain_preparation
from litclf.preprocessing.base import preparation_from
from litclf.preprocessing.table import TablePreparation, UnseenCategoryWarning, numbers_of

AGE = {"fill": 40.0, "mean": 40.0, "scale": 10.0, "indicator": True}
SMALL = TablePreparation(["sex", "age"], {"age": AGE}, {"sex": ["f", "m", None]})

values = st.one_of(st.none(), st.floats(-1e6, 1e6, width=32))
texts = st.one_of(st.none(), st.sampled_from(["a", "b", "3", "나"]))
tables = st.lists(st.tuples(values, values, texts, st.booleans()), min_size=2, max_size=20)


def as_frame(rows):
    return pd.DataFrame(rows, columns=["x", "y", "kind", "flag"]).astype({"x": float, "y": float})


@settings(deadline=None, max_examples=30)
@given(train=tables, others=tables)
def test_inputs_are_those_of_the_fitted_transformer(train, others):
    train, others = as_frame([*train, (1.0, 2.0, "a", True)]), as_frame(others)
    kinds = column_kinds(train, ["kind"])
    assert kinds == (["x", "y"], ["kind", "flag"])
    transformer = learn_columns(train, kinds)
    preparation = preparation_from(json.loads(json.dumps(plain_preparation(transformer, train.columns).to_dict())))
    for frame in (train, others):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # scikit-learn and we tell of categories new in `others`
            expected = transformer.transform(plain_frame(frame, kinds)).astype(np.float32)
            inputs = preparation.inputs(frame)
        assert (inputs.dtype, inputs.shape[1]) == (torch.float32, len(preparation.features))
        assert np.array_equal(inputs, expected)


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
