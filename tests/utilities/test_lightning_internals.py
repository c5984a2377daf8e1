"""Fails when Lightning renames or moves the private parts that `litclf/loops.py` rests on."""

import torch
from lightning.pytorch import Callback

from litclf import BlobsDataModule, MulticlassClassifier
from litclf.utilities import lightning_internals as loops


class Looks(Callback):
    """Settles a copy of the loops' state at every hook where a checkpoint may be saved."""

    def __init__(self):
        self.found = []

    def look(self, trainer, hook, validation):
        state = trainer.fit_loop.state_dict()
        pending = loops.settle(trainer, state, validation)
        batch = state["epoch_loop.batch_progress"]["current"]
        epoch = state["epoch_progress"]["current"]
        assert len(set(batch.values())) == 1
        assert epoch["completed"] == epoch["processed"]
        due = state["epoch_loop.val_loop.batch_progress"]["current"]["started"]
        self.found.append((hook, batch["completed"], epoch["completed"], due, pending["epoch"]))
        self.metrics = loops.metrics_state(trainer)

    def on_train_batch_end(self, trainer, *_):
        self.look(trainer, "batch", "none")

    def on_validation_batch_end(self, trainer, *_):
        self.look(trainer, "validation", "running")

    def on_validation_end(self, trainer, *_):
        self.look(trainer, "validated", "done")

    def on_train_epoch_end(self, trainer, *_):
        self.look(trainer, "epoch", "done")


def test_every_place_of_a_checkpoint_is_settled(make_trainer):
    looks = Looks()
    data = BlobsDataModule(num_samples=80, holdout=0.25, batch_size=30, steps_per_execution=1)
    make_trainer(max_epochs=1, callbacks=[looks]).fit(MulticlassClassifier(hidden_dims=[4]), datamodule=data)
    assert data.train_steps[1] == 2
    assert looks.found == [
        ("batch", 1, 0, 0, False),
        ("batch", 2, 0, 1, False),  # the validation is due
        ("validation", 2, 0, 1, False),
        ("validated", 2, 0, 0, False),
        ("epoch", 0, 1, 0, True),
    ]


def test_lightning_still_has_what_is_restored(make_trainer):
    trainer = make_trainer(max_epochs=1)
    trainer.fit(MulticlassClassifier(hidden_dims=[4]), datamodule=BlobsDataModule(num_samples=80))
    connector, loop = trainer._logger_connector, trainer.fit_loop
    for part, name in (
        (connector, "_callback_metrics"),
        (connector, "_first_loop_iter"),
        (connector, "should_update_logs"),
        (loop, "_restarting"),
        (loop, "_data_fetcher"),
        (loop.epoch_loop, "_should_check_val_fx"),
        (loop.epoch_loop, "update_lr_schedulers"),
    ):
        assert hasattr(part, name), name
    item = next(iter(loop.epoch_loop._results.values()))
    assert isinstance(item.metric_state, dict)
    assert isinstance(item._update_count, int)
    assert item.meta.reduce_fx is torch.mean
