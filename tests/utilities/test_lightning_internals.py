"""Fails when Lightning renames or changes what `utilities/lightning_internals.py` rests on: a test for each name."""

from datetime import timedelta
from importlib.metadata import entry_points

import pytest
import torch
from lightning.fabric.utilities import registry
from lightning.pytorch import Callback
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.strategies import DDPStrategy
from torchmetrics import MeanMetric

from litclf import BinaryClassifier, BlobsDataModule, CirclesDataModule, MulticlassClassifier
from litclf.utilities import lightning_internals as internals


def sums(item):
    return {name: float(value) for name, value in item.metric_state.items()}


class Looks(Callback):
    """Notes the private parts at each hook where they are used."""

    def __init__(self):
        self.at_start, self.after_batches, self.settled = {}, [], []

    def on_train_start(self, trainer, module):
        loop = trainer.fit_loop
        self.at_start = {"fit": loop._restarting, "epoch": loop.epoch_loop.restarting}

    def on_train_batch_end(self, trainer, *_):
        self.log("own", float(trainer.global_step))
        loop, connector = trainer.fit_loop, trainer._logger_connector
        progress = loop.epoch_loop.batch_progress.current
        self.after_batches.append(
            {
                "progress": (progress.ready, progress.started, progress.processed, progress.completed),
                "epoch": (loop.epoch_progress.current.ready, loop.epoch_progress.current.processed),
                "batches_that_stepped": loop.epoch_loop._batches_that_stepped,
                "should_accumulate": loop._should_accumulate(),
                "validates": loop.epoch_loop._should_check_val_fx(loop._data_fetcher),
                "should_update_logs": connector.should_update_logs,
                "metrics": dict(connector.metrics["log"]),
                "first": connector._first_loop_iter,
                "results": dict(loop.epoch_loop._results),
                "sums": {name: (item.has_reset, sums(item)) for name, item in loop.epoch_loop._results.items()},
            }
        )
        self.settle(trainer, "batch", "none")

    def on_validation_batch_end(self, trainer, *_):
        self.settle(trainer, "validation", "running")

    def on_validation_end(self, trainer, *_):
        self.settle(trainer, "validated", "done")

    def on_train_epoch_end(self, trainer, *_):
        self.settle(trainer, "epoch", "done")

    def settle(self, trainer, hook, validation):
        """Settles a copy of the loops' state, as where a checkpoint is saved."""
        state = trainer.fit_loop.state_dict()
        pending = internals.settle(trainer, state, validation)
        batch = state["epoch_loop.batch_progress"]["current"]
        epoch = state["epoch_progress"]["current"]
        assert len(set(batch.values())) == 1
        assert epoch["completed"] == epoch["processed"]
        due = state["epoch_loop.val_loop.batch_progress"]["current"]["started"]
        self.settled.append((hook, batch["completed"], epoch["completed"], due, pending["epoch"]))


class ByEpoch(MulticlassClassifier):
    """Has a schedule that waits for the metrics of an epoch, and lowers the rate at the second that is no better."""

    def configure_optimizers(self):
        sgd = torch.optim.SGD(self.parameters(), lr=1.0)
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(sgd, patience=0)
        return {"optimizer": sgd, "lr_scheduler": {"scheduler": plateau, "monitor": "train/loss"}}


def fit(make_trainer, make_records, ckpt_path=None, kind=MulticlassClassifier, **trainer):
    """A fit of two ordinary batches an epoch, with its Trainer, what was seen of it, and what was logged."""
    looks, records = Looks(), make_records()
    data = BlobsDataModule(num_samples=80, holdout=0.25, batch_size=30, steps_per_execution=1)
    settings = {"max_epochs": 1, "callbacks": [looks], "logger": records, "log_every_n_steps": 2}
    made = make_trainer(**settings | trainer)
    made.fit(kind(hidden_dims=[4]), datamodule=data, ckpt_path=ckpt_path, weights_only=True)
    return made, looks, records


@pytest.fixture
def fitted(make_trainer, make_records):
    return fit(make_trainer, make_records)


@pytest.fixture
def batches(fitted):
    """What was seen after each of the two batches."""
    return fitted[1].after_batches


def test_every_place_of_a_checkpoint_is_settled(fitted):
    assert fitted[1].settled == [
        ("batch", 1, 0, 0, False),
        ("batch", 2, 0, 1, False),  # the validation is due
        ("validation", 2, 0, 1, False),
        ("validated", 2, 0, 0, False),
        ("epoch", 0, 1, 0, True),
    ]


