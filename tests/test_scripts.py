"""The scripts, as a person starts them; short versions, in process where it can be."""

import importlib
import json
import runpy
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"


def start(monkeypatch, tmp_path, name, *args):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(SCRIPTS))
    monkeypatch.setattr(sys, "argv", [name, *map(str, args)])
    try:
        runpy.run_path(str(SCRIPTS / name), run_name="__main__")
    except SystemExit as stop:
        return stop.code or 0
    return 0


@pytest.mark.parametrize("name", ["fit_circles.py", "fit_blobs.py"])
def test_a_scripted_fit_prints_its_accuracy_and_folder(name, monkeypatch, tmp_path, capsys):
    assert start(monkeypatch, tmp_path, name) == 0
    assert "lightning_logs" in capsys.readouterr().out


@pytest.mark.slow
def test_reproduce_meets_every_figure_that_needs_no_mnist(monkeypatch, tmp_path, capsys):
    code = start(monkeypatch, tmp_path, "reproduce.py", "--output", tmp_path)
    assert code == 0, capsys.readouterr().out
    assert json.loads((tmp_path / "reproduction.json").read_text())


@pytest.mark.slow
def test_the_benchmark_writes_its_record_and_its_chart(monkeypatch, tmp_path):
    args = ["--jobs", "centroids", "--rounds", "1", "--claims", "agreement", "--output", tmp_path]
    assert start(monkeypatch, tmp_path, "benchmark.py", *args) == 0
    record = json.loads((tmp_path / "benchmark.json").read_text())
    assert list(record["jobs"]) == ["centroids"]
    assert list(record["claims"]) == ["agreement"]
    assert (tmp_path / "benchmark.png").read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def claims(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("claims")


def test_a_claim_is_reported_with_its_figures_and_whether_it_was_met(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    rows = [{"fit": "one", "seconds": 1.25}, {"fit": "another", "seconds": 2.0, "ratio": 1.6}]
    claim = importlib.import_module("claim")
    text = claim.report("speed", claim.Claim("by fit", rows, {"as fast": True, "faster": False}))
    assert [line.split() for line in text.splitlines()[1:]] == [
        ["speed:", "by", "fit"],
        ["fit", "seconds", "ratio"],
        ["one", "1.2500"],
        ["another", "2.0000", "1.6000"],
        ["met", "as", "fast"],
        ["MISSED", "faster"],
    ]


def test_the_exponent_of_seconds_that_grow_with_the_square_of_the_samples_is_two(claims):
    rows = [{"samples": n, "seconds": 3e-6 * n**2} for n in (10, 100, 1000)]
    assert claims.exponent(rows) == pytest.approx(2)


@pytest.mark.parametrize(("a", "b", "same"), [(0.041821, 0.041824, True), (0.04182, 0.04185, False)])
def test_losses_are_compared_by_their_first_four_digits(a, b, same, claims):
    assert claims.same_digits(a, b) is same


def test_agreement_fits_each_job_with_both_engines(claims):
    job = importlib.import_module("contenders").jobs(None)["circles"]
    claim = claims.agreement({"circles": job})
    assert [row["engine"] for row in claim.rows] == ["kernel", "eager"]
    assert all(claim.verdicts.values())


def test_growth_measures_one_size(monkeypatch, tmp_path, capsys):
    assert start(monkeypatch, tmp_path, "growth.py", 250) == 0
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures["samples"] == 250
    assert figures["data_mib"] == 250 * (20 * 4 + 8) / 2**20
    assert figures["seconds"] > 0


@pytest.mark.slow
def test_growth_tells_sizes_apart(claims):
    claim = claims.growth(sizes=(100, 200), rounds=1)
    assert [row["samples"] for row in claim.rows] == [100, 200]


@pytest.mark.slow
def test_a_fit_that_is_timed_to_its_first_steps_ends_there(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    claim = importlib.import_module("claim")
    own = ["--trainer.callbacks+=first_step.FirstStep", "--allow_classes", "first_step"]
    done = claim.ended([*claim.LITCLF, "fit", "-c", "circles", *own])
    assert done.begin < float(done.output.split()[-1]) <= done.end
    assert "run folder" not in done.output


@pytest.mark.slow
def test_parallel_waits_for_every_process(claims):
    row = claims.parallel(processes=2).rows[0]
    assert row["ratio"] == pytest.approx(row["seconds"] / row["seconds of one alone"])
