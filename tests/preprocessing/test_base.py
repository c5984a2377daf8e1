import numpy as np
import pandas as pd
import pytest
import torch

from litclf import InputError
from litclf.preprocessing.base import ArrayPreparation, preparation_from

PREPARATION = ArrayPreparation(["x1", "x2"])


def test_rows_and_frames_give_the_same_inputs():
    expected = torch.tensor([[1.0, -0.5], [2.0, 0.25]])
    frame = pd.DataFrame({"other": ["a", "b"], "x2": ["-0.5", "+0.25"], "x1": [1, 2]})
    for raw in ([[1, -0.5], [2, 0.25]], expected.numpy().astype(np.float64), expected, frame):
        assert torch.equal(PREPARATION.inputs(raw), expected)


def test_numbers_of_text_are_those_of_python():
    values = np.random.default_rng(0).normal(size=(1000, 2)) * 10.0 ** np.arange(-4, 4).repeat(125)[:, None]
    texts = pd.DataFrame([[repr(float(value)) for value in row] for row in values], columns=["x1", "x2"])
    assert torch.equal(PREPARATION.inputs(texts), torch.tensor(values, dtype=torch.float32))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ([1, 2], r"must be rows of 2 numbers, got shape \[2\]; fix: pass x1, x2"),
        ([[1, 2, 3]], r"got shape \[1, 3\]"),
        ([[1, "a"]], "must be rows of numbers"),
        ([[1, 2], [3, np.nan]], "row 1, column x2 must be a finite number, got nan"),
        ([[np.inf, 2]], "row 0, column x1 must be a finite number, got inf"),
        (pd.DataFrame({"x1": [1], "y": [2]}), "has no column x2, but x1, y; fix: name its columns x1, x2"),
        (pd.DataFrame({"x1": ["1", "a"], "x2": [1, 1]}), "row 1, column x1 must be a number, got 'a'"),
        (pd.DataFrame({"x1": [1.0, None], "x2": [1, 1]}), "row 1, column x1 must be a finite number, got nan"),
        (pd.DataFrame({"x1": [1e300], "x2": [1]}), r"row 0, column x1 must be a finite number, got 1e\+300"),
    ],
)
def test_what_does_not_fit_is_named(raw, message):
    with pytest.raises(InputError, match=message):
        PREPARATION.inputs(raw)


def test_rows_are_named_as_the_index_names_them():
    frame = pd.DataFrame({"x1": ["1", "a"], "x2": ["1", "1"]}, index=pd.RangeIndex(7, 9, name="line"))
    with pytest.raises(InputError, match="line 8, column x1"):
        PREPARATION.inputs(frame)


def test_a_description_gives_the_preparation_back():
    again = preparation_from(PREPARATION.to_dict())
    assert isinstance(again, ArrayPreparation)
    assert again.columns == ["x1", "x2"]


@pytest.mark.parametrize(
    ("described", "message"),
    [
        (None, "must be of kind array, image, table, got None"),
        ({"kind": "os.system"}, "got 'os.system'"),
        ({"kind": "array"}, "does not describe a ArrayPreparation: missing a required argument: 'columns'"),
        ({"kind": "array", "columns": ["a"], "more": 1}, "does not describe"),
        ({"kind": "array", "columns": 3}, "does not describe"),
    ],
)
def test_what_describes_no_preparation_is_refused(described, message):
    with pytest.raises(InputError, match=message):
        preparation_from(described)
