"""Experiments that break what can be broken, many times, and count how often nothing was lost and nothing let in.

    pytest -n 0 -m slow tests/reliability --count full --record RELIABILITY.md

Each ends with ``k of n``, which the summary shows; k is n where litclf keeps what it promises. A few of each by
default, for CI; those of RELIABILITY.md are of ``--count full``, which takes hours. In one process (``-n 0``) of their
own: they fork it, and others would disturb what is timed.
"""

import argparse
from pathlib import Path

import pytest

from .record import record

RESULTS = pytest.StashKey[list[str]]()


def pytest_addoption(parser):
    group = parser.getgroup("reliability")
    group.addoption("--count", type=count_or_full, metavar="N|full", help="how often each experiment is tried")
    group.addoption("--record", type=Path, metavar="FILE", help="table to write the results of experiments into")


def count_or_full(text):
    if text == "full" or (text.isdecimal() and int(text)):
        return text
    raise argparse.ArgumentTypeError(f"must be a number from 1 on, or full, got {text}")


def pytest_configure(config):
    config.addinivalue_line("markers", "count(few, full): how often an experiment is tried, in CI and for the record")
    config.stash[RESULTS] = []


def pytest_terminal_summary(terminalreporter, config):
    for line in config.stash[RESULTS]:
        terminalreporter.write_line(line)


@pytest.fixture
def count(request, pytestconfig):
    """How often the experiment is to be tried."""
    few, full = request.node.get_closest_marker("count").args
    # Without the option where this folder is not named on the command line.
    asked = pytestconfig.getoption("count", None)
    return full if asked == "full" else int(asked or few)


@pytest.fixture
def conclude(request, pytestconfig):
    """Ends an experiment: takes how often it went well, how often it was tried, and what happened."""

    def conclude(good, tried, note):
        if not tried:
            pytest.skip(note)
        name = request.node.name.removeprefix("test_")
        pytestconfig.stash[RESULTS].append(f"{name}: {good} of {tried}: {note}")
        if path := pytestconfig.getoption("record", None):
            size = pytestconfig.getoption("count") or tried
            command = f"pytest -n 0 -m slow {request.node.nodeid} --count {size}"
            record(path, name, f"{good} of {tried}", note, command)
        assert good == tried, note

    return conclude
