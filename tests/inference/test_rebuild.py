"""Models and data are built anew from a checkpoint alone, and nothing is built or imported that is not litclf's."""

import json
import os
import shutil
import sys

import pytest
import torch
from torch import nn

from litclf import BinaryClassifier, CirclesDataModule, InputError, fit
from litclf.inference.rebuild import load_data, rebuild_model
from litclf.runs.find import find_checkpoint, read_checkpoint


@pytest.fixture
def folder(circles_run, copy_run):
    """A copy of the run, to be spoilt."""
    return copy_run(circles_run)


@pytest.fixture
def best(folder):
    return folder / "checkpoints" / "best.ckpt"


@pytest.mark.parametrize("what", ["", "..", "checkpoints/best.ckpt"], ids=["folder", "parent", "checkpoint"])
def test_a_checkpoint_is_named_in_three_ways(what, folder, best):
    assert find_checkpoint((folder / what).resolve()) == best.resolve()


def test_a_parent_means_its_latest_version_with_a_checkpoint(folder):
    for number in (9, 10):
        shutil.copytree(folder, folder.parent / f"version_{number}")
    (folder.parent / "version_11").mkdir()
    assert find_checkpoint(folder.parent).parents[1].name == "version_10"


def test_the_last_checkpoint_stands_in_for_a_best_one(folder, best):
    best.unlink()
    assert find_checkpoint(folder).name == "last.ckpt"


def test_a_best_checkpoint_of_another_name_is_found(folder, best):
    best.rename(best.with_name("mine.ckpt"))
    path = folder / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"best": {"path": "mine.ckpt"}}))
    assert find_checkpoint(folder).name == "mine.ckpt"


def test_other_checkpoints_are_not_chosen_from(folder, best):
    for name in ("best", "last"):
        best.with_name(f"{name}.ckpt").rename(best.with_name(f"old-{name}.ckpt"))
    with pytest.raises(InputError, match=r"holds neither best\.ckpt nor last\.ckpt"):
        find_checkpoint(folder)


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no run with a checkpoint"):
        find_checkpoint(tmp_path)
    with pytest.raises(InputError, match="there is no file"):
        find_checkpoint(tmp_path / "nowhere")


def test_a_model_predicts_as_it_did(circles_run, best):
    model = rebuild_model(read_checkpoint(best), best)
    x = torch.arange(6.0).reshape(3, 2)
    assert torch.equal(model(x), circles_run.model.eval()(x))
    assert not model.training


@pytest.mark.parametrize("name", ["stranger.Thing", "Thing", "os.system", "fit", "InputError", "CirclesDataModule", ""])
def test_a_class_that_is_no_model_of_litclf_is_never_imported(name, best, tmp_path, monkeypatch):
    (tmp_path / "stranger.py").write_text("class Thing: pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    checkpoint = read_checkpoint(best)
    checkpoint["hyper_parameters"]["model_class"] = name
    with pytest.raises(InputError, match=rf"is of {name}, which is no model of litclf"):
        rebuild_model(checkpoint, best)
    assert "stranger" not in sys.modules


def test_a_network_of_ones_own_is_refused(tmp_path):
    model = BinaryClassifier(network=nn.Sequential(nn.Linear(2, 1), nn.Tanh()))
    settings = {"max_epochs": 1, "enable_progress_bar": False, "default_root_dir": tmp_path}
    path = find_checkpoint(fit(model, CirclesDataModule(num_samples=100), **settings).folder)
    with pytest.raises(InputError, match=r"best\.ckpt is of a network of one's own"):
        rebuild_model(read_checkpoint(path), path)


def test_weights_of_another_class_are_refused(best):
    checkpoint = read_checkpoint(best)
    checkpoint["hyper_parameters"]["model_class"] = "MulticlassClassifier"
    with pytest.raises(InputError, match=r"the weights in .*best\.ckpt do not fit its model"):
        rebuild_model(checkpoint, best)


def test_data_is_built_anew(circles_run, best):
    data = load_data(best)
    assert type(data) is CirclesDataModule
    assert torch.equal(data.splits["test"].x, circles_run.trainer.datamodule.splits["test"].x)
    assert load_data(best, {"num_samples": 50}).num_samples == 50


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sampels": 50}, r"has no argument sampels; fix: did you mean"),
        ({"noise": -1}, r"CirclesDataModule: noise: must be zero or more, got -1"),
        ({"noise": [1]}, r"CirclesDataModule: gets what it cannot take"),
    ],
)
def test_data_that_cannot_be_built_is_named(changes, message, best):
    with pytest.raises(InputError, match=message):
        load_data(best, changes)


def test_data_of_ones_own_is_not_built(best):
    content = read_checkpoint(best)
    del content["CirclesDataModule"]
    torch.save({**content, "OwnDataModule": {}}, best)
    with pytest.raises(InputError, match="none of litclf's"):
        load_data(best)


class Attack:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_checkpoint_runs_no_code(best, tmp_path):
    torch.save({**torch.load(best, weights_only=True), "attack": Attack(tmp_path / "attacked")}, best)
    with pytest.raises(InputError, match=r"cannot read .*best\.ckpt"):
        load_data(best)
    assert not (tmp_path / "attacked").exists()
