import json
import sys

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def own_data(load, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return load("benchmarks", "own_data")


def test_tables_are_compared_on_the_same_rows(own_data, load, monkeypatch):
    sources = load("benchmarks", "own_sources")
    monkeypatch.setattr(own_data, "TABLES", {"iris": sources.write_iris})
    monkeypatch.setattr(own_data, "_compared", lambda _, seed: (0.9 + 0.02 * seed, 0.95))
    claim = own_data.tables(3)
    (row,) = claim.rows
    assert row["litclf %"] == pytest.approx(92)
    assert row["difference"] == pytest.approx(-3)
    # By hand: differences -5, -3 and -1 have a standard error of 2 / sqrt(3), times 4.302653 of Student's t.
    assert row["high"] == pytest.approx(-3 + 4.302653 * 2 / 3**0.5, abs=1e-4)
    assert row["within two points"] == "1 of 3"
    assert claim.verdicts == {"iris: on average within two points of MLPClassifier": False}


def test_memory_is_that_of_the_command(own_data):
    size = 200_000_000
    peak = own_data.peak_memory([sys.executable, "-c", f"import time; x = b'1' * {size}; time.sleep(0.5)"])
    assert size / 2**20 < peak < size / 2**20 + 100


def test_memory_of_children_counts_too(own_data):
    code = "import time; x = b'1' * 200_000_000; time.sleep(0.5)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])"
    assert own_data.peak_memory([sys.executable, "-c", parent]) > 200


def test_a_command_that_fails_is_told(own_data):
    with pytest.raises(SystemExit, match="exit code 3"):
        own_data.peak_memory([sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(SystemExit, match=r"litclf init none\.csv ended with exit code 2"):
        own_data.command("init", "none.csv")


def test_a_large_table_has_its_size_and_two_classes(load, tmp_path):
    path = tmp_path / "a.csv"
    load("benchmarks", "own_sources").write_large(path, 0.0005)
    assert 0.0005e9 <= path.stat().st_size < 0.003e9
    frame = pd.read_csv(path)
    assert list(np.unique(frame["kind"])) == ["large", "small"]


@pytest.mark.slow
def test_predictions_are_those_of_the_test(start, tmp_path, capsys):
    assert start("benchmarks/own_data.py", "--only", "agreement", "lesson") == 0, capsys.readouterr().out
    record = json.loads((tmp_path / "own_data.json").read_text())
    assert [row["data"] for row in record["agreement"]["rows"]] == ["circles", "blobs", "table", "images"]
