"""A checkpoint is read once, and is the one that was meant."""

import os

import pytest
import torch

from litclf import InputError
from litclf.runs.checkpoint import Checkpoint


def save(path, step):
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"state_dict": {}, "hyper_parameters": {}, "global_step": step}, path)
    return path


def latest(*where):
    return Checkpoint.latest(*where).path


def test_the_latest_checkpoint_of_the_newest_run_is_meant(tmp_path):
    save(tmp_path / "version_9" / "checkpoints" / "last.ckpt", 100)
    best = save(tmp_path / "version_10" / "checkpoints" / "best.ckpt", 20)
    assert latest("last", tmp_path) == best
    last = save(tmp_path / "version_10" / "checkpoints" / "last.ckpt", 20)
    assert {latest("last", tmp_path), latest(tmp_path / "version_10")} == {last}
    later = save(tmp_path / "version_10" / "checkpoints" / "step=30.ckpt", 30)
    assert latest(tmp_path) == later
    assert latest(best) == best


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04"])
def test_what_is_no_checkpoint_is_refused(tmp_path, content):
    (tmp_path / "x.ckpt").write_bytes(content)
    with pytest.raises(InputError, match="cannot read"):
        Checkpoint.read(tmp_path / "x.ckpt")


def test_a_state_dict_is_no_checkpoint_of_a_run(tmp_path):
    torch.save({"weight": torch.zeros(1)}, tmp_path / "w.pt")
    with pytest.raises(InputError, match="is not a checkpoint of a run"):
        Checkpoint.read(tmp_path / "w.pt")


def test_a_checkpoint_of_anyones_module_needs_no_hyperparameters(tmp_path):
    torch.save({"state_dict": {"weight": torch.zeros(1)}, "global_step": 3}, tmp_path / "theirs.ckpt")
    checkpoint = Checkpoint.read(tmp_path / "theirs.ckpt")
    assert (checkpoint.step, checkpoint.hparams, checkpoint.data_hparams) == (3, {}, {})
    assert (checkpoint.path, checkpoint.folder) == (tmp_path / "theirs.ckpt", tmp_path)


@pytest.mark.parametrize("links", [True, False], ids=["link", "copy"])
def test_the_checkpoint_that_a_run_goes_on_from_becomes_its_last(tmp_path, monkeypatch, links):
    last, older = save(tmp_path / "last.ckpt", 500), save(tmp_path / "older.ckpt", 100)

    def refuses(*_):
        raise OSError("this file system has no links")

    if not links:
        monkeypatch.setattr(os, "link", refuses)
    for _ in range(2):
        Checkpoint.read(older).keep_as_last()
        assert Checkpoint.read(last).step == 100
    assert last.samefile(older) == links
    Checkpoint.read(last).keep_as_last()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["last.ckpt", "older.ckpt"]
