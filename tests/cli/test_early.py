import importlib

import pytest

from litclf.cli.arguments import Arguments
from litclf.cli.early import refuse_early
from litclf.utilities.errors import InputError

pytestmark = pytest.mark.usefixtures("in_empty_folder")

WRONG = [
    ("fit", "-c", "circle"),
    ("fit", "--config=nowhere.yaml"),
    ("test", "-c", "no-such-preset"),
    ("check-data", "missing.csv", "--target", "y"),
    ("init", "missing.parquet"),
    ("fit", "-c", "table", "--data.path", "missing.csv", "--data.target", "y"),
    ("fit", "-c", "table", "--data.path=missing.tsv", "--data.target", "y"),
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_what_is_refused_early_is_what_the_command_refuses(words):
    name, *args = words
    errors = []
    command = importlib.import_module(f"litclf.cli.{name.replace('-', '_')}").main
    for answer in (lambda: refuse_early(Arguments(name, tuple(args))), lambda: command(args)):
        with pytest.raises(InputError) as raised:
            answer()
        errors.append(str(raised.value))
    assert errors[0] == errors[1]


@pytest.mark.parametrize(
    "words", [("fit", "-c", "circles"), ("fit", "--help"), ("init", "images"), ("fit", "-c", "nowhere", "--help")]
)
def test_what_it_does_not_know_passes(words):
    refuse_early(Arguments(words[0], words[1:]))
