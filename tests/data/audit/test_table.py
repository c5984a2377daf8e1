import shlex
import time

import numpy as np
import pandas as pd
import pytest
import yaml

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
    assert (report.findings, report.lines()) == ([], [])
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
    assert found.keys() - {kind} <= {"rare", "leak", "straddle"}


FAR = np.round(np.random.default_rng(2).normal(0, 1, 120), 3)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (np.where(np.arange(120) % 4, FAR, -999), "holds -999 in 30 rows, far from"),
        (np.where(np.arange(120) % 119, FAR, 9999), "holds 9999 in 2 rows, far from"),
        (np.where(np.arange(120) % 119, FAR, -99), "holds -99 in 2 rows, far from"),
        (np.where(np.arange(120) % 30, FAR, 1e20), "holds 1e+20 in 4 rows, far from"),
    ],
)
def test_a_number_that_stands_for_a_missing_one_is_named_and_the_way_out_works(column, said, write):
    path = write(far=column)
    (finding,) = [finding for finding in check_table(path, "y").findings if finding.kind == "sentinel"]
    assert said in str(finding)
    word = yaml.safe_load(shlex.split(finding.message.split("pass ")[1])[1])
    found = check_table(path, "y", {"missing": word}).findings
    assert "sentinel" not in {finding.kind for finding in found}
    assert check_loaded(TableDataModule(path=path, target="y")).lines()[0].startswith("data: column far holds ")


@pytest.mark.parametrize("column", [FAR, [*range(99), *range(21)], [0, 1] * 60, [1e20, *FAR[1:]], [0] * 119 + [9]])
def test_plain_numbers_are_no_sentinels(column, write):
    assert "sentinel" not in kinds(check_table(write(far=column), "y"))


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ([["1st", "2nd", "3rd"][i % 3] for i in range(120)], "holds numbers with text, such as '1st'"),
        ([f"{i % 12} {['cm', 'mm'][i % 2]}" for i in range(120)], "holds numbers with text, such as '0 cm'"),
        ([f"~{i % 30}" for i in range(120)], "holds numbers with text, such as '~0'"),
        ([["1/2", "1/4", "3/4"][i % 3] for i in range(120)], "holds numbers with text, such as '1/2'"),
        ([20240101 + i % 28 for i in range(120)], "holds dates written as numbers, such as 20240101"),
        ([["1", "2", "3", "other", "other", "other"][i % 6] for i in range(120)], "holds 'other' among numbers"),
    ],
)
def test_texts_that_may_be_measures_are_named(column, said, write):
    path = write(k=column)
    (finding,) = [finding for finding in check_table(path, "y").findings if finding.kind == "measures"]
    assert said in str(finding)
    assert "measures" not in kinds(check_table(path, "y", {"categorical": ["k"]}))
    assert any(said in line for line in check_loaded(TableDataModule(path=path, target="y")).lines())


def test_kinds_of_ages_are_no_measures(write):
    assert "measures" not in kinds(check_table(write(k=["18-25", "26-35", "36+"] * 40), "y"))


