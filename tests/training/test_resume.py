"""A run that was stopped anywhere and resumed, against the run that was never stopped: the same bits, row by row."""

import csv
import fcntl
import json
import os
import shutil
import signal
from pathlib import Path

import pytest
import torch
from lightning.pytorch import Callback, LightningDataModule, LightningModule, seed_everything
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.data import DataLoader, TensorDataset
from torchmetrics.classification import MulticlassAccuracy

from litclf import BlobsDataModule, CirclesDataModule, InputError, MulticlassClassifier, fit
from litclf.__main__ import main

STEPS = 16  # of an epoch
HOOKS = ("on_train_batch_end", "on_validation_batch_end", "on_train_epoch_end")


class StopAt(Callback):
    """Sends this process a signal where a hook finds so many steps done."""

    def __init__(self, hook, steps, signum=signal.SIGINT):
        self.steps, self.signum = steps, signum
        setattr(self, hook, self.stop)

    def stop(self, trainer, *_, **__):
        if trainer.global_step >= self.steps:
            os.kill(os.getpid(), self.signum)


def parts(steps_per_execution, **changes):
    seed_everything(42, verbose=False)
    network = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.ReLU(), torch.nn.Dropout(0.3), torch.nn.Linear(8, 4))
    settings = {"optimizer": "adam", "lr": 0.01, "lr_schedule": "cosine", **changes}
    settings.setdefault("network", network)
    data = BlobsDataModule(
        num_samples=160, holdout=0.25, batch_size=16, repeat=2, steps_per_execution=steps_per_execution
    )
    return MulticlassClassifier(**settings), data


def run(root, steps_per_execution, model=None, **settings):
    settings = {"max_epochs": 3, "default_root_dir": root, "enable_progress_bar": False, "name": "own", **settings}
    return fit(*parts(steps_per_execution, **(model or {})), **settings)


def stopped(root, steps_per_execution, hook, steps, callbacks=(), **settings):
    """The folder of a run that was stopped."""
    with pytest.raises(KeyboardInterrupt):
        run(root, steps_per_execution, callbacks=[*callbacks, StopAt(hook, steps)], **settings)
    return root / "lightning_logs" / "own" / "version_0"


def left_by(folder):
    """All that a run leaves but times, with the values of TensorBoard in the order of their steps."""
    found = {}
    for name in ("last", "best"):
        checkpoint = torch.load(folder / "checkpoints" / f"{name}.ckpt", weights_only=True)
        kept = ("state_dict", "optimizer_states", "lr_schedulers", "loops", "global_step", "BlobsDataModule")
        found[name] = {key: plain(checkpoint[key]) for key in kept}
        found[f"{name} random numbers"] = plain(checkpoint["resume"]["processes"][0]["rng"])
    with (folder / "metrics.csv").open(newline="") as file:
        found["rows"] = list(csv.reader(file))
    found["metrics"] = json.loads((folder / "metrics.json").read_text())
    found["metrics"].pop("fit_seconds")
    found["metrics"]["facts"].pop("started")
    film = folder / "boundary.gif"
    found["film"] = film.read_bytes() if film.is_file() else b""
    # Each file by itself: nothing may be left in them that TensorBoard would have to drop.
    for path in folder.glob("events.out.tfevents.*"):
        events = EventAccumulator(str(path), size_guidance={"scalars": 0, "images": 0, "tensors": 0})
        events.Reload()
        tags = events.Tags()
        for tag in tags["scalars"]:
            found.setdefault(tag, []).extend((event.step, event.value) for event in events.Scalars(tag))
        for tag in tags["images"]:
            found.setdefault(tag, []).extend((event.step, event.encoded_image_string) for event in events.Images(tag))
        for tag in tags["tensors"]:
            found.setdefault(tag, []).extend((event.step, "text") for event in events.Tensors(tag))
    for key, value in found.items():
        if isinstance(value, list) and value and isinstance(value[0], tuple):
            found[key] = sorted(value)
    return found


