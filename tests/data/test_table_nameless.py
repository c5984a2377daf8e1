"""Columns that a program added without a name: left out, said, and taken where they are asked for."""

import numpy as np
import pandas as pd
import pytest

from litclf import TableDataModule


@pytest.fixture
def write(tmp_path):
    """Writes a table of 40 rows, with further columns, and returns its path."""

    def write(**columns):
        x = np.random.default_rng(0).normal(5, 2, 40)
        frame = pd.DataFrame({"x": x, "k": list("abba") * 10, "y": ["no", "yes"] * 20}).assign(**columns)
        frame.to_csv(tmp_path / "a.csv", index=False)
        return str(tmp_path / "a.csv")

    return write


def test_an_index_without_a_name_and_an_empty_column_are_left_out_and_told(write, tmp_path):
    frame = pd.read_csv(path := write())
    assert TableDataModule(path=path, target="y").notes == ()
    frame.to_csv(tmp_path / "index.csv")
    frame.assign(**{"": None}).to_csv(tmp_path / "end.csv", index=False)
    frame.sample(frac=1, random_state=0).to_parquet(tmp_path / "index.parquet")
    for name, column, why in (
        ("index.csv", "Unnamed: 0", "is an index without a name"),
        ("end.csv", "Unnamed: 3", "has neither a name nor a value"),
        ("index.parquet", "__index_level_0__", "is an index without a name"),
    ):
        data = TableDataModule(path=str(tmp_path / name), target="y")
        assert data.preparation.columns == ["x", "k"]
        assert data.notes == (f"column {column} {why}: left out",)
        dropped = TableDataModule(path=str(tmp_path / name), target="y", drop=[column])
        assert (dropped.preparation.columns, dropped.notes) == (["x", "k"], ())


def test_an_index_that_is_named_as_categories_is_taken(write):
    path = write(**{"": 1})
    pd.read_csv(path).drop(columns="Unnamed: 3").to_csv(path)
    data = TableDataModule(path=path, target="y", categorical=["Unnamed: 0"])
    assert "column Unnamed: 0: " in data.notes[0]
    assert data.preparation.columns == ["Unnamed: 0", "x", "k"]


def test_a_nameless_column_that_tells_something_is_learned_from(write):
    data = TableDataModule(path=write(**{"": [1.5, 2.5, 3.5, 4.5] * 10}), target="y")
    assert data.preparation.columns == ["x", "k", "Unnamed: 3"]


def test_an_index_that_pandas_stored_is_a_column(write, tmp_path):
    frame = pd.read_csv(write())
    for index in ("x", "y"):
        frame.set_index(index).to_parquet(tmp_path / "a.parquet")
        data = TableDataModule(path=str(tmp_path / "a.parquet"), target="y")
        assert (sorted(data.preparation.columns), data.class_names) == (["k", "x"], ("no", "yes"))


def test_a_nameless_column_that_repeats_in_another_split_is_no_index(write):
    part = ["train"] * 20 + ["val"] * 10 + ["test"] * 10
    path = write(part=part, **{"": 1})
    frame = pd.read_csv(path).drop(columns="Unnamed: 4")
    frame.insert(0, "", [*range(20), *range(20)])
    frame.to_csv(path, index=False)
    data = TableDataModule(path=path, target="y", split_column="part")
    assert (data.preparation.columns, data.notes) == (["Unnamed: 0", "x", "k"], ())
