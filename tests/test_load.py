"""Runs are loaded as they were left, and nothing is built or imported that is not litclf's."""

import json
import os
import shutil
import sys

import pytest
import torch
import yaml
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
from litclf.load import load_run


def run_of(model, data, root, **settings):
    return fit(model, data, max_epochs=2, enable_progress_bar=False, default_root_dir=root, **settings)


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    model = BinaryClassifier(hidden_dims=[4], lr=1e-5)
    return run_of(model, CirclesDataModule(num_samples=100), tmp_path_factory.mktemp("run"))


@pytest.fixture
def folder(result, tmp_path):
    """A copy of the run, to be spoilt."""
    return shutil.copytree(result.folder, tmp_path / "circles" / "version_0")


def edit(folder, change):
    """Changes ``config.yaml``."""
    path = folder / "config.yaml"
    config = yaml.safe_load(path.read_text())
    change(config)
    path.write_text(yaml.safe_dump(config))


def test_the_model_predicts_as_it_did(result):
    run = load_run(result.folder)
    x = result.model.example_input_array + torch.arange(6).reshape(3, 2)
    assert torch.equal(run.model(x), result.model.eval()(x))
    assert not run.model.training
    assert run.metrics["test/accuracy"] == result.metrics["test/accuracy"]
    assert (run.model.hparams["lr"], run.model.hparams["class_names"]) == (1e-5, ["outer", "inner"])
    assert torch.equal(run.data.splits["test"].x, result.trainer.datamodule.splits["test"].x)


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


@pytest.mark.parametrize("prefix", ["", "litclf.", "litclf.models.binary."])
def test_a_class_is_named_short_or_in_full(prefix, folder):
    edit(folder, lambda config: config["model"].update(class_path=f"{prefix}BinaryClassifier"))
    assert type(load_run(folder).model) is BinaryClassifier


@pytest.mark.parametrize("part", ["model", "data"])
@pytest.mark.parametrize(
    "name", ["stranger.Thing", "stranger.BinaryClassifier", "os.system", "litclf.fit", "litclf.InputError", "x", "."]
)
def test_a_class_that_is_not_litclfs_is_never_imported(part, name, folder, tmp_path, monkeypatch):
    (tmp_path / "stranger.py").write_text("class Thing: pass\nclass BinaryClassifier: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    edit(folder, lambda config: config[part].update(class_path=name))
    with pytest.raises(InputError, match=rf"config\.yaml: has .* as its {part}, which is no class of litclf"):
        load_run(folder)
    assert "stranger" not in sys.modules


def test_data_is_no_model(folder):
    edit(folder, lambda config: config.update(model=config["data"]))
    with pytest.raises(InputError, match=r"CirclesDataModule as its model"):
        load_run(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("data"), r"config\.yaml: names no class of data"),
        (lambda c: c.update(model="BinaryClassifier"), r"config\.yaml: names no class of model"),
        (lambda c: c["data"].update(init_args=[1]), r"must hold the arguments of data by name, got \[1\]"),
        (lambda c: c["data"]["init_args"].update(nois=1), r"CirclesDataModule: has no argument nois.*mean noise\?"),
        (lambda c: c["data"]["init_args"].update(noise=-1), r"config\.yaml: noise: must be zero or more, got -1"),
        (lambda c: c["data"]["init_args"].update(noise=[1]), r"config\.yaml: gives CirclesDataModule what it cannot"),
        (lambda c: c.update(data={"class_path": "TableDataModule"}), r"gives TableDataModule .*'rows' and 'targets'"),
        (lambda c: c["model"].update(class_path="MulticlassClassifier"), r"best\.ckpt: does not fit .*config\.yaml"),
    ],
    ids=["no data", "no class", "no names", "unknown", "out of range", "wrong type", "missing", "other class"],
)
def test_a_config_that_cannot_be_built_is_named(change, message, folder):
    edit(folder, change)
    with pytest.raises(InputError, match=message):
        load_run(folder)


def test_the_checkpoint_goes_before_an_edited_model(folder):
    edit(folder, lambda config: config["model"]["init_args"].update(activation="tanh"))
    assert load_run(folder).model.hparams["activation"] == "relu"


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


@pytest.mark.parametrize("content", [b"", b"not a checkpoint"])
def test_a_damaged_checkpoint_is_named(content, folder):
    (folder / "checkpoints" / "best.ckpt").write_bytes(content)
    with pytest.raises(InputError, match=r"cannot read .*best\.ckpt"):
        load_run(folder)


class Attack:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_checkpoint_runs_no_code(folder, tmp_path):
    path = folder / "checkpoints" / "best.ckpt"
    torch.save({**torch.load(path, weights_only=True), "attack": Attack(tmp_path / "attacked")}, path)
    with pytest.raises(InputError, match=r"cannot read .*best\.ckpt"):
        load_run(folder)
    assert not (tmp_path / "attacked").exists()


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no run with a checkpoint"):
        load_run(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        load_run(tmp_path / "nowhere")


def test_other_checkpoints_are_not_chosen_from(folder):
    for name in ("best", "last"):
        (folder / "checkpoints" / f"{name}.ckpt").rename(folder / "checkpoints" / f"old-{name}.ckpt")
    with pytest.raises(InputError, match=r"holds neither best\.ckpt nor last\.ckpt"):
        load_run(folder)
    assert load_run(folder / "checkpoints" / "old-last.ckpt").folder.name == "version_0"


def test_a_network_of_ones_own_is_refused(tmp_path):
    model = BinaryClassifier(network=nn.Sequential(nn.Linear(2, 1), nn.Tanh()))
    folder = run_of(model, CirclesDataModule(num_samples=100), tmp_path).folder
    with pytest.raises(InputError, match=r"best\.ckpt: holds a network of one's own"):
        load_run(folder)
