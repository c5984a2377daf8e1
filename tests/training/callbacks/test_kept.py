"""A run leaves a checkpoint that is found by its folder, whatever validation, limits and callbacks were set to."""

from datetime import timedelta

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint, OnExceptionCheckpoint

from litclf import BinaryClassifier, CirclesDataModule, InputError, fit
from litclf.runs.checkpoint import Checkpoint


def run(root, **settings):
    data = CirclesDataModule(num_samples=100, batch_size=20, repeat=5, steps_per_execution=10)
    settings = {"max_epochs": 2, "name": "own", "default_root_dir": root, "enable_progress_bar": False, **settings}
    return fit(BinaryClassifier(hidden_dims=[4]), data, **settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"check_val_every_n_epoch": 100},
        {"check_val_every_n_epoch": 3, "max_epochs": 4},
        {"limit_val_batches": 0},
        {"max_steps": 7},
        {"max_steps": 7, "check_val_every_n_epoch": 100},
        {"max_epochs": -1, "max_time": timedelta(seconds=0.3)},
        {"callbacks": [ModelCheckpoint(save_top_k=0)]},
        {"callbacks": [ModelCheckpoint(every_n_train_steps=1000)]},
        {"callbacks": [ModelCheckpoint(every_n_epochs=9)]},
        {"callbacks": [ModelCheckpoint(train_time_interval=timedelta(hours=1))]},
        {"callbacks": [ModelCheckpoint(monitor="val/loss")], "check_val_every_n_epoch": 2, "max_epochs": 3},
        {"callbacks": [ModelCheckpoint(save_weights_only=True)]},
    ],
    ids=lambda settings: ", ".join(settings),
)
def test_what_a_run_has_tested_is_found_by_its_folder(settings, tmp_path):
    result = run(tmp_path, **settings)
    tested = Checkpoint.tested(result.folder)
    for name, value in result.model.state_dict().items():
        assert torch.equal(value, tested.weights[name])
    x, y = result.trainer.datamodule.splits["test"]
    accuracy = float((result.model.classes(result.model(x)) == y).float().mean())
    assert result.metrics["test/accuracy"] == pytest.approx(accuracy)


def test_a_fit_that_ends_before_its_first_step_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"trainer: ended before its first step; fix: raise --trainer\.max_time"):
        run(tmp_path, max_time=timedelta(seconds=0))
    assert not list((tmp_path / "lightning_logs" / "own").iterdir())


def test_the_last_checkpoint_is_of_the_last_step(tmp_path):
    result = run(tmp_path, max_epochs=3, check_val_every_n_epoch=2)
    assert Checkpoint.latest(result.folder).step == result.metrics["global_step"] == 60
    assert Checkpoint.read(result.folder / "checkpoints" / "best.ckpt").step == 40


def test_a_run_of_another_kind_of_checkpoint_keeps_ours_too(tmp_path):
    assert {path.name for path in (run(tmp_path).folder / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
    with pytest.warns(UserWarning, match="last"):  # Lightning's own advice on it
        result = run(tmp_path, callbacks=[OnExceptionCheckpoint(tmp_path / "exceptions")])
    assert {path.name for path in (result.folder / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}


def test_without_validation_the_best_is_told_by_the_training(tmp_path, recwarn):
    result = run(tmp_path, limit_val_batches=0)
    best = ((result.folder / "checkpoints") / "best.ckpt").is_file()
    assert best
    assert result.metrics["best"]["score"] == pytest.approx(result.metrics["train/loss"])
    assert "calibration" not in result.metrics
    assert not [one for one in recwarn if "could not find the monitored key" in str(one.message)]


def test_checkpoints_stay_in_the_run_folder_whatever_logger_comes_first(tmp_path, make_records):
    result = run(tmp_path, callbacks=[ModelCheckpoint(filename="mine")], logger=[make_records()])
    assert (result.folder / "checkpoints" / "mine.ckpt").is_file()
