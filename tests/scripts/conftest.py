"""Scripts as a person starts them: in an empty folder, with the script's own folder first on the path."""

import importlib
import runpy
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def start(monkeypatch, tmp_path):
    """Starts a script in this process; returns its exit code."""
    monkeypatch.chdir(tmp_path)

    def start(name, *args):
        path = SCRIPTS / name
        monkeypatch.syspath_prepend(str(path.parent))
        monkeypatch.setattr(sys, "argv", [name, *map(str, args)])
        try:
            runpy.run_path(str(path), run_name="__main__")
        except SystemExit as stop:
            return stop.code or 0
        return 0

    return start


@pytest.fixture
def load(monkeypatch):
    """Imports a module of the folder of scripts that is named ``folder``."""

    def load(folder, name):
        monkeypatch.syspath_prepend(str(SCRIPTS / folder))
        return importlib.import_module(name)

    return load
