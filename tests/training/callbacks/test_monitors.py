"""What a callback or a schedule waits for in vain is told before anyone's module trains, or what it trained is kept."""

from functools import partial

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, seed_everything
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from torch.nn.functional import cross_entropy

from litclf import BlobsDataModule, InputError, MulticlassClassifier, fit
from litclf.runs.checkpoint_file import read


class Theirs(LightningModule):
    """Someone's own module, with names of its own for its metrics."""

    def __init__(self, monitor=None, loss="val_loss"):
        super().__init__()
        self.network, self.monitor, self.loss = torch.nn.Linear(2, 4), monitor, loss

    def training_step(self, batch, _):
        loss = cross_entropy(self.network(batch[0]), batch[1])
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch, _):
        self.log(self.loss, cross_entropy(self.network(batch[0]), batch[1]))

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
        if self.monitor is None:
            return optimizer
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": plateau, "monitor": self.monitor}}


class Later(Theirs):
    """Logs a metric of validation at the end of an epoch of training."""

    def on_train_epoch_end(self):
        self.log("val_late", 1.0 / (1 + self.current_epoch))


class Careful(Theirs):
    """Logs nothing while Lightning only checks."""

    def validation_step(self, batch, batch_idx):
        if not self.trainer.sanity_checking:
            super().validation_step(batch, batch_idx)


class Own(MulticlassClassifier):
    """Someone's own classifier, whose validation step measures something else."""

    def validation_step(self, batch, _):
        self.log("val/mine", cross_entropy(self(batch[0]), batch[1]))


def run(root, kind, *callbacks, epochs=2, **settings):
    seed_everything(1, verbose=False)
    settings = {"default_root_dir": root, "enable_progress_bar": False, "name": "own", **settings}
    data = BlobsDataModule(num_samples=160, holdout=0.5)
    return fit(kind(), data, max_epochs=epochs, callbacks=list(callbacks), **settings)


def kept(root):
    return sorted(path.name for path in root.rglob("*.ckpt"))


@pytest.mark.parametrize(
    ("monitor", "callbacks", "line"),
    [
        (None, [EarlyStopping("val_los")], "EarlyStopping monitors val_los, .*; fix: did you mean val_loss"),
        (None, [ModelCheckpoint(monitor="val/loss")], "ModelCheckpoint monitors val/loss, .*; fix: did you"),
        ("val_los", [], "ReduceLROnPlateau monitors val_los, which is none of val_loss; fix: did you mean val_loss"),
    ],
    ids=["stopping", "checkpoint", "schedule"],
)
def test_a_metric_of_validation_that_is_never_logged_is_refused_before_anyones_module_trains(
    monitor, callbacks, line, tmp_path
):
    with pytest.raises(InputError, match=line):
        run(tmp_path, partial(Theirs, monitor), *callbacks)
    assert not list((tmp_path / "lightning_logs" / "own").iterdir())


@pytest.mark.parametrize("kind", [Later, Careful])
def test_what_one_batch_of_validation_does_not_show_is_monitored_all_the_same(kind, tmp_path):
    name = "val_late" if kind is Later else "val_loss"
    result = run(tmp_path, kind, EarlyStopping(name, patience=9), ModelCheckpoint(monitor=name))
    assert result.metrics["global_step"] == 6


@pytest.mark.parametrize(
    ("kind", "callbacks", "name"),
    [
        (Later, [EarlyStopping("val_lat")], "val_lat"),
        (Theirs, [EarlyStopping("train_los")], "train_los"),
        (Theirs, [ModelCheckpoint(monitor="train_los")], "train_los"),
        (partial(Theirs, "train_los"), [], "train_los"),
    ],
    ids=["stopping", "of training", "checkpoint", "schedule"],
)
def test_what_was_trained_until_a_metric_was_missed_is_gone_on_from(kind, callbacks, name, tmp_path):
    whole = run(tmp_path / "whole", kind if kind is Later else Theirs)
    with pytest.raises(InputError, match=f"monitors {name}, .* goes on after this epoch"):
        run(tmp_path, kind, *callbacks)
    [left] = (tmp_path / "lightning_logs" / "own").iterdir()
    assert read(left / "checkpoints" / "last.ckpt")["global_step"] == 3
    if kind is Later or callbacks:  # a schedule is part of what is gone on with
        resumed = run(tmp_path, kind, ckpt_path=left)
        assert all(torch.equal(*pair) for pair in zip(*map(weights, (whole, resumed)), strict=True))
        assert (resumed.folder / "metrics.csv").read_text() == (whole.folder / "metrics.csv").read_text()


def weights(result):
    return result.model.state_dict().values()


class Fails(Callback):
    """Fails by something else."""

    def on_train_epoch_end(self, *_):
        raise RuntimeError("out of memory")


def test_another_failure_is_not_told_as_a_missing_metric(tmp_path):
    with pytest.raises(RuntimeError, match="out of memory"):
        run(tmp_path, Theirs, Fails(), EarlyStopping("train_los", strict=False))
    assert kept(tmp_path) == []


@pytest.mark.parametrize(
    ("kind", "files", "note"),
    [
        (Theirs, ["best.ckpt", "last.ckpt"], "best.ckpt is that of the lowest val_loss"),
        (partial(Theirs, loss="valid_acc"), ["best.ckpt", "last.ckpt"], "best.ckpt is that of the highest valid_acc"),
        (
            partial(Theirs, loss="score"),
            ["last.ckpt"],
            "only last.ckpt is kept: no loss or accuracy of",
        ),
        (partial(Own, hidden_dims=[4]), ["last.ckpt"], "only last.ckpt is kept"),
    ],
    ids=["loss", "accuracy", "neither", "classifier"],
)
def test_a_run_of_anyones_module_is_kept_whatever_it_calls_its_metrics(kind, files, note, tmp_path, capsys):
    result = run(tmp_path, kind, epochs=3)
    assert kept(tmp_path) == files
    assert capsys.readouterr().err.count(f"note        {note}") == 1
    assert result.metrics["best"]["path"] == "best.ckpt" if "best.ckpt" in files else "best" not in result.metrics


def test_the_best_of_anyones_module_is_known_after_it_was_resumed(tmp_path):
    kind = partial(Theirs, loss="val_acc")  # it falls: the best is the first
    whole = run(tmp_path / "whole", kind, epochs=4)
    run(tmp_path, kind, epochs=2)
    resumed = run(tmp_path, kind, epochs=4, ckpt_path="last")
    assert resumed.metrics["best"] == whole.metrics["best"]
    assert resumed.trainer.checkpoint_callback.best_model_score == whole.trainer.checkpoint_callback.best_model_score
