"""Tables that cannot be trained on, and settings that do not fit them: one line names the place and the way out."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from litclf.data.table import TableDataModule

from ..bad_inputs import HEADER, ROWS, TABLES, parquet, refused_by, text, write


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def split(**settings):
    TableDataModule(**{"path": "a.csv", "target": "kind"} | settings).setup("fit")


@pytest.mark.parametrize("case", TABLES)
def test_a_table_that_cannot_be_trained_on(case):
    files, message = TABLES[case]
    write({name: make() for name, make in files.items()})
    refused_by(split, message)


SETTINGS = {
    "target that is not there": (
        {"target": "kynd"},
        r"target: a\.csv has no column 'kynd'; fix: did you mean kind",
    ),
    "wrong ending": ({"path": "a.xlsx"}, r"path: a\.xlsx must be a \.csv, .*got '\.xlsx'"),
    "column to drop that is not there": (
        {"drop": ["sise"]},
        r"drop: a\.csv has no column 'sise'; fix: did you mean size",
    ),
    "split column that is not there": (
        {"split_column": "splt"},
        r"split_column: a\.csv has no column 'splt'",
    ),
    "unknown split": (
        {"split_column": "colour"},
        r"path: a\.csv line 2, column colour must be train, val or test, got blue",
    ),
    "too much held out": (
        {"val_size": 0.5, "test_size": 0.5},
        r"val_size: must leave .* got 0\.5 of 60 rows",
    ),
    "share above one": ({"test_size": 1.2}, r"test_size: must be at least 0 and below 1, got 1\.2"),
    "validation file that is not there": ({"val_path": "v.csv"}, r"val_path: v\.csv does not exist"),
    "validation file with another class": (
        {"val_path": "other.csv"},
        r"val_path: other\.csv line 2 has class 'c', which no training",
    ),
    "validation file without a column": (
        {"val_path": "less.csv"},
        r"val_path: less\.csv has no column colour",
    ),
    "class without training rows": (
        {"path": "split.csv", "split_column": "split"},
        r"path: class a of split\.csv has no training row",
    ),
    "truncated Parquet": ({"path": "cut.parquet"}, r"path: cut\.parquet is no Parquet file"),
    "CSV named Parquet": ({"path": "text.parquet"}, r"path: text\.parquet is no Parquet file"),
    "infinity in Parquet": (
        {"path": "inf.parquet"},
        r"path: inf\.parquet row 3, column size must be a finite number, got -inf",
    ),
    "lists in Parquet": ({"path": "lists.parquet"}, r"path: lists\.parquet .*column lists"),
    "unreadable file": ({"path": "locked.csv"}, r"path: locked\.csv cannot be read"),
}


@pytest.fixture
def tables():
    files = {"a.csv": text(), "a.xlsx": text(), "other.csv": text(line2="1,red,c"), "text.parquet": text()}
    files["less.csv"] = text("size,kind", [",".join(row.split(",")[::2]) for row in ROWS])
    splits = [f"{row},{'test' if row[-1] == 'a' else 'train'}" for row in ROWS]
    files["split.csv"] = text(f"{HEADER},split", splits)
    files["cut.parquet"] = parquet()[:-100]
    files["inf.parquet"] = parquet(size=[1.0, 2.0, 3.0, -np.inf, *range(56)])
    files["lists.parquet"] = parquet(lists=[[1, 2]] * 60)
    write(files)


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("case", SETTINGS)
def test_settings_that_do_not_fit_the_table(case):
    settings, message = SETTINGS[case]
    if case == "unreadable file":
        if os.geteuid() == 0:
            pytest.skip("root reads every file")
        shutil.copy("a.csv", "locked.csv")
        Path("locked.csv").chmod(0)
    refused_by(lambda: split(**settings), message)
