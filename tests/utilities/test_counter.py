"""Fails when Lightning renames or moves the private counters that `engines/counter.py` rests on."""

from lightning.pytorch import Callback

from litclf import BinaryClassifier, CirclesDataModule
from litclf.utilities.lightning_internals import align_logging, count_steps


class CountAtEnd(Callback):
    def __init__(self):
        self.seen = []

    def on_train_end(self, trainer, pl_module):
        loop = trainer.fit_loop.epoch_loop
        self.seen = [trainer.global_step, loop._batches_that_stepped]
        count_steps(trainer, 5)
        self.seen.append(trainer.global_step)
        align_logging(trainer)
        self.seen.append(loop._batches_that_stepped)


def test_lightning_still_has_the_counters(make_trainer):
    loop = make_trainer(max_epochs=1).fit_loop.epoch_loop
    progress = loop.manual_optimization.optim_step_progress
    assert (progress.total.ready, progress.total.completed, progress.current.completed) == (0, 0, 0)
    assert loop.automatic_optimization.optim_progress.optimizer.step.total.completed == 0
    assert loop._batches_that_stepped == 0


def test_counted_steps_are_global_steps_and_the_x_axis_is_the_index_of_the_last(make_trainer):
    counts = CountAtEnd()
    data = CirclesDataModule(num_samples=40, batch_size=8, steps_per_execution=3)
    make_trainer(max_epochs=2, callbacks=[counts]).fit(BinaryClassifier(), datamodule=data)
    # 2 epochs of 4 steps; Lightning itself adds one to the logging counter after the last batch.
    assert counts.seen == [8, 8, 13, 12]


def test_counted_steps_are_saved_and_restored(make_trainer, tmp_path):
    data = CirclesDataModule(num_samples=40, batch_size=8, steps_per_execution=3)
    trainer = make_trainer(max_epochs=2)
    trainer.fit(BinaryClassifier(), datamodule=data)
    trainer.save_checkpoint(tmp_path / "end.ckpt")
    again = make_trainer(max_epochs=3)
    again.fit(BinaryClassifier(), datamodule=data, ckpt_path=tmp_path / "end.ckpt", weights_only=True)
    assert (trainer.global_step, again.global_step) == (8, 12)
