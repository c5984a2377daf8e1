"""What is told of arguments from the sources is what the classes themselves take."""

import inspect
from typing import Any

import pytest
from lightning.pytorch import Trainer

from litclf.cli.diagnosis import describe
from litclf.cli.documented import arguments_documented, ready, summary_of
from litclf.cli.signatures import arguments_of
from litclf.data.registry import DATAMODULES
from litclf.models.registry import MODELS

KINDS = [*MODELS.load_all(), *DATAMODULES.load_all(), Trainer]


@pytest.mark.parametrize("kind", KINDS)
def test_names_types_and_defaults_are_those_of_the_class(kind):
    parameters = {
        name: own for name, own in inspect.signature(kind).parameters.items() if own.kind is not own.VAR_KEYWORD
    }
    found = {one.name: one for one in arguments_documented(kind.__name__)}
    assert list(found) == list(parameters)
    hints = arguments_of(kind)
    for name, one in found.items():
        default = parameters[name].default
        assert one.required == (default is inspect.Parameter.empty)
        if not one.required:
            assert one.default == (list(default) if isinstance(default, tuple) else default)
        assert one.hint is Any or describe(one.hint) == describe(hints[name])


@pytest.mark.parametrize("name", [*ready(MODELS), *ready(DATAMODULES)])
def test_every_argument_has_its_words(name):
    assert summary_of(name).endswith(".")
    for one in arguments_documented(name):
        assert one.words.endswith("."), one.name
        assert "`" not in one.words, one.name


def test_what_others_are_made_from_is_not_offered():
    assert ready(MODELS) == ["AutoClassifier", "BinaryClassifier", "ImageRestoration", "MulticlassClassifier"]
    assert "ClassificationDataModule" not in ready(DATAMODULES)