def plain(value):
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What undisturbed runs leave, by the steps of their executions; each is run once."""
    found = {}

    def of(steps_per_execution, **settings):
        key = (steps_per_execution, str(settings))
        if key not in found:
            found[key] = left_by(run(tmp_path_factory.mktemp("whole"), steps_per_execution, **settings).folder)
        return found[key]

    return of


@pytest.mark.parametrize("steps_per_execution", [1, 7])
@pytest.mark.parametrize(
    ("hook", "steps"),
    [
        ("on_train_batch_end", 5),
        ("on_train_batch_end", STEPS),  # the validation is due
        ("on_train_batch_end", 2 * STEPS + 3),
        ("on_train_batch_end", 3 * STEPS),
        ("on_validation_batch_end", STEPS),
        ("on_validation_batch_end", 3 * STEPS),
        ("on_train_epoch_end", 2 * STEPS),
        ("on_train_epoch_end", 3 * STEPS),
        ("on_train_end", 3 * STEPS),
        ("on_fit_end", 3 * STEPS),
        ("on_test_batch_end", 0),
    ],
)
def test_a_run_stopped_anywhere_ends_with_what_an_undisturbed_one_leaves(
    steps_per_execution, hook, steps, whole, tmp_path
):
    folder = stopped(tmp_path, steps_per_execution, hook, steps)
    assert not (folder / "metrics.json").exists()
    assert run(tmp_path, steps_per_execution, ckpt_path="last").folder == folder
    assert left_by(folder) == whole(steps_per_execution)


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


@pytest.mark.parametrize("other", [1, 3, 100])
def test_the_position_is_the_same_for_other_executions(other, tmp_path, whole):
    folder = stopped(tmp_path, 7, "on_train_batch_end", 20)
    run(tmp_path, other, ckpt_path=folder)
    found, reference = left_by(folder), whole(7)
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


class Theirs(LightningModule):
    """Someone's own module, with a metric object and a plateau schedule, on a shuffled DataLoader."""

    def __init__(self, width=6):
        super().__init__()
        self.save_hyperparameters()
        self.network = torch.nn.Sequential(torch.nn.Linear(2, 6), torch.nn.Dropout(0.2), torch.nn.Linear(6, 4))
        self.accuracy = MulticlassAccuracy(4)

    def training_step(self, batch, _):
        logits = self.network(batch[0])
        self.accuracy(logits, batch[1])
        self.log("train/accuracy", self.accuracy, on_step=False, on_epoch=True)
        loss = torch.nn.functional.cross_entropy(logits, batch[1])
        self.log("train/loss", loss, on_step=True, on_epoch=True)
        return loss

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, threshold=0.5)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": plateau, "monitor": "train/loss_epoch"}}


class Validated(Theirs):
    def validation_step(self, batch, _):
        self.log("val/loss", torch.nn.functional.cross_entropy(self.network(batch[0]), batch[1]))


class TheirData(LightningDataModule):
    def train_dataloader(self):
        return DataLoader(TensorDataset(*BlobsDataModule(num_samples=80).splits["train"]), 16, shuffle=True)


def test_anyones_module_and_loader_go_on_from_an_epoch(tmp_path):
    def go(root, **settings):
        seed_everything(1, verbose=False)
        settings = {"max_epochs": 5, "default_root_dir": root, "enable_progress_bar": False, "name": "own", **settings}
        return fit(Theirs(), TheirData(), **settings)

    reference = go(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        go(tmp_path, callbacks=[StopAt("on_train_epoch_end", 8)])
    resumed = go(tmp_path, ckpt_path="last")
    for name, value in reference.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], value)
    assert resumed.trainer.optimizers[0].param_groups[0]["lr"] == reference.trainer.optimizers[0].param_groups[0]["lr"]
    assert (resumed.folder / "metrics.csv").read_text() == (reference.folder / "metrics.csv").read_text()


