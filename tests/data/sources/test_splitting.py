import pandas as pd
import pytest

from litclf import InputError
from litclf.data.sources.splitting import rows_by_column


def test_column_names_the_splits():
    rows = rows_by_column(pd.Series(["train", "Valid", "TEST", "validation ", "training set"]))
    assert {name: places.tolist() for name, places in rows.items()} == {"train": [0, 4], "val": [1, 3], "test": [2]}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["train", "rest"], "line 3, column part must be train, val or test, got rest"),
        (["train", None], "line 3, column part must be train, val or test, got nan"),
        (["test", "val"], "no row has train in column part"),
    ],
)
def test_column_of_something_else_is_refused(values, message):
    with pytest.raises(InputError, match=message):
        rows_by_column(pd.Series(values, name="part", index=pd.RangeIndex(2, 4, name="line")))
