"""The scripts, as a person starts them; short versions, in process where it can be."""

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
    assert (
        start(monkeypatch, tmp_path, "benchmark.py", "--jobs", "centroids", "--rounds", "1", "--output", tmp_path) == 0
    )
    assert json.loads((tmp_path / "benchmark.json").read_text())
    assert (tmp_path / "benchmark.png").read_bytes().startswith(b"\x89PNG")
