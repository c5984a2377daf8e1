"""What is written of a fit and when: the same files at its end as if each epoch were saved, and in between enough."""

import functools
import os
import shutil
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch import Callback
from lightning.pytorch.callbacks import ModelCheckpoint

from litclf import BlobsDataModule, InputError, MulticlassClassifier
from litclf.runs.checkpoint_file import read
from litclf.runs.checkpoint_io import SafeCheckpointIO
from litclf.training.callbacks.saves import RunCheckpoint
from tests.training.stopping import left_by, plain, run, stopped

NEVER = 3600.0
"""Seconds that no fit here takes: what is written in between is of the first epoch."""


@pytest.fixture
def writes(monkeypatch):
    """The names of the checkpoints that are written, in their order; those that are linked are none."""
    names, proper = [], Path.write_bytes

    def write_bytes(path, content):
        if path.suffix == ".ckpt":
            names.append(path.name.split(".", 2)[2])
        return proper(path, content)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    return names


class Losses(Callback):
    """Says the validation loss of each epoch, so that it is known which epoch is best."""

    def __init__(self, *losses):
        self.losses = losses

    def on_validation_end(self, trainer, pl_module):
        trainer.callback_metrics["val/loss"].fill_(self.losses[trainer.current_epoch])


class At(Callback):
    """Does something at the end of an epoch or in the middle of one, before what is to be saved then is saved."""

    def __init__(self, steps, act):
        self.steps, self.act = steps, act

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == self.steps:
            self.act()


def whole(path):
    """All that a checkpoint holds but times and the folder it was made in."""
    content = plain(read(path))
    for name in ("seconds", "started", "folder", "loggers"):
        content["resume"].pop(name)
    content.pop("callbacks")
    content.pop("calibration", None)
    return content


HALF = [(1, {}), (1, {"max_steps": 70}), (16, {"check_val_every_n_epoch": 2}), (16, {"limit_val_batches": 0})]
OTHERS = [pytest.param(17 - steps, settings, marks=pytest.mark.slow) for steps, settings in HALF]


@pytest.mark.parametrize(("steps_per_execution", "settings"), HALF + OTHERS)
def test_the_end_is_the_same_as_if_each_epoch_were_saved(steps_per_execution, settings, tmp_path, writes):
    settings = {"max_epochs": 6, **settings}
    each = run(tmp_path / "each", steps_per_execution, save_every=0, **settings)
    many = len(writes)
    few = run(tmp_path / "few", steps_per_execution, save_every=NEVER, **settings)
    assert left_by(each.folder) == left_by(few.folder)
    for name in ("best.ckpt", "last.ckpt"):
        assert whole(each.folder / "checkpoints" / name) == whole(few.folder / "checkpoints" / name)
    assert each.metrics["best"] == few.metrics["best"]
    assert len(writes) - many < many


def test_a_short_fit_writes_at_its_first_epoch_and_at_its_end(tmp_path, writes):
    run(tmp_path, 16, max_epochs=20, callbacks=[Losses(*range(20, 0, -1))], save_every=60)
    assert writes == ["best.ckpt", "best.ckpt", "best.ckpt"]  # the last one is that of the calibration


