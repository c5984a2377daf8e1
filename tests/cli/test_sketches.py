"""Sketches have the signatures of the classes they stand for, and need no PyTorch."""

import inspect
import subprocess
import sys
from typing import Any

import pytest
from lightning.pytorch import Trainer

from litclf.cli.diagnosis import describe
from litclf.cli.signatures import arguments_of, setting_types
from litclf.cli.sketches import class_of, sketched_types
from litclf.data.registry import DATAMODULES
from litclf.models.registry import MODELS


def shape(kind):
    """What a call may give, and what it must: name, kind and whether there is a default."""
    parameters = inspect.signature(kind).parameters.values()
    return [(one.name, one.kind, one.default is one.empty) for one in parameters]


@pytest.mark.parametrize("kind", [*MODELS.load_all(), *DATAMODULES.load_all()], ids=lambda kind: kind.__name__)
def test_a_sketch_takes_what_its_class_takes(kind):
    sketch = class_of(kind.__name__)
    assert shape(sketch) == shape(kind)
    real, sketched = arguments_of(kind), arguments_of(sketch)
    assert all(hint is Any or describe(hint) == describe(real[name]) for name, hint in sketched.items())
    assert Any not in [hint for name, hint in sketched.items() if real[name] in (int, float, bool)]


def test_settings_of_a_run_are_those_that_there_are():
    real, sketched = setting_types(), sketched_types()
    assert list(real) == list(sketched)
    assert list(real["trainer"]) == list(sketched["trainer"]) == list(arguments_of(Trainer))
    assert all(hint in (Any, real["trainer"][name]) for name, hint in sketched["trainer"].items())
    assert sketched["trainer"]["max_epochs"] == int | None


@pytest.mark.usefixtures("in_empty_folder")
def test_a_misspelt_setting_is_refused_before_pytorch_is_loaded():
    code = """
import sys
from litclf.cli.main import main
print(main(["fit", "-c", "circles", "--model.lrr", "1"]), sorted({"torch", "lightning", "pandas"} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "2 []\n"
    assert done.stderr == "error: --model.lrr: is no setting; fix: did you mean --model.lr?\n"
