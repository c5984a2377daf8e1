import time

import numpy as np
import pandas as pd
import pytest

from litclf import BlobsDataModule, CirclesDataModule, TableDataModule
from litclf.data.audit.kinds.leak import tells_class
from litclf.data.audit.loaded import check_loaded
from litclf.data.audit.table import check_table


@pytest.fixture
def write(tmp_path):
    """Writes a table of 120 rows in which nothing is wrong but for the columns given, and returns its path."""

    def write(**columns):
        stream = np.random.default_rng(0)
        frame = pd.DataFrame({"x": stream.normal(0, 1, 120), "k": stream.choice(["a", "b"], 120), "y": [0, 1, 2] * 40})
        frame.assign(**columns).to_csv(tmp_path / "a.csv", index=False)
        return str(tmp_path / "a.csv")

    return write


def kinds(report):
    return {finding.kind: finding.where for finding in report.findings}


def test_sound_table_has_no_findings(write):
    report = check_table(write(), "y")
    assert (report.findings, report.one_line()) == ([], None)
    assert report.summary["classes"] == {"0": "40 (33.3%)", "1": "40 (33.3%)", "2": "40 (33.3%)"}
    assert report.summary["splits"] == {"train": 84, "val": 12, "test": 24}
    x = pd.read_csv(write())["x"]
    looks = report.summary["columns"][0]
    assert looks["column"] == "x"
    expected = [x.min(), x.mean(), x.max(), x.std(ddof=0)]
    assert [looks[name] for name in ("min", "mean", "max", "spread")] == pytest.approx(expected)


STREAM = np.random.default_rng(1)


@pytest.mark.parametrize(
    ("columns", "kind", "where"),
    [
        ({"y": ["a", None, "b"] * 40}, "no class", [f"line {row}" for row in range(3, 121, 3)]),
        ({"y": "a"}, "one class", ["column y"]),
        ({"y": [0, 1, 0.5] * 40}, "measure", [f"line {row}" for row in range(4, 122, 3)]),
        ({"id": [f"n{i}" for i in range(120)]}, "useless", ["column id"]),
        ({"empty": None}, "useless", ["column empty"]),
        ({"x": ["1", "2", "3", "?"] * 30}, "mixed", [f"column x, line {row}" for row in range(5, 122, 4)]),
        ({"x": [1.0] * 119 + [np.inf]}, "infinite", ["column x, line 121"]),
        ({"n": range(120)}, "row numbers", ["column n"]),
        ({"m": [1.0, None, 2.0] * 40}, "missing", ["column m"]),
        ({"c": 1}, "constant", ["column c"]),
        ({"c": "a"}, "constant", ["column c"]),
        ({"again": lambda frame: frame["x"]}, "duplicate", ["column x = again"]),
        ({"more": lambda frame: 2 * frame["y"] + STREAM.normal(0, 0.01, 120)}, "leak", ["column more"]),
        ({"code": lambda frame: frame["y"].map({0: "p", 1: "q", 2: "r"})}, "leak", ["column code"]),
        ({"y": ["rare" if i < 4 else "no" for i in range(120)]}, "rare", ["class rare"]),
        ({"y": ["once" if i < 1 else "no" for i in range(120)]}, "refused", ["test_size"]),
    ],
)
def test_planted_fault_is_found_and_nothing_else(columns, kind, where, write):
    found = kinds(check_table(write(**columns), "y"))
    assert found[kind] == where
    assert found.keys() - {kind} <= {"rare", "leak"}


def test_rows_that_straddle_the_splits_are_found(write):
    part = ["train"] * 80 + ["val"] * 20 + ["test"] * 20
    path = write(part=part, x=[*np.arange(118) % 117 * 1.1, 0.0, 1.1], k="a")
    report = check_table(path, "y", {"split_column": "part"})
    frame = pd.read_csv(path)
    straddling = frame[80:].merge(frame[:80].drop_duplicates("x"), on="x")
    assert len(kinds(report)["straddle"]) == len(straddling) == 3
    assert kinds(report)["straddle"][-1] == f"{path} line 3 = {path} line 121"


def test_one_line_names_the_weightiest(write):
    path = write(code=[0, 1, 2] * 40, c=1, m=[1.0, None, 2.0, 3.0] * 30)
    line = check_table(path, "y").one_line()
    assert line.startswith("data: column code gives the class away")
    assert line.endswith("1 more, see `litclf check-data`")


def test_tree_is_needed_to_tell_a_class():
    stream = np.random.default_rng(0)
    y = stream.integers(0, 2, 1000)
    assert tells_class((y + stream.normal(0, 0.01, 1000)).astype(np.float32), y)
    assert not tells_class((y + stream.normal(0, 0.5, 1000)).astype(np.float32), y)
    assert not tells_class(stream.permutation(1000).astype(np.float32), y)
    # Nearly all rows are of one class: always saying so tells nothing.
    assert not tells_class(stream.normal(0, 1, 1000).astype(np.float32), (np.arange(1000) < 4).astype(int))
    codes = stream.integers(0, 40, 1000)
    assert tells_class(codes.astype(np.float32), codes % 2)


def test_data_in_memory_is_looked_at():
    assert check_loaded(CirclesDataModule(num_samples=200)).findings == []
    rows = [[i, 1000.0 * (i % 7), 1] for i in range(10)]
    found = kinds(check_loaded(TableDataModule(rows, [i % 2 for i in range(10)])))
    assert found == {"constant": ["column x3"], "scale": ["column x2", "column x1"]}
    assert check_loaded(BlobsDataModule()).summary["splits"] == {"train": 800, "val": 100, "test": 100}


def test_a_look_at_the_start_of_a_fit_is_quick():
    stream = np.random.default_rng(0)
    data = TableDataModule(stream.normal(0, 1, (1000, 60)).tolist(), (np.arange(1000) % 3).tolist())
    begin = time.perf_counter()
    assert check_loaded(data).findings == []
    assert time.perf_counter() - begin < 2
