import json
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from litclf import InputError
from litclf.data.sources.columns import look_at
from litclf.data.sources.learning import learn_columns
from litclf.preprocessing.base import preparation_from

values = st.one_of(st.none(), st.floats(-1e6, 1e6, width=32))
texts = st.one_of(st.none(), st.sampled_from(["a", "b", "3", "나"]))
tables = st.lists(st.tuples(values, values, texts, st.booleans()), min_size=2, max_size=20)


def as_frame(rows):
    return pd.DataFrame(rows, columns=["x", "y", "kind", "flag"]).astype({"x": float, "y": float})


def columns_of(frame, categorical=()):
    return [look_at(frame[name], name in categorical) for name in frame.columns]


@settings(deadline=None, max_examples=30)
@given(train=tables, others=tables)
def test_inputs_are_those_of_the_fitted_transformer(train, others):
    train, others = as_frame([*train, (1.0, 2.0, "a", True)]), as_frame(others)
    preparation = learn_columns(train, columns_of(train, ["kind"]))
    preparation = preparation_from(json.loads(json.dumps(preparation.to_dict())))
    transformer = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), ["x", "y"]),
            ("missing", MissingIndicator(features="missing-only", error_on_new=False), ["x", "y"]),
            ("categories", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["kind", "flag"]),
        ]
    )
    as_text = {"flag": lambda frame: frame["flag"].astype(str).astype(object)}
    plain_train, *plain = [
        frame.assign(kind=frame["kind"].astype(object).where(frame["kind"].notna(), None), **as_text)
        for frame in (train, train, others)
    ]
    transformer.fit(plain_train)
    for frame, own in zip((train, others), plain, strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # scikit-learn and we tell of categories new in `others`
            expected = transformer.transform(own).astype(np.float32)
            inputs = preparation.inputs(frame)
        assert (inputs.dtype, inputs.shape[1]) == (torch.float32, len(preparation.features))
        assert np.array_equal(inputs, expected)


def test_what_is_learned_is_that_of_the_training_rows():
    frame = pd.DataFrame({"x": [1.0, 3.0, None, 5.0], "k": ["b", "a", None, "a"], "full": [1.0, 2.0, 3.0, 4.0]})
    preparation = learn_columns(frame, columns_of(frame, ["k"]))
    filled = np.array([1, 3, 3, 5])
    assert preparation.numbers["x"] == pytest.approx(
        {"fill": 3.0, "mean": filled.mean(), "scale": filled.std(), "indicator": True}
    )
    assert preparation.numbers["full"]["indicator"] is False
    assert preparation.categories == {"k": ["a", "b", None]}
    assert preparation.features == ["x", "full", "x is missing", "k = a", "k = b", "k is missing"]


def test_bins_are_how_far_through_quantiles_a_number_is():
    stream = np.random.default_rng(0)
    train = pd.DataFrame({"x": stream.normal(size=200), "two": stream.integers(0, 2, 200), "few": [0.0, 1, 1, 2] * 50})
    train.loc[5, "x"] = None
    preparation = learn_columns(train, columns_of(train), bins=4)
    preparation = preparation_from(json.loads(json.dumps(preparation.to_dict())))
    others = pd.DataFrame({"x": [-9.0, 0.1, None, 9.0], "two": [0, 1, 0, 1], "few": [0.5, 1.0, 1.5, 3]})
    plain = learn_columns(train, columns_of(train)).inputs(others)
    inputs = preparation.inputs(others)
    assert torch.equal(inputs[:, : plain.shape[1]], plain)
    filled = others["x"].fillna(train["x"].median())
    expected = []
    for values, name in ((filled, "x"), (others["few"], "few")):
        edges = sorted(set(np.nanquantile(train[name], [0, 0.25, 0.5, 0.75, 1])))
        expected += [np.interp(values, edges[place : place + 2], [0, 1]) for place in range(len(edges) - 1)]
    np.testing.assert_allclose(inputs[:, plain.shape[1] :], np.stack(expected, axis=1), atol=1e-6)
    names = [name for name in preparation.features if " from " in name]
    assert (len(names), names[-1]) == (8, "few from 1.25 to 2")
    assert preparation.sources[plain.shape[1] :] == ["x"] * 4 + ["few"] * 4
    assert "edges" not in preparation.numbers["two"]


def test_how_numbers_are_written_is_learned_and_kept():
    frame = pd.DataFrame({"price": ["1.200,50 €", "7 €", None, "9 €"]})
    preparation = preparation_from(json.loads(json.dumps(learn_columns(frame, columns_of(frame)).to_dict())))
    plain = learn_columns(other := pd.DataFrame({"price": [1200.5, 7, None, 9]}), columns_of(other))
    assert torch.equal(preparation.inputs(frame), plain.inputs(other))
    assert torch.equal(preparation.inputs([{"price": 7}, {"price": "7"}]), plain.inputs([[7], [7]]))
    with pytest.raises(InputError, match=r"row 0, column price must be a number with '€' and '\.' for thousands"):
        preparation.inputs([{"price": "7 $"}])


def test_a_column_without_a_value_in_training_is_refused():
    frame = pd.DataFrame({"x": ["1", "2"], "k": ["a", "b"]})
    columns = columns_of(frame, ["k"])
    with pytest.raises(InputError, match=r"column x has no value in a training row; fix: pass --data.drop '\[x\]'"):
        learn_columns(pd.DataFrame({"x": [None, None], "k": ["a", "b"]}), columns)