@pytest.mark.parametrize(
    ("names", "where"),
    [
        (["Cat", "cat", "dog"], "'Cat' and 'cat'"),
        (["dog", "dog.", "cat"], "'dog' and 'dog.'"),
        (["tea", "tea\u200b", "cat"], "'tea' and 'tea\\u200b'"),
        (["01", "1", "2"], "'01' and '1'"),
    ],
)
def test_names_that_look_alike_are_named(names, where, write):
    path = write(y=names * 40)
    assert kinds(check_table(path, "y"))["alike"] == [f"classes {where}"]
    assert check_loaded(TableDataModule(path=path, target="y")).lines()[0].startswith(f"data: classes {where} differ")
    path = write(k=[names[i // 2 % 3] for i in range(120)])
    assert kinds(check_table(path, "y", {"categorical": ["k"]}))["alike"] == [f"column k, {where}"]


@pytest.mark.parametrize(("rows", "noise", "step"), [(60, 0, 1), (120, 0, 3), (120, 0.05, 1), (1200, 0.1, 7)])
def test_a_number_of_the_row_that_tells_the_class_is_named_also_with_few_rows_and_noise(rows, noise, step, tmp_path):
    stream = np.random.default_rng(0)
    y = np.sort(np.arange(rows) % 3)
    y = np.where(stream.random(rows) < noise, stream.integers(0, 3, rows), y)
    frame = pd.DataFrame({"id": np.arange(rows) * step, "x": stream.normal(0, 1, rows), "y": y})
    frame.sample(frac=1, random_state=0).to_csv(tmp_path / "a.csv", index=False)
    report = check_table(str(tmp_path / "a.csv"), "y")
    assert kinds(report)["leak"] == ["column id"]
    assert (
        check_loaded(TableDataModule(path=str(tmp_path / "a.csv"), target="y"))
        .lines()[0]
        .startswith("data: column id ")
    )
    frame.assign(id=stream.permutation(rows)).to_csv(tmp_path / "b.csv", index=False)
    assert "leak" not in kinds(check_table(str(tmp_path / "b.csv"), "y"))


def test_rows_that_straddle_the_splits_are_found(write):
    part = ["train"] * 80 + ["val"] * 20 + ["test"] * 20
    path = write(part=part, x=[*np.arange(118) % 117 * 1.1, 0.0, 1.1], k="a")
    report = check_table(path, "y", {"split_column": "part"})
    frame = pd.read_csv(path)
    straddling = frame[80:].merge(frame[:80].drop_duplicates("x"), on="x")
    assert len(kinds(report)["straddle"]) == len(straddling) == 3
    assert kinds(report)["straddle"][-1] == f"{path} line 3 = {path} line 121"


def test_a_fit_begins_with_the_weightiest_and_counts_the_others(write):
    path = write(code=[0, 1, 2] * 40, c=1, m=[1.0, None, 2.0, 3.0] * 30, far=[-999, *range(119)])
    lines = check_table(path, "y").lines()
    assert [line.split()[:3] for line in lines] == [
        ["data:", "column", "code"],
        ["data:", "column", "c"],
        ["data:", "column", "far"],
    ]
    path = write(code=[0, 1, 2] * 40, c=1, far=[-999, *range(119)], n=range(120))
    lines = check_table(path, "y").lines()
    assert len(lines) == 3
    assert lines[-1].endswith("; 1 more, see `litclf check-data`")


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
    begin = time.process_time()
    assert check_loaded(data).findings == []
    assert time.process_time() - begin < 2


def test_columns_are_told_alike_by_a_look_and_a_fit(write):
    path = write(flag=[True, False, None] * 40, price=[f"${i % 40}" for i in range(120)])
    looks = {look["column"]: look["kind"] for look in check_table(path, "y").summary["columns"]}
    preparation = TableDataModule(path=path, target="y").preparation
    assert looks == {name: "number" if name in preparation.numbers else "category" for name in preparation.columns}
    assert looks["flag"] == "category"


def test_hundreds_of_columns_are_looked_at_in_seconds(tmp_path):
    stream = np.random.default_rng(0)
    frame = pd.DataFrame(stream.normal(0, 1, (60, 500)).round(2)).rename(columns="g{}".format)
    frame.assign(label=["a", "b"] * 30).to_csv(tmp_path / "a.csv", index=False)
    begin = time.process_time()
    check_table(str(tmp_path / "a.csv"), "label")
    assert time.process_time() - begin < 4


def test_many_classes_are_counted(write):
    report = check_table(write(y=[f"c{i // 2}" for i in range(120)]), "y")
    (line,) = [line for line in report.text().splitlines() if line.startswith("classes")]
    assert line.endswith(" and 40 more")
    assert len(report.summary["classes"]) == 60
