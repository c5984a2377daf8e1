import numpy as np
import pandas as pd
import pytest

from litclf import InputError
from litclf.data.sources.splitting import TableFiles, rows_by_column


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


def test_rows_in_other_splits_are_numbered_anew_and_parsed_once(tmp_path):
    rows = [f"{number}.50,{'ab'[number % 2]},{'uv'[number % 2]}" for number in range(12)]
    (tmp_path / "table.csv").write_text("\n".join(["x,kind,y", *rows]))
    files = TableFiles(str(tmp_path / "table.csv"), "y", val_size=0.0, test_size=0.25)
    none = np.arange(0)
    first = files.with_rows({"train": np.arange(12), "val": none})
    again = files.with_rows({"train": np.array([7, 2, 4]), "val": none, "test": np.array([1, 0])}, parsed=True)
    assert first.drawn_targets.tolist() == [0, 1] * 6
    assert again.drawn == [("test", 1), ("test", 0), ("train", 1), ("train", 2), ("train", 0)]
    assert again.drawn_rows["x"].tolist() == [0.5, 1.5, 2.5, 4.5, 7.5]
    assert again.frames["train"]["kind"].tolist() == ["b", "a", "a"]
    assert first.drawn_rows["x"].tolist() == [row.split(",")[0] for row in rows]
