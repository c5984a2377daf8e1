"""A run that was stopped anywhere and resumed, against the run that was never stopped: the same bits, row by row."""

import csv
import json
import os
import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest
import torch
import yaml
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint

from litclf import InputError
from litclf.cli.main import main
from tests.training.stopping import STEPS, left_by, run, stopped

COVERING = [
    ("on_train_batch_end", 5),
    ("on_validation_batch_end", STEPS),
    ("on_train_batch_end", 2 * STEPS + 3),
    ("on_train_epoch_end", 3 * STEPS),
    ("on_test_batch_end", 0),
]
"""Within an epoch, the first and a later one, a validation, the end of an epoch, the test."""

OTHERS = [
    ("on_train_batch_end", STEPS),  # the validation is due
    ("on_train_epoch_end", 2 * STEPS),
    ("on_train_batch_end", 3 * STEPS),
    ("on_validation_batch_end", 3 * STEPS),
    ("on_train_end", 3 * STEPS),
    ("on_fit_end", 3 * STEPS),
]


@pytest.mark.parametrize(
    ("steps_per_execution", "hook", "steps"),
    [
        *((7, *place) for place in COVERING),
        (1, *OTHERS[0]),
        *(pytest.param(7, *place, marks=pytest.mark.slow) for place in OTHERS),
        *(pytest.param(1, *place, marks=pytest.mark.slow) for place in (*COVERING, *OTHERS[1:])),
    ],
)
def test_a_run_stopped_anywhere_ends_with_what_an_undisturbed_one_leaves(
    steps_per_execution, hook, steps, whole, tmp_path
):
    folder = stopped(tmp_path, steps_per_execution, hook, steps)
    assert not (folder / "metrics.json").exists()
    assert run(tmp_path, steps_per_execution, ckpt_path="last").folder == folder
    assert left_by(folder) == whole(steps_per_execution)


@pytest.mark.slow  # all pictures of two fits
@pytest.mark.parametrize(("hook", "steps"), [("on_train_batch_end", 20), ("on_fit_end", 0)])
def test_pictures_and_report_of_a_resumed_run_are_those_of_the_whole(hook, steps, whole, tmp_path):
    folder = stopped(tmp_path, 7, hook, steps, pictures=True)
    run(tmp_path, 7, ckpt_path=folder, pictures=True)
    reference = whole(7, pictures=True)
    assert left_by(folder) == reference
    assert reference.keys() >= {"pictures/boundary", "pictures/data", "pictures/gradients"}
    assert (folder / "report.html").is_file()


