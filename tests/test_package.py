"""The package: its metadata, what its archives hold, and that the tests in the source archive run."""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
QUICK = (
    "tests/test_docs.py::test_every_link_leads_to_a_file_or_heading",
    "tests/data/test_circles.py",
    "tests/test_notebooks.py",
)


def test_the_metadata_says_who_for_whom_and_in_what_words():
    assert SETTINGS["authors"] == [{"name": "The litclf project"}]
    assert len(SETTINGS["keywords"]) >= 5
    topics = {classifier.split(" :: ")[0] for classifier in SETTINGS["classifiers"]}
    assert topics >= {"Development Status", "Intended Audience", "Programming Language", "Topic", "Typing"}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """The source archive, unpacked."""
    pytest.importorskip("setuptools", minversion="77")
    root = tmp_path_factory.mktemp("package")
    if not (PROJECT / ".git").exists():
        pytest.skip("a source archive is made of a clone")
    command = ["git", "ls-files"]
    tracked = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout.splitlines()
    for name in tracked:
        if (PROJECT / name).is_file():
            copy = root / "clone" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, copy)
    build = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, root], cwd=root / "clone", check=True, capture_output=True)
    (packed,) = root.glob("*.tar.gz")
    with tarfile.open(packed) as opened:
        opened.extractall(root / "unpacked", filter="data")
    (unpacked,) = (root / "unpacked").iterdir()
    return unpacked, {name for name in tracked if (PROJECT / name).is_file()}


@pytest.mark.slow  # builds the archive, and runs tests in a process of its own
def test_a_source_archive_holds_all_files_and_its_tests_run(archive):
    unpacked, tracked = archive
    held = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*")}
    assert tracked <= held
    env = os.environ | {"PYTHONPATH": str(unpacked / "src")}
    command = [sys.executable, "-m", "pytest", "-n", "0", "-q", *QUICK]
    done = subprocess.run(command, cwd=unpacked, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
