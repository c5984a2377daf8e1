"""Models and data are built anew from a checkpoint alone, and nothing is built or imported that is not litclf's."""

import os
import sys

import pytest
import torch
from torch import nn

from litclf import (
    BinaryClassifier,
    BlobsDataModule,
    CirclesDataModule,
    ImageRestoration,
    InputError,
    MulticlassClassifier,
    RestorationDataModule,
    fit,
)
from litclf.inference.rebuild import load_run, rebuild_data, rebuild_model
from litclf.runs.checkpoint import Checkpoint


@pytest.fixture
def folder(circles_run, copy_run):
    """A copy of the run, to be spoilt."""
    return copy_run(circles_run)


@pytest.fixture
def best(folder):
    return folder / "checkpoints" / "best.ckpt"


@pytest.mark.parametrize("name", ["stranger.Thing", "Thing", "os.system", "fit", "InputError", "CirclesDataModule", ""])
def test_a_class_that_is_no_model_of_litclf_is_never_imported(name, best, tmp_path, monkeypatch):
    (tmp_path / "stranger.py").write_text("class Thing: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    checkpoint = Checkpoint.read(best)
    checkpoint.content["hyper_parameters"]["model_class"] = name
    with pytest.raises(InputError, match=rf"is of {name}, which is no model of litclf"):
        rebuild_model(checkpoint)
    assert "stranger" not in sys.modules


def test_a_network_of_ones_own_is_refused(tmp_path):
    model = BinaryClassifier(network=nn.Sequential(nn.Linear(2, 1), nn.Tanh()))
    settings = {"max_epochs": 1, "enable_progress_bar": False, "default_root_dir": tmp_path}
    checkpoint = Checkpoint.tested(fit(model, CirclesDataModule(num_samples=100), **settings).folder)
    with pytest.raises(InputError, match=r"best\.ckpt is of a network of one's own"):
        rebuild_model(checkpoint)


def test_weights_of_another_class_are_refused(best):
    checkpoint = Checkpoint.read(best)
    checkpoint.content["hyper_parameters"]["model_class"] = "MulticlassClassifier"
    with pytest.raises(InputError, match=r"the weights in .*best\.ckpt do not fit its model"):
        rebuild_model(checkpoint)


def test_data_is_built_anew(circles_run, best):
    data = rebuild_data(Checkpoint.read(best))
    assert type(data) is CirclesDataModule
    assert torch.equal(data.splits["test"].x, circles_run.trainer.datamodule.splits["test"].x)
    assert rebuild_data(Checkpoint.read(best), {"num_samples": 50}).num_samples == 50


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sampels": 50}, r"has no argument sampels; fix: did you mean"),
        ({"noise": -1}, r"CirclesDataModule: noise: must be zero or more, got -1"),
        ({"noise": [1]}, r"CirclesDataModule: noise: must be a number, got \[1\]"),
    ],
)
def test_data_that_cannot_be_built_is_named(changes, message, best):
    with pytest.raises(InputError, match=message):
        rebuild_data(Checkpoint.read(best), changes)


def test_what_a_constructor_fails_at_is_told_in_one_line(table_run):
    with pytest.raises(InputError, match=r"best\.ckpt: TableDataModule: gets what it cannot take: unhashable type"):
        rebuild_data(Checkpoint.tested(table_run.folder), {"split_column": ["kind"]})


def test_data_of_ones_own_is_not_built(best):
    content = Checkpoint.read(best).content
    del content["CirclesDataModule"]
    torch.save({**content, "OwnDataModule": {}}, best)
    with pytest.raises(InputError, match="none of litclf's"):
        rebuild_data(Checkpoint.read(best))


class Attack:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_checkpoint_runs_no_code(best, tmp_path):
    torch.save({**torch.load(best, weights_only=True), "attack": Attack(tmp_path / "attacked")}, best)
    with pytest.raises(InputError, match=r"cannot read .*best\.ckpt"):
        rebuild_data(Checkpoint.read(best))
    assert not (tmp_path / "attacked").exists()


def test_the_model_predicts_as_it_did(circles_run):
    run = load_run(circles_run.folder)
    x = torch.arange(6.0).reshape(3, 2)
    assert torch.equal(run.model(x), circles_run.model.eval()(x))
    assert not run.model.training
    assert run.metrics["test/accuracy"] == circles_run.metrics["test/accuracy"]
    assert (run.model.hparams["lr"], run.model.hparams["class_names"]) == (0.02, ["outer", "inner"])
    assert torch.equal(run.data.splits["test"].x, circles_run.trainer.datamodule.splits["test"].x)


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (MulticlassClassifier(hidden_dims=[5], engine="eager"), BlobsDataModule(num_samples=200, centers=3)),
        (ImageRestoration(), RestorationDataModule(size=4)),
    ],
    ids=["multiclass", "restoration"],
)
def test_every_model_is_loaded_without_its_data(model, data, tmp_path, monkeypatch):
    folder = fit(model, data, max_epochs=1, enable_progress_bar=False, default_root_dir=tmp_path).folder
    monkeypatch.setattr(type(data), "load", None)
    run = load_run(folder)
    assert type(run.data) is type(data)
    for name, value in model.state_dict().items():
        assert torch.equal(run.model.state_dict()[name], value)


@pytest.mark.parametrize("what", ["", "..", "checkpoints/best.ckpt"], ids=["folder", "parent", "checkpoint"])
def test_a_run_is_named_in_three_ways(what, folder):
    run = load_run((folder / what).resolve())
    assert (run.folder.name, run.checkpoint.name) == ("version_0", "best.ckpt")


@pytest.mark.parametrize("name", ["config.yaml", "metrics.json"])
@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "is missing"), ("{:", "cannot be read"), ("[1]", "must hold settings"), ("[" * 2000, "cannot be read")],
    ids=["missing", "damaged", "list", "deep"],
)
def test_a_missing_or_damaged_file_is_named(name, content, message, folder):
    (folder / name).unlink() if content is None else (folder / name).write_text(content)
    with pytest.raises(InputError, match=rf"{name}: {message}"):
        load_run(folder)
