"""What the pages show works: their commands and their Python run, page by page, from top to bottom."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from fnmatch import fnmatch
from pathlib import Path
from unittest.mock import Mock

import pandas as pd
import pytest
from sklearn.datasets import load_iris

from litclf.cli.main import main

PROJECT = Path(__file__).parents[1]
BLOCK = re.compile(r"^ *```(sh|python)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
PAGES = [
    path.relative_to(PROJECT).as_posix()
    for path in (PROJECT / "docs").rglob("*.md")
    if BLOCK.search(path.read_text(encoding="utf-8"))
]
LONG = ("docs/own-data.md", "docs/runs.md", "docs/cross-validation.md")
"""Pages whose commands export a model, fit and draw presets, or fit six times five folds."""

SERVERS = ("serve", "dashboard")
"""Commands that answer until they are stopped."""


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A folder where whoever reads the pages may stand; servers are stopped with Ctrl-C as soon as they answer."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["litclf"])
    for start in ("litclf.inference.serve.server.ModelServer.run", "litclf.cli.dashboard.start"):
        monkeypatch.setattr(start, Mock(side_effect=KeyboardInterrupt))
    return tmp_path


def blocks(page):
    for kind, text in BLOCK.findall((PROJECT / page).read_text(encoding="utf-8")):
        yield kind, textwrap.dedent(text)


def run(page):
    """Runs the blocks of a page; of shell commands, those of litclf. Returns how many commands there were."""
    scope, count = {}, 0
    for kind, text in blocks(page):
        if kind == "python":
            exec(compile(text, page, "exec"), scope)
            continue
        for line in text.splitlines():
            program, *args = shlex.split(line.split("&&")[-1])
            if program == ".venv/bin/litclf":
                # What a fit draws takes most of its time, and is tested with the pictures.
                quick = ["--pictures", "false"] if args[0] == "fit" else []
                assert main([*args, *quick]) == (130 if args[0] in SERVERS else 0), line
                count += 1
    return count


@pytest.mark.usefixtures("workplace")
def test_the_readme(capsys):
    assert run("README.md") == 6
    accuracy, folder = capsys.readouterr().out.splitlines()[-1].split()
    assert float(accuracy) >= 0.99
    assert folder == "lightning_logs/circles/version_2"


@pytest.mark.filterwarnings("ignore:You defined a `validation_step` but have no")  # a Trainer with one loader alone
@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=[pytest.mark.slow] * (page in LONG)) for page in sorted(PAGES)]
)
def test_a_page(page, workplace, circles_run):
    flowers = load_iris(as_frame=True)
    flowers.frame["species"] = flowers.target_names[flowers.frame.pop("target")]
    flowers.frame.to_csv("flowers.csv", index=False)
    shutil.copytree(circles_run.folder, workplace / "lightning_logs" / "circles" / "version_0")
    run(page)
    known = re.findall(
        r"`([^`\n]+)`", "".join((PROJECT / name).read_text(encoding="utf-8") for name in (page, "docs/runs.md"))
    )
    for folder in workplace.glob("lightning_logs/*/version_*"):
        left = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
        assert [name for name in left if not any(fnmatch(name, pattern) for pattern in known)] == [], (
            "not in docs/runs.md"
        )
    if (workplace / "predicted.csv").is_file():
        predicted = pd.read_csv("predicted.csv")
        assert (predicted["species"] == predicted["predicted"]).mean() > 0.9


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in sorted(PAGES) if "Contract):" in (PROJECT / page).read_text("utf-8")]
)
def test_what_a_page_adds_passes_its_contract(page, tmp_path):
    path = tmp_path / "test_added.py"
    path.write_text("\n\n".join(text for kind, text in blocks(page) if kind == "python"), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-c",
        PROJECT / "pyproject.toml",
        "-p",
        "tests.conftest",
        "-n",
        "0",
        "-q",
    ]
    paths = {"PYTHONPATH": f"{PROJECT}:{PROJECT / 'src'}"}
    done = subprocess.run([*command, path], cwd=tmp_path, env={**os.environ, **paths}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"(\d+) passed", done.stdout).group(1)) > 10
