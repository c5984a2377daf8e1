"""What keeps count of the experiments, and that it notices what goes wrong."""

import re
from argparse import ArgumentTypeError
from pathlib import Path

import pytest

from .conftest import RESULTS, count_or_full
from .record import HEAD, record

PROJECT = Path(__file__).parents[2]


def test_a_row_takes_the_place_of_its_last_one(tmp_path):
    path = tmp_path / "RELIABILITY.md"
    for n in (2, 1):
        record(path, "one", f"{n} of {n}", "fine", "pytest one")
        record(path, "two", f"1 of {n}", "bad", "pytest two")
    assert path.read_text().startswith(HEAD)
    rows = path.read_text().removeprefix(HEAD).splitlines()
    assert [row.split(" | ")[:3] for row in rows] == [["| one", "1 of 1", "fine"], ["| two", "1 of 1", "bad"]]
    assert "`pytest one`" in rows[0]


def test_the_record_names_every_experiment_by_a_test_that_is_there():
    content = (PROJECT / "RELIABILITY.md").read_text(encoding="utf-8")
    assert content.startswith(HEAD)
    named = re.findall(r"`pytest -n 0 -m slow (\S+)::test_(\w+) --count full`", content)
    for file, name in named:
        assert f"def test_{name}(" in (PROJECT / file).read_text(encoding="utf-8")
        assert f"| {name} |" in content
    counted = [
        name
        for path in Path(__file__).parent.glob("test_*.py")
        for name in re.findall(r"mark\.count\(.*\n(?:@.*\n)*def test_(\w+)\(", path.read_text(encoding="utf-8"))
    ]
    assert sorted(name for _, name in named) == sorted(counted)


@pytest.mark.parametrize("text", ["0", "-1", "many", ""])
def test_a_count_is_a_number_from_one_on_or_full(text):
    assert [count_or_full(good) for good in ("1", "200", "full")] == ["1", "200", "full"]
    with pytest.raises(ArgumentTypeError, match="must be a number from 1 on, or full"):
        count_or_full(text)


def test_an_experiment_that_fails_once_fails(conclude, pytestconfig):
    with pytest.raises(AssertionError, match="one was lost"):
        conclude(1, 2, "one was lost")
    assert pytestconfig.stash[RESULTS].pop() == "an_experiment_that_fails_once_fails: 1 of 2: one was lost"


def test_an_experiment_that_cannot_be_tried_is_no_success(conclude):
    with pytest.raises(pytest.skip.Exception, match="no disk"):
        conclude(0, 0, "no disk")
