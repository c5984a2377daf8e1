"""What a config may name is decided by where a class lives, before anything of it is imported."""

import jsonargparse._actions
import jsonargparse._typehints
import pytest
from lightning.pytorch.callbacks import EarlyStopping
from torch.optim import SGD

from litclf import BinaryClassifier, InputError
from litclf.__main__ import main
from litclf.cli.trust import allow_classes, trusted_class

FIT = ("fit", "-c", "circles", "--pictures", "false", "--trainer.fast_dev_run", "true")


@pytest.fixture(autouse=True)
def nothing_allowed():
    yield
    allow_classes([])


@pytest.fixture
def mine(tmp_path, monkeypatch):
    (tmp_path / "mine_of_test_trust").mkdir()
    (tmp_path / "mine_of_test_trust" / "__init__.py").write_text("from mine_of_test_trust.nets import Net\n")
    (tmp_path / "mine_of_test_trust" / "nets.py").write_text(
        "import subprocess\nfrom litclf import BinaryClassifier\nclass Net(BinaryClassifier): pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return "mine_of_test_trust"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("litclf.BinaryClassifier", BinaryClassifier),
        ("litclf.models.binary.BinaryClassifier", BinaryClassifier),
        ("lightning.pytorch.callbacks.EarlyStopping", EarlyStopping),
        ("torch.optim.SGD", SGD),
    ],
)
def test_classes_of_a_run_are_found(name, kind):
    assert trusted_class(name) is kind


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("os.system", "must be of litclf"),
        ("litclfs.BinaryClassifier", "must be of litclf"),
        ("torch.hub.load", "must be of litclf"),
        ("torch.utils.data.Dataset", "must be of litclf"),
        ("torch.nn.functional.relu", "must be a class, got"),
        ("lightning.pytorch.loggers._Logger", "must be public"),
        ("lightning.pytorch.cli.Namespace", "must be a class that a run is made of"),
        ("lightning.pytorch.cli.LightningCLI", "must be a class that a run is made of"),
    ],
)
def test_others_are_refused(name, rule):
    with pytest.raises(InputError, match=f"^class_path: {rule}.*{name}"):
        trusted_class(name)


@pytest.mark.parametrize("name", ["BinaryClassifier", "litclf.", "http://a.b/c.yaml", "a b.c", 3])
def test_what_is_no_path_of_a_class_is_told_as_jsonargparse_does(name):
    with pytest.raises(ValueError, match="Expected a dot import path string"):
        trusted_class(name)


def test_jsonargparse_looks_classes_up_by_it():
    for module in (jsonargparse._typehints, jsonargparse._actions):
        assert module.import_object is trusted_class


@pytest.mark.parametrize("position", [0, 3, 10])
@pytest.mark.parametrize("equals", [True, False])
def test_a_module_that_is_allowed_is_taken(mine, position, equals, capsys):
    args = [*FIT, "--model", f"{mine}.Net"]
    args[1 + position : 1 + position] = [f"--allow_classes={mine}"] if equals else ["--allow_classes", mine]
    assert main(args) == 0, capsys.readouterr().err
    assert main([*FIT, "--model", f"{mine}.Net"]) == 2
    assert f"pass --allow_classes {mine} if you trust it" in capsys.readouterr().err


def test_many_modules_are_allowed(mine):
    assert allow_classes(["fit", "--allow_classes", "other", f"--allow_classes={mine}"]) == ["fit"]
    assert trusted_class(f"{mine}.nets.Net").__name__ == "Net"


def test_what_an_allowed_module_has_imported_is_not_allowed(mine):
    allow_classes(["--allow_classes", mine])
    with pytest.raises(InputError, match="must be a class that a run is made of"):
        trusted_class(f"{mine}.nets.subprocess.Popen")


@pytest.mark.parametrize("args", [["--allow_classes"], ["--allow_classes="], ["--allow_classes", "--model"]])
def test_a_flag_without_a_module_is_refused(args):
    with pytest.raises(InputError, match=r"^--allow_classes: needs the name of a module"):
        allow_classes(["fit", *args])


def test_the_flag_is_in_the_help_and_in_no_config(mine, capsys):
    assert main(["fit", "--help"]) == 0
    assert "--allow_classes MODULE" in capsys.readouterr().out
    assert main([*FIT, "--model", f"{mine}.Net", "--allow_classes", mine, "--print_config"]) == 0
    assert "allow_classes" not in capsys.readouterr().out
