"""A loss that is not finite, made to happen at a known step, for every engine and for ordinary batches."""

import math

import pytest
import torch

from litclf import BlobsDataModule, MulticlassClassifier, fit
from litclf.cli.main import main
from litclf.training.callbacks.divergence import StopOnDivergence
from litclf.training.callbacks.saves import RunCheckpoint
from litclf.utilities.errors import RunError


class Broken(BlobsDataModule):
    """Blobs with one sample whose inputs are not numbers."""

    def __init__(self, steps_per_execution, holdout=0.25):
        super().__init__(num_samples=160, holdout=holdout, batch_size=16, steps_per_execution=steps_per_execution)
        self.row = 40

    def load(self):
        splits = super().load()
        splits["train"].x[self.row] = math.nan
        return splits


def bad_step(data):
    """The first step, from 1 on, that takes the broken sample."""
    return int((torch.as_tensor(data._order().rows(0)) == data.row).nonzero()) // 16 + 1


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the check of the data averages what is no number
@pytest.mark.parametrize(
    ("steps_per_execution", "engine"), [(1, "eager"), (4, "eager"), (100, "eager"), (4, "kernel"), (100, "kernel")]
)
@pytest.mark.parametrize("schedule", ["none", "cosine"])
def test_the_first_bad_loss_ends_the_fit_and_is_named_by_step_and_rate(steps_per_execution, engine, schedule, tmp_path):
    torch.manual_seed(0)
    data = Broken(steps_per_execution)
    model = MulticlassClassifier(hidden_dims=[8], lr=0.1, engine=engine, lr_schedule=schedule)
    with pytest.raises(RunError, match=r"^train/loss: is (nan|inf) at step (\d+), with a learning rate of") as caught:
        fit(model, data, max_epochs=3, default_root_dir=tmp_path, enable_progress_bar=False)
    step = int(caught.value.what.split("at step ")[1].split(",")[0])
    assert step == bad_step(data) > 1
    steps = 3 * data.train_steps[1]
    rate = 0.1 if schedule == "none" else 0.05 * (1 + math.cos(math.pi * (step - 1) / steps))
    assert float(caught.value.what.split()[-1]) == pytest.approx(rate, rel=0.01)
    assert not list(tmp_path.rglob("*.ckpt"))


@pytest.mark.parametrize("steps_per_execution", [1, 20])
def test_the_last_good_checkpoint_stays(steps_per_execution, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    args = ["fit", "-c", "centroids", "--model.optimizer", "sgd", "--model.lr", "1e30", "--trainer.max_epochs", "3"]
    args += ["--data.holdout", "0.2", "--data.steps_per_execution", str(steps_per_execution), "--pictures", "false"]
    assert main(args) == 1
    line = capsys.readouterr().err.splitlines()
    assert len(line) == 1
    assert line[0].startswith("error: train/loss: is ")
    assert "; fix: lower it (--model.lr)" in line[0]
    assert not list(tmp_path.rglob("*.ckpt"))


def test_weights_that_the_latest_update_broke_are_not_saved(make_trainer, tmp_path):
    class BreaksWeights(StopOnDivergence):
        def on_train_epoch_end(self, trainer, pl_module):
            with torch.no_grad():
                next(pl_module.parameters())[0, 0] = math.nan

    trainer = make_trainer(
        max_epochs=1, callbacks=[BreaksWeights(), RunCheckpoint(tmp_path, "val/loss")], enable_checkpointing=True
    )
    with pytest.raises(RunError, match=r"^weights: are infinite or not a number at step 4"):
        trainer.fit(MulticlassClassifier(hidden_dims=[4]), datamodule=BlobsDataModule(80, holdout=0.2, batch_size=16))
    assert not list(tmp_path.glob("*.ckpt"))


def test_weights_whose_sum_alone_is_infinite_are_saved(make_trainer, tmp_path):
    class Large(StopOnDivergence):
        def on_train_epoch_end(self, trainer, pl_module):
            with torch.no_grad():
                next(pl_module.parameters())[0] = torch.finfo(torch.float32).max

    callbacks = [Large(), RunCheckpoint(tmp_path, "val/loss")]
    trainer = make_trainer(max_epochs=1, callbacks=callbacks, enable_checkpointing=True)
    trainer.fit(MulticlassClassifier(hidden_dims=[4]), datamodule=BlobsDataModule(80, holdout=0.2, batch_size=16))
    assert (tmp_path / "last.ckpt").is_file()


class Validation(MulticlassClassifier):
    """Its validation loss is not a number in the epochs given."""

    def __init__(self, epochs):
        super().__init__(hidden_dims=[4])
        self.epochs = epochs

    def _evaluate(self, stage, batch):
        if stage != "val":
            return super()._evaluate(stage, batch)
        loss = math.nan if self.current_epoch in self.epochs else 1.0 + self.current_epoch
        self.log("val/loss", torch.tensor(loss), on_step=False, on_epoch=True)
        self.val_metrics.update(self.scores(self(batch[0])), batch[1])
        return batch[0]


def test_a_validation_loss_that_is_not_a_number_is_never_the_best(tmp_path):
    data = BlobsDataModule(80, holdout=0.25, batch_size=16)
    result = fit(Validation([0, 3]), data, max_epochs=4, default_root_dir=tmp_path, enable_progress_bar=False)
    assert result.metrics["best"]["score"] == 2.0
    result = fit(Validation([0, 1]), data, max_epochs=2, default_root_dir=tmp_path, enable_progress_bar=False)
    assert [path.name for path in (result.folder / "checkpoints").iterdir()] == ["last.ckpt"]


def test_a_validation_loss_that_stays_so_ends_the_fit(tmp_path):
    data = BlobsDataModule(80, holdout=0.25, batch_size=16)
    with pytest.raises(RunError, match=r"^val/loss: is nan in 3 validations in a row"):
        fit(Validation([2, 3, 4]), data, max_epochs=9, default_root_dir=tmp_path, enable_progress_bar=False)