def test_the_best_of_between_is_what_is_kept(tmp_path, writes):
    result = run(tmp_path, 16, max_epochs=6, callbacks=[Losses(5, 4, 1, 2, 3, 4)])
    assert writes == ["best.ckpt", "best.ckpt", "last.ckpt", "best.ckpt"]
    steps = {name: read(result.folder / "checkpoints" / f"{name}.ckpt")["global_step"] for name in ("best", "last")}
    assert steps == {"best": 48, "last": 96}
    assert result.metrics["best"] == {"path": "best.ckpt", "score": 1.0, "step": 48}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What a fit leaves that nothing stops, for each number of steps at once."""
    settings = {"max_epochs": 6, "callbacks": [Losses(5, 4, 1, 2, 3, 4)], "save_every": NEVER}
    return functools.cache(
        lambda steps_per_execution: left_by(
            run(tmp_path_factory.mktemp("whole"), steps_per_execution, **settings).folder
        )
    )


@pytest.mark.parametrize(
    "killed_at", [24, 40, 95, *(pytest.param(steps, marks=pytest.mark.slow) for steps in (32, 56, 80))]
)
def test_a_run_that_is_killed_between_two_saves_ends_on_the_same_bits(killed_at, undisturbed, tmp_path):
    """What lies on the disk at that moment is all that is gone on from."""
    losses = (5, 4, 1, 2, 3, 4)
    left, where = tmp_path / "left", tmp_path / "killed" / "lightning_logs" / "own" / "version_0"
    kill = At(killed_at - killed_at % 8, lambda: shutil.copytree(where, left))
    run(tmp_path / "killed", 8, max_epochs=6, callbacks=[Losses(*losses), kill], save_every=NEVER)
    assert [read(path)["global_step"] for path in (left / "checkpoints").iterdir()] == [16, 16]
    shutil.rmtree(where)
    shutil.move(left, where)
    again = run(tmp_path / "killed", 8, max_epochs=6, callbacks=[Losses(*losses)], ckpt_path=where, save_every=NEVER)
    assert left_by(again.folder) == undisturbed(8)


@pytest.mark.parametrize("moment", ["best is older", "best is on the disk"])
def test_a_kill_between_the_two_files_of_a_save_loses_nothing(moment, undisturbed, tmp_path, monkeypatch):
    """The best is written first: what is there is then the older last, beside the newer best, which is gone on from."""
    losses = (5, 4, 1, 2, 3, 4)
    left, where = tmp_path / "left", tmp_path / "killed" / "lightning_logs" / "own" / "version_0"
    proper, names = Path.write_bytes, []

    def write_bytes(path, content):
        names.append(path.name.split(".", 2)[2])
        if names == ["best.ckpt", "best.ckpt", "last.ckpt"] and moment == "best is on the disk":
            shutil.copytree(where, left)
        if names == ["best.ckpt", "best.ckpt"] and moment == "best is older":
            shutil.copytree(where, left)
        return proper(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(
            Path,
            "write_bytes",
            lambda path, content: (write_bytes if path.suffix == ".ckpt" else proper)(path, content),
        )
        run(tmp_path / "killed", 16, max_epochs=6, callbacks=[Losses(*losses)], save_every=NEVER)
    found = {path.name: read(path)["global_step"] for path in (left / "checkpoints").glob("[bl]*.ckpt")}
    assert found == {"last.ckpt": 16, "best.ckpt": 48 if moment == "best is on the disk" else 16}
    shutil.rmtree(where)
    shutil.move(left, where)
    again = run(tmp_path / "killed", 16, max_epochs=6, callbacks=[Losses(*losses)], ckpt_path=where)
    assert left_by(again.folder) == undisturbed(16)


def fail():
    raise ZeroDivisionError


def test_the_best_is_kept_however_the_fit_ends(tmp_path):
    callbacks = [Losses(5, 4, 1, 2, 3, 4), At(80, fail)]
    with pytest.raises(ZeroDivisionError):
        run(tmp_path, 16, max_epochs=6, callbacks=callbacks, save_every=NEVER)
    kept = tmp_path / "lightning_logs" / "own" / "version_0" / "checkpoints"
    assert {path.name: read(path)["global_step"] for path in kept.iterdir()} == {"best.ckpt": 48, "last.ckpt": 16}


def test_a_signal_saves_both(tmp_path):
    losses = Losses(5, 4, 1, 2, 3, 4)
    folder = stopped(tmp_path, 16, "on_train_batch_end", 80, [losses], max_epochs=6, save_every=NEVER)
    kept = folder / "checkpoints"
    assert {path.name: read(path)["global_step"] for path in kept.iterdir()} == {"best.ckpt": 48, "last.ckpt": 80}


@pytest.mark.parametrize("links", [True, False])
def test_best_and_last_share_a_file_until_one_is_replaced(links, tmp_path, monkeypatch):
    if not links:
        monkeypatch.setattr(os, "link", lambda *_: fail_as_a_file_system_without_links())
    kept = tmp_path / "lightning_logs" / "own" / "version_0" / "checkpoints"
    same = []
    look = At(32, lambda: same.append((kept / "best.ckpt").samefile(kept / "last.ckpt")))
    result = run(tmp_path, 16, max_epochs=3, callbacks=[Losses(3, 2, 1), look], save_every=0)
    assert same == [links]
    best, last = (read(kept / f"{name}.ckpt") for name in ("best", "last"))
    assert best["global_step"] == last["global_step"] == result.metrics["global_step"]
    assert "calibration" in best
    assert "calibration" not in last


def fail_as_a_file_system_without_links():
    raise PermissionError(1, "Operation not permitted")


class Saved(TorchCheckpointIO):
    def __init__(self):
        super().__init__()
        self.names = []

    def save_checkpoint(self, checkpoint, path, storage_options=None):
        self.names.append(Path(path).name)
        super().save_checkpoint(checkpoint, path, storage_options)


def test_a_way_to_the_disk_of_the_users_own_is_given_each_epoch(tmp_path):
    own = Saved()
    run(tmp_path, 16, max_epochs=3, callbacks=[Losses(3, 1, 2)], plugins=own)
    assert own.names == ["best.ckpt", "last.ckpt", "best.ckpt", "last.ckpt", "last.ckpt"]


class Dumps(Callback):
    """The steps at which something is saved, and the hook that it is saved in."""

    def __init__(self):
        self.hook, self.seen = "", []
        for name in ("on_validation_end", "on_train_epoch_end"):
            setattr(self, name, lambda *_, name=name: setattr(self, "hook", name))

    def on_save_checkpoint(self, trainer, *_):
        self.seen.append((trainer.global_step, self.hook))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"check_val_every_n_epoch": 2},
        {"val_check_interval": 0.5},
        {"val_check_interval": "00:00:00:00"},
        {"limit_val_batches": 0},
    ],
    ids=str,
)
def test_it_saves_when_one_of_lightnings_would(settings, make_trainer, tmp_path):
    seen = []
    for own in (
        ModelCheckpoint(tmp_path / "theirs", save_top_k=-1, every_n_epochs=1),
        RunCheckpoint(tmp_path / "own", "train/loss_step", save_every=0),
    ):
        dumps = Dumps()
        trainer = make_trainer(max_epochs=4, callbacks=[dumps, own], enable_checkpointing=True, **settings)
        trainer.fit(MulticlassClassifier(hidden_dims=[4]), datamodule=BlobsDataModule(80, holdout=0.2, batch_size=16))
        seen.append(sorted(set(dumps.seen)))
    assert seen[0] == seen[1]
    assert len(seen[0]) > 1


def test_a_checkpoint_of_the_users_own_is_written_when_it_says(tmp_path, writes):
    run(tmp_path, 16, max_epochs=3, callbacks=[ModelCheckpoint(filename="{epoch}", save_top_k=-1)], save_every=NEVER)
    assert writes[:3] == ["epoch=0.ckpt", "epoch=1.ckpt", "epoch=2.ckpt"]


def test_what_is_held_is_what_it_was(tmp_path):
    plugin, weights = SafeCheckpointIO(), torch.zeros(3)
    state = {"state_dict": {"w": weights}, "callbacks": {"own": {"rows": [1], "pair": (weights, "text")}}}
    with plugin.holding():
        plugin.save_checkpoint(state, tmp_path / "best.ckpt")
    assert plugin.holds(tmp_path / "best.ckpt")
    weights += 1
    state["callbacks"]["own"]["rows"].append(2)
    assert not list(tmp_path.iterdir())
    plugin.teardown()
    assert not plugin.holds(tmp_path / "best.ckpt")
    found = read(tmp_path / "best.ckpt")
    assert found["state_dict"]["w"].tolist() == found["callbacks"]["own"]["pair"][0].tolist() == [0, 0, 0]
    assert found["callbacks"]["own"]["rows"] == [1]


def test_an_entry_that_is_made_anew_for_each_save_is_not_copied(tmp_path):
    plugin, rows, others = SafeCheckpointIO(), [1], [1]
    with plugin.holding(fresh=("rows",)):
        plugin.save_checkpoint({"rows": rows, "others": others}, tmp_path / "best.ckpt")
    rows.append(2)
    others.append(2)
    plugin.teardown()
    assert read(tmp_path / "best.ckpt") == {"rows": [1, 2], "others": [1]}


def test_what_a_run_holds_without_a_copy_is_made_anew_for_each_save(tmp_path):
    held = []

    class Holds(SafeCheckpointIO):
        def save_checkpoint(self, checkpoint, path, storage_options=None):
            held.append((checkpoint, deepcopy({name: checkpoint[name] for name in ("loops", "resume")})))
            super().save_checkpoint(checkpoint, path, storage_options)

    run(tmp_path, 16, max_epochs=3, plugins=[Holds()], save_every=NEVER)
    assert len(held) > 2
    for checkpoint, before in held:
        assert plain({name: checkpoint[name] for name in before}) == plain(before)


@pytest.mark.parametrize("value", [-1, float("nan"), "soon", True])
def test_seconds_that_are_none_are_refused(value, tmp_path):
    with pytest.raises(InputError, match=r"^save_every: must be "):
        run(tmp_path, 16, save_every=value)
    assert not list(tmp_path.iterdir())
