"""Runs are loaded as they were left, from their files."""

import json
import shutil

import pytest
import torch

from litclf import (
    BlobsDataModule,
    ImageRestoration,
    InputError,
    MulticlassClassifier,
    RestorationDataModule,
    fit,
)
from litclf.inference.compare.run import load_run


def run_of(model, data, root, **settings):
    return fit(model, data, max_epochs=2, enable_progress_bar=False, default_root_dir=root, **settings)


@pytest.fixture
def folder(circles_run, copy_run):
    """A copy of the run, to be spoilt."""
    return copy_run(circles_run)


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
    folder = run_of(model, data, tmp_path).folder
    monkeypatch.setattr(type(data), "load", None)
    run = load_run(folder)
    assert type(run.data) is type(data)
    for name, value in model.state_dict().items():
        assert torch.equal(run.model.state_dict()[name], value)


@pytest.mark.parametrize("what", ["", "..", "checkpoints/best.ckpt"], ids=["folder", "parent", "checkpoint"])
def test_a_run_is_named_in_three_ways(what, folder):
    run = load_run((folder / what).resolve())
    assert (run.folder.name, run.checkpoint.name) == ("version_0", "best.ckpt")


def test_a_parent_means_its_latest_version_with_a_checkpoint(folder):
    for number in (9, 10):
        shutil.copytree(folder, folder.parent / f"version_{number}")
    (folder.parent / "version_11").mkdir()
    assert load_run(folder.parent).folder.name == "version_10"


def test_the_last_checkpoint_stands_in_for_a_best_one(folder):
    (folder / "checkpoints" / "best.ckpt").unlink()
    assert load_run(folder).checkpoint.name == "last.ckpt"


def test_a_best_checkpoint_of_another_name_is_found(folder):
    (folder / "checkpoints" / "best.ckpt").rename(folder / "checkpoints" / "mine.ckpt")
    path = folder / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"best": {"path": "mine.ckpt"}}))
    assert load_run(folder).checkpoint.name == "mine.ckpt"


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
