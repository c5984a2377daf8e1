"""What a config may name is decided by where a class lives, before anything of it is imported."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from jsonargparse import ArgumentError, ArgumentParser, Namespace
from lightning.pytorch.callbacks import EarlyStopping
from torch.optim import SGD

from litclf import BinaryClassifier, InputError
from litclf.cli.main import main
from litclf.cli.trust import allow_classes, check_kinds, trusted_class

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


@pytest.mark.parametrize("name", ["litclf", "litclf.", "http://a.b/c.yaml", "a b.c"])
def test_what_is_no_path_of_a_class_is_refused(name):
    with pytest.raises(InputError, match=r"^class_path: "):
        trusted_class(name)


@pytest.mark.parametrize(
    "value",
    [
        os.system,
        Namespace(class_path="os.system"),
        [Namespace(class_path="lightning.pytorch.callbacks.Timer", init_args=Namespace(duration=os.system))],
        {"class_path": "lightning.pytorch.callbacks.Timer", "init_args": {"x": {"class_path": "stranger.Thing"}}},
        {"any": {"class_path": "lightning.pytorch.cli.LightningCLI"}},
        {"kwargs": {"class_path": "lightning.pytorch.callbacks.Timer", "dict_kwargs": {"x": subprocess.Popen}}},
        subprocess,
    ],
)
def test_nothing_else_is_built_wherever_it_stands(value):
    with pytest.raises(InputError, match=r"^--trainer\.callbacks[\w.]*: must be"):
        check_kinds(Namespace(trainer=Namespace(callbacks=value)))


def test_plain_values_and_own_defaults_are_let_through(tmp_path):
    check_kinds(Namespace(config=tmp_path, lr=0.1, names=["os.system"], trainer=Namespace(logger=None)))
    check_kinds(Namespace(class_path="litclf.BinaryClassifier", init_args=Namespace(lr=0.1)))


def test_nothing_is_imported_of_what_is_not_allowed(mine):
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--call", type=Callable)
    with pytest.raises(ArgumentError, match="not allowed"):
        parser.parse_args(["--call", f"{mine}.Net"])
    assert mine not in sys.modules


def test_the_parser_itself_cannot_be_allowed():
    with pytest.raises(InputError, match=r"^--allow_classes: must not name what reads the configs"):
        allow_classes(["jsonargparse.typing"])


@pytest.mark.parametrize("position", [0, 3, 10])
@pytest.mark.parametrize("equals", [True, False])
def test_a_module_that_is_allowed_is_taken(mine, position, equals, capsys):
    args = [*FIT, "--model", f"{mine}.Net"]
    args[1 + position : 1 + position] = [f"--allow_classes={mine}"] if equals else ["--allow_classes", mine]
    assert main(args) == 0, capsys.readouterr().err
    assert main([*FIT, "--model", f"{mine}.Net"]) == 2
    assert f"pass --allow_classes {mine} if you trust it" in capsys.readouterr().err


def test_many_modules_are_allowed(mine):
    allow_classes(["other", mine])
    assert trusted_class(f"{mine}.nets.Net").__name__ == "Net"


def test_what_an_allowed_module_has_imported_is_not_allowed(mine):
    allow_classes([mine])
    with pytest.raises(InputError, match="must be a class that a run is made of"):
        trusted_class(f"{mine}.nets.subprocess.Popen")


@pytest.mark.parametrize("args", [["--allow_classes"], ["--allow_classes="], ["--allow_classes", "--model"]])
def test_a_flag_without_a_module_is_refused(args, capsys):
    assert main(["fit", *args]) == 2
    assert "error: --allow_classes: needs the name of a module" in capsys.readouterr().err


def test_the_flag_is_in_the_help_and_in_no_config(mine, capsys):
    assert main(["fit", "--help"]) == 0
    assert "--allow_classes MODULE" in capsys.readouterr().out
    assert main([*FIT, "--model", f"{mine}.Net", "--allow_classes", mine, "--print_config"]) == 0
    assert "allow_classes" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("pytorch_lightning.callbacks.EarlyStopping", "lightning.pytorch.callbacks.EarlyStopping"),
        ("pl.callbacks.EarlyStopping", "lightning.pytorch.callbacks.EarlyStopping"),
        ("L.pytorch.callbacks.EarlyStopping", "lightning.pytorch.callbacks.EarlyStopping"),
        ("pytorch_lightning.loggers.CSVLogger", "lightning.pytorch.loggers.CSVLogger"),
        ("lightning_fabric.strategies.DDPStrategy", "lightning.fabric.strategies.DDPStrategy"),
    ],
)
@pytest.mark.parametrize("allowed", [False, True])
def test_a_class_of_lightning_by_its_other_name_is_told_by_the_one_to_take(name, same, allowed):
    allow_classes([name.rpartition(".")[0]] if allowed else [])
    with pytest.raises(InputError, match=f"is of {name.partition('.')[0]}, and a Trainer") as refused:
        trusted_class(name)
    assert refused.value.fix == f"name {same} in its place"
    assert isinstance(trusted_class(same), type)


def test_a_class_of_the_users_that_is_made_from_the_other_lightning_says_so(tmp_path, monkeypatch):
    (tmp_path / "stops_of_test_trust.py").write_text(
        "class Callback: __module__ = 'pytorch_lightning.callbacks.callback'\nclass Stop(Callback): pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    allow_classes(["stops_of_test_trust"])
    with pytest.raises(InputError, match=r"Stop is made from pytorch_lightning\.callbacks\.") as refused:
        trusted_class("stops_of_test_trust.Stop")
    assert refused.value.fix == "import lightning.pytorch.callbacks.callback.Callback there"


@pytest.mark.parametrize("allow", [(), ("--allow_classes", "pytorch_lightning.callbacks")])
def test_the_callback_to_take_instead_trains(allow, error_line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fit = [*FIT, "--trainer.callbacks.monitor=val/loss", *allow]
    line = error_line(*fit, "--trainer.callbacks+=pytorch_lightning.callbacks.EarlyStopping")
    assert line.startswith(
        "error: --trainer.callbacks: pytorch_lightning.callbacks.EarlyStopping is of pytorch_lightning"
    )
    taken = line.partition("fix: name ")[2].split()[0]
    assert main([*FIT, f"--trainer.callbacks+={taken}", "--trainer.callbacks.monitor=val/loss"]) == 0


@pytest.mark.parametrize(
    ("setting", "path"), [("strategy", "strategies.DDPStrategy"), ("profiler", "profilers.SimpleProfiler")]
)
def test_where_a_setting_takes_a_name_too_the_other_lightning_is_told(setting, path, error_line):
    line = error_line(*FIT, f"--trainer.{setting}", f"pytorch_lightning.{path}")
    assert line.startswith(f"error: --trainer.{setting}: pytorch_lightning.{path} is of pytorch_lightning")
    assert line.endswith(f"fix: name lightning.pytorch.{path} in its place")