def test_a_run_that_ends_while_its_report_is_written_has_not_finished(tmp_path, monkeypatch):
    proper = Path.write_bytes

    def half(path, content):
        if path.name.endswith("report.html"):
            proper(path, content[: len(content) // 2])
            raise KeyboardInterrupt
        return proper(path, content)

    monkeypatch.setattr("litclf.training.stages.pictures_for", lambda *_: [])  # the report alone
    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, 7, pictures=True, max_epochs=1)
    monkeypatch.undo()
    folder = tmp_path / "lightning_logs" / "own" / "version_0"
    assert (folder / "metrics.json").is_file()
    assert not (folder / "report.html").exists()
    run(tmp_path, 7, ckpt_path=folder, pictures=True, max_epochs=1)
    assert (folder / "report.html").read_text().rstrip().endswith("</html>")
    with pytest.raises(InputError, match="has finished its 1 epochs"):
        run(tmp_path, 7, ckpt_path=folder, pictures=True, max_epochs=1)


def test_the_kernel_engine_resumes_to_the_same_bits(tmp_path, whole):
    own = {"model": {"network": "mlp", "hidden_dims": [8], "engine": "kernel"}}
    folder = stopped(tmp_path, 7, "on_train_batch_end", 20, **own)
    run(tmp_path, 7, ckpt_path=folder, **own)
    assert left_by(folder) == whole(7, **own)


def test_a_run_that_is_stopped_again_and_again_ends_the_same(tmp_path, whole):
    folder = stopped(tmp_path, 7, "on_train_batch_end", 5)
    for steps in (9, 17, 30, 40):
        stopped(tmp_path, 7, "on_train_batch_end", steps, ckpt_path=folder)
    run(tmp_path, 7, ckpt_path=folder)
    assert left_by(folder) == whole(7)


def test_a_checkpoint_of_any_step_goes_on_with_rows_and_validation(tmp_path):
    """Also from a file that a ModelCheckpoint saved where Lightning would skip the validation and the epoch's end."""
    steps = [ModelCheckpoint(filename="{step}", every_n_train_steps=8, save_top_k=-1)]
    reference = run(tmp_path / "a", 5, callbacks=steps)
    for step in (8, 16, 32):
        shutil.copytree(reference.folder, tmp_path / f"{step}")
        path = tmp_path / f"{step}" / "checkpoints" / f"step={step}.ckpt"
        again = [ModelCheckpoint(filename="{step}", every_n_train_steps=8, save_top_k=-1)]
        resumed = run(tmp_path, 5, callbacks=again, ckpt_path=path)
        assert (resumed.folder / "metrics.csv").read_text() == (reference.folder / "metrics.csv").read_text()
        for name, value in reference.model.state_dict().items():
            assert torch.equal(resumed.model.state_dict()[name], value)


@pytest.mark.parametrize("other", [1, pytest.param(3, marks=pytest.mark.slow), 100])
def test_the_position_is_the_same_for_other_executions(other, stopped_run, tmp_path, whole):
    run(tmp_path, other, ckpt_path=stopped_run)
    found, reference = left_by(stopped_run), whole(7)
    assert found["last"]["state_dict"] == reference["last"]["state_dict"]
    assert found["val/loss"] == reference["val/loss"]


def test_patience_and_the_stop_it_asks_for_survive(tmp_path):
    def early():
        return EarlyStopping("train/accuracy", mode="max", patience=2, min_delta=1.0)

    reference = run(tmp_path / "whole", 7, callbacks=[early()], max_epochs=9)
    assert reference.metrics["global_step"] == 3 * STEPS
    folder = stopped(tmp_path, 7, "on_train_batch_end", 20, callbacks=[early()], max_epochs=9)
    assert run(tmp_path, 7, callbacks=[early()], max_epochs=9, ckpt_path=folder).metrics["global_step"] == 3 * STEPS
    shutil.rmtree(tmp_path / "lightning_logs")
    folder = stopped(tmp_path, 7, "on_fit_end", 0, callbacks=[early()], max_epochs=9)
    assert run(tmp_path, 7, callbacks=[early()], max_epochs=9, ckpt_path=folder).metrics["global_step"] == 3 * STEPS
    with pytest.raises(InputError, match="has stopped early"):
        run(tmp_path, 7, callbacks=[early()], max_epochs=9, ckpt_path=folder)


def test_a_run_folder_that_was_moved_goes_on_with_its_best(stopped_run, tmp_path, whole):
    moved = shutil.move(stopped_run, tmp_path / "elsewhere")
    run(tmp_path, 7, ckpt_path=moved)
    assert left_by(moved) == whole(7)
    assert not stopped_run.exists()


def test_going_on_from_an_older_checkpoint_drops_what_came_after(tmp_path):
    constant = {"model": {"lr_schedule": "none"}}
    folder = run(tmp_path, 7, max_epochs=2, **constant).folder
    last, older = (folder / "checkpoints" / f"{name}.ckpt" for name in ("last", "older"))
    shutil.copy(last, older)
    run(tmp_path, 7, max_epochs=4, ckpt_path=last, **constant)
    stopped(tmp_path, 7, "on_train_start", 0, max_epochs=4, ckpt_path=older, **constant)
    assert torch.load(last, weights_only=True)["global_step"] == 2 * STEPS
    with (folder / "metrics.csv").open(newline="") as file:
        assert max(int(row["step"]) for row in csv.DictReader(file)) == 2 * STEPS - 1


class Opened:
    """Counts how often each checkpoint file is opened to be read while it is on; an audit hook cannot be removed."""

    def __init__(self):
        self.on, self.files = False, Counter()
        sys.addaudithook(self.hook)

    def hook(self, event, args):
        if self.on and event == "open" and str(args[0]).endswith(".ckpt") and args[2] & os.O_ACCMODE == os.O_RDONLY:
            self.files[Path(args[0]).name] += 1


OPENED = Opened()


def opened_by(call, *args, **settings):
    """What a call gives, and how often it has opened each file."""
    OPENED.files, OPENED.on = Counter(), True
    try:
        return call(*args, **settings), OPENED.files
    finally:
        OPENED.on = False


# The last checkpoint is gone on from, the best is tested and calibrated.
ONCE = {"last.ckpt": 1, "best.ckpt": 1}


@pytest.mark.parametrize("given", ["", "checkpoints/last.ckpt"], ids=["folder", "file"])
def test_seconds_of_the_parts_add_up_and_each_checkpoint_file_is_opened_once(given, stopped_run, tmp_path):
    first = torch.load(stopped_run / "checkpoints" / "last.ckpt", weights_only=True)["resume"]
    result, opened = opened_by(run, tmp_path, 7, ckpt_path=stopped_run / given)
    assert opened == ONCE
    assert result.metrics["fit_seconds"] > first["seconds"] > 0
    assert result.metrics["facts"]["started"] == first["started"]


def test_the_command_opens_each_checkpoint_file_once(tmp_path):
    folder = stopped(tmp_path, 7, "on_train_batch_end", 20, model={"network": "mlp", "hidden_dims": [8]})
    assert opened_by(main, ["resume", str(folder), "--pictures", "false"]) == (0, ONCE)
    tools = [["predict"], ["predict", "--point=0,0"], ["export", "--format", "safetensors"]]
    for name, *args in [["test"], *tools]:
        assert opened_by(main, [name, "--ckpt_path", str(folder), *args]) == (0, {"best.ckpt": 1}), name


def test_a_finished_run_whose_schedule_has_ended_is_not_made_longer(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    fit = ["fit", "-c", "blobs", "--model.lr_schedule", "cosine", "--pictures", "false", "--trainer.max_epochs"]
    assert main([*fit, "1"]) == 0
    assert main(["resume", "lightning_logs/blobs"]) == 2
    way_out = "fix: start a new run with --trainer.max_epochs 2, since the learning-rate schedule ends here"
    assert way_out in capsys.readouterr().err
    assert main([*fit, "2"]) == 0


def test_the_command_resumes_with_the_config_of_the_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    quick = ["--pictures", "false"]
    args = ["fit", "-c", "blobs", "--trainer.max_epochs", "2", "--model.lr", "0.07", *quick]
    assert main(args) == 0
    folder = tmp_path / "lightning_logs/blobs/version_0"
    assert main(["resume", "lightning_logs/blobs"]) == 2
    assert "has finished its 2 epochs; fix: pass --trainer.max_epochs 4 to go on" in capsys.readouterr().err
    assert main(["resume", "lightning_logs/blobs/version_0", "--trainer.max_epochs", "3", *quick]) == 0
    last = str(folder / "checkpoints/last.ckpt")
    assert main(["fit", "--ckpt_path", last, "--trainer.max_epochs", "4", *quick]) == 0
    assert main([*args[:3], "--ckpt_path", "last", "--trainer.max_epochs", "5", *args[5:]]) == 0
    assert json.loads((folder / "metrics.json").read_text())["global_step"] == 50
    assert yaml.safe_load((folder / "config.yaml").read_text())["ckpt_path"] is None
    assert [path.name for path in folder.parent.iterdir()] == ["version_0"]