def test_the_metric_objects_of_an_epoch_that_is_not_over_are_whole(tmp_path):
    def go(root, **settings):
        seed_everything(1, verbose=False)
        data = BlobsDataModule(num_samples=80, holdout=0, batch_size=16)
        settings = {"max_epochs": 2, "default_root_dir": root, "enable_progress_bar": False, "name": "own", **settings}
        return fit(Validated(), data, **settings)

    reference = go(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        go(tmp_path, callbacks=[StopAt("on_train_batch_end", 3)])
    resumed = go(tmp_path, ckpt_path="last")
    assert resumed.metrics["train/accuracy"] == reference.metrics["train/accuracy"]
    assert (resumed.folder / "metrics.csv").read_text() == (reference.folder / "metrics.csv").read_text()


def test_a_run_folder_that_was_moved_goes_on_with_its_best(tmp_path, whole):
    folder = stopped(tmp_path / "a", 7, "on_train_batch_end", 20)
    moved = shutil.move(folder, tmp_path / "elsewhere")
    run(tmp_path, 7, ckpt_path=moved)
    assert left_by(moved) == whole(7)
    assert not folder.exists()


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


def test_seconds_and_start_of_the_parts_add_up(tmp_path):
    folder = stopped(tmp_path, 7, "on_train_batch_end", 20)
    first = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["resume"]
    result = run(tmp_path, 7, ckpt_path="last")
    assert result.metrics["fit_seconds"] > first["seconds"] > 0
    assert result.metrics["facts"]["started"] == first["started"]


def test_a_second_resume_of_a_live_run_is_refused_and_a_dead_one_locks_nothing(tmp_path):
    folder = stopped(tmp_path, 7, "on_train_batch_end", 20)
    assert not (folder / ".lock").exists()
    with (folder / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write("1234")
        held.flush()
        with pytest.raises(InputError, match="is being trained by process 1234; fix: wait for it"):
            run(tmp_path, 7, ckpt_path=folder)
    run(tmp_path, 7, ckpt_path=folder)  # the file is there, its process is gone


@pytest.mark.parametrize("given", ["last", "nowhere", "nowhere.ckpt"])
def test_a_checkpoint_that_does_not_exist_is_never_a_fresh_start(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^ckpt_path: there is no (run|file) "):
        run(tmp_path, 7, ckpt_path=given)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "value"), [("gradient_clip_val", 0.5), ("precision", "bf16-mixed"), ("limit_train_batches", 8)]
)
def test_a_setting_that_would_change_the_weights_is_refused_by_name(name, value, tmp_path):
    folder = stopped(tmp_path, 7, "on_train_batch_end", 20)
    with pytest.raises(InputError, match=rf"^trainer\.{name}: is {value}, but .* was made with "):
        run(tmp_path, 7, ckpt_path=folder, **{name: value})


def test_the_command_resumes_with_the_config_of_the_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    args = ["fit", "-c", "blobs", "--trainer.max_epochs", "2", "--model.lr", "0.07", "--pictures", "false"]
    assert main(args) == 0
    folder = tmp_path / "lightning_logs/blobs/version_0"
    assert main(["resume", "lightning_logs/blobs"]) == 2
    assert "has finished its 2 epochs; fix: pass --trainer.max_epochs 4 to go on" in capsys.readouterr().err
    assert main(["resume", "lightning_logs/blobs/version_0", "--trainer.max_epochs", "3"]) == 0
    assert main([*args[:3], "--ckpt_path", "last", "--trainer.max_epochs", "4", *args[5:]]) == 0
    assert json.loads((folder / "metrics.json").read_text())["global_step"] == 40
    assert [path.name for path in folder.parent.iterdir()] == ["version_0"]


def test_one_class_labels_beside_the_classes_and_no_samples_are_refused_before_a_folder_is_made(tmp_path):
    class Changed(CirclesDataModule):
        def __init__(self, change):
            super().__init__(num_samples=100)
            self.change = change

        def load(self):
            splits = super().load()
            self.change(splits)
            return splits

    def one(splits):
        splits["train"].y[:] = 1

    def beside(splits):
        splits["val"].y[3] = 2

    def none(splits):
        splits["train"] = type(splits["train"])(*(part[:0] for part in splits["train"]))

    from litclf import BinaryClassifier

    for change, message in (
        (one, "all 80 samples of the training split are of class inner"),
        (beside, r"labels of the val split must be in \[0, 1\], got 0 to 2"),
        (none, "the training split is empty"),
    ):
        with pytest.raises(InputError, match=f"^data: {message}"):
            fit(BinaryClassifier(), Changed(change), max_epochs=1, default_root_dir=tmp_path)
    assert not list(tmp_path.iterdir())