def test_loop_and_baseprogress_tell_the_state_that_lightning_makes_of_them(fitted):
    trainer, *_ = fitted
    internals.quicken_states(trainer)
    for loop in (trainer.fit_loop, trainer.validate_loop, trainer.test_loop, trainer.predict_loop):
        expected = type(loop).state_dict(loop)
        assert list(loop.state_dict().items()) == list(expected.items()) != []
    state = trainer.fit_loop.state_dict()
    trainer.fit_loop.epoch_progress.current.ready += 1
    assert state == {**type(trainer.fit_loop).state_dict(trainer.fit_loop), "epoch_progress": state["epoch_progress"]}


def test_fit_loop_has_the_state_that_a_checkpoint_holds(fitted, tmp_path):
    trainer = fitted[0]
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    saved = torch.load(tmp_path / "a.ckpt", weights_only=True)["loops"]["fit_loop"]
    assert saved == trainer.fit_loop.state_dict()


def test_epoch_progress_is_ready_while_the_epoch_runs(batches):
    assert [seen["epoch"] for seen in batches] == [(1, 0), (1, 0)]


def test_batch_progress_is_processed_but_not_completed_where_callbacks_save(batches):
    assert [seen["progress"] for seen in batches] == [(1, 1, 1, 0), (2, 2, 2, 1)]


def test_batch_progress_is_what_a_resumed_fit_counts_on_from(fitted):
    trainer = fitted[0]
    internals.count_batches(trainer, 7)
    assert vars(trainer.fit_loop.epoch_loop.batch_progress.current) == {
        **dict.fromkeys(("ready", "started", "processed"), 7),
        "completed": 7,
    }


def test_val_loop_is_saved_with_its_progress(fitted):
    progress = fitted[0].fit_loop.state_dict()["epoch_loop.val_loop.batch_progress"]
    assert progress["current"] == {"ready": 1, "started": 1, "processed": 1, "completed": 1}
    assert progress["is_last_batch"] is True


def test_batches_that_stepped_is_the_x_axis_of_loggers(fitted, batches):
    assert [seen["batches_that_stepped"] for seen in batches] == [0, 1]
    assert {step for step, _ in fitted[2].rows} == {1}
    state = fitted[0].fit_loop.state_dict()["epoch_loop.state_dict"]
    assert state["_batches_that_stepped"] == 2
    internals.align_logging(fitted[0])
    fitted[0].logger.rows.clear()
    fitted[0]._logger_connector.log_metrics({"a": 1.0})
    assert [step for step, _ in fitted[2].rows] == [1]


def test_optim_progress_counts_the_steps_of_automatic_optimization(fitted):
    trainer = fitted[0]
    step = trainer.fit_loop.epoch_loop.automatic_optimization.optim_progress.optimizer.step
    assert (trainer.global_step, step.total.completed) == (2, 2)
    internals.restore_steps(trainer, 9)
    assert (trainer.global_step, step.total.completed) == (9, 9)


def test_optim_step_progress_counts_the_steps_of_manual_optimization(make_trainer, tmp_path):
    data = CirclesDataModule(num_samples=40, batch_size=8, steps_per_execution=3)
    trainer = make_trainer(max_epochs=2)
    trainer.fit(BinaryClassifier(), datamodule=data)
    progress = trainer.fit_loop.epoch_loop.manual_optimization.optim_step_progress
    assert (trainer.global_step, progress.total.completed) == (8, 8)
    trainer.save_checkpoint(tmp_path / "end.ckpt")
    internals.restore_steps(trainer, 13)
    assert (trainer.global_step, progress.total.completed) == (13, 13)
    again = make_trainer(max_epochs=3)
    again.fit(BinaryClassifier(), datamodule=data, ckpt_path=tmp_path / "end.ckpt", weights_only=True)
    assert again.global_step == 12  # 4 steps an epoch


def test_should_accumulate_tells_batches_that_are_no_step(make_trainer, make_records):
    _, looks, _ = fit(make_trainer, make_records, accumulate_grad_batches=2)
    assert [seen["should_accumulate"] for seen in looks.after_batches] == [True, False]


def test_should_check_val_fx_and_its_data_fetcher_tell_that_a_validation_follows(batches):
    assert [seen["validates"] for seen in batches] == [False, True]


def test_data_fetcher_is_gone_after_the_fit(fitted):
    assert fitted[0].fit_loop._data_fetcher is None


@pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty")
def test_restarting_tells_an_epoch_that_is_taken_up(make_trainer, make_records, tmp_path):
    save = ModelCheckpoint(tmp_path, "half", every_n_train_steps=1)
    settings = {"enable_checkpointing": True, "callbacks": [save]}
    fit(make_trainer, make_records, max_steps=1, **settings)
    looks = Looks()
    trainer, _, _ = fit(make_trainer, make_records, tmp_path / "half.ckpt", **settings | {"callbacks": [save, looks]})
    assert looks.at_start == {"fit": True, "epoch": True}
    assert (trainer.global_step, trainer.fit_loop._restarting) == (2, False)
    trainer.fit_loop._restarting = True
    assert trainer.fit_loop.restarting is True
    internals.end_restart(trainer)
    assert trainer.fit_loop.restarting is False


def test_update_lr_schedulers_moves_those_that_wait_for_an_epochs_end(make_trainer, make_records):
    trainer, _, _ = fit(make_trainer, make_records, kind=ByEpoch)
    (group,) = trainer.optimizers[0].param_groups
    internals.begin_epoch(trainer, {"epoch": False})
    assert group["lr"] == 1
    internals.begin_epoch(trainer, {"epoch": True})
    assert group["lr"] == pytest.approx(0.1)


def test_logger_connector_keeps_callback_metrics_that_can_be_taken_up(fitted):
    trainer = fitted[0]
    assert trainer._logger_connector._callback_metrics["val/loss"] == trainer.callback_metrics["val/loss"]
    internals.restore_latest(trainer, {"latest": {"val/loss": torch.tensor(7.0)}})
    assert trainer.callback_metrics["val/loss"] == 7


def test_should_update_logs_follows_log_every_n_steps(batches):
    assert [seen["should_update_logs"] for seen in batches] == [False, True]


def test_metrics_are_what_is_to_be_logged_after_a_batch(fitted, batches):
    assert [set(seen["metrics"]) for seen in batches] == [{"own"}] * 2
    assert fitted[2].series("own") == [(1, float(batches[1]["metrics"]["own"]))]


def test_first_loop_iter_tells_the_batch_that_begins_the_sums_anew(batches):
    assert [seen["first"] for seen in batches] == [True, False]


@pytest.fixture
def item(batches):
    """How the epoch's training loss is kept."""
    return batches[1]["results"]["training_step.train/loss"]


def test_results_are_named_by_hook_and_metric(batches):
    names = [f"training_step.train/{name}" for name in ("loss_step", "loss", "accuracy")]
    assert list(batches[1]["results"]) == [*names, "on_train_batch_end.own"]


def test_meta_tells_how_a_metric_is_logged(item):
    wanted = {"fx": "training_step", "name": "train/loss", "on_step": False, "on_epoch": True, "prog_bar": False}
    assert {name: getattr(item.meta, name) for name in wanted} == wanted
    assert {name for name in internals._META if hasattr(item.meta, name)} == set(internals._META)
    assert item.meta.reduce_fx is torch.mean
    assert item.meta.sync.should is False


def test_has_reset_and_is_tensor_tell_what_is_summed(item, batches):
    assert item.is_tensor is True
    assert item.has_reset is True  # at the end of its epoch
    assert not any(seen["sums"]["training_step.train/loss"][0] for seen in batches)


def test_metric_state_holds_the_sum_and_what_it_is_divided_by(batches, fitted):
    found = [seen["sums"]["training_step.train/loss"][1] for seen in batches]
    assert [state["cumulated_batch_size"] for state in found] == [30, 60]
    mean = float(fitted[0].callback_metrics["train/loss"])
    assert found[1]["value"] == pytest.approx(60 * mean)


def test_update_count_and_computed_are_torchmetrics_own():
    metric = MeanMetric()
    metric.update(3.0)
    assert (metric._update_count, metric._computed) == (1, None)
    assert metric.compute() == metric._computed == 3


def test_a_checkpoint_callback_tells_in_public_when_it_saves():
    assert internals.steps_between_checkpoints(ModelCheckpoint(every_n_train_steps=50)) == 50
    for others in ({"every_n_epochs": 2}, {"train_time_interval": timedelta(minutes=1)}, {}):
        assert internals.steps_between_checkpoints(ModelCheckpoint(**others)) == 0


@pytest.mark.parametrize("method", ["popen", "spawn", "fork"])
def test_start_method_of_a_strategy_that_is_given_as_an_object(make_trainer, method):
    trainer = make_trainer(devices=2, strategy=DDPStrategy(start_method=method))
    assert internals.start_method(trainer) == method


def test_entry_points_are_those_of_what_is_installed_and_are_looked_for_once():
    internals.keep_entry_points()
    found = registry.entry_points(group="pytest11")
    assert list(found) == list(entry_points(group="pytest11")) != []
    assert registry.entry_points(group="pytest11") is found
