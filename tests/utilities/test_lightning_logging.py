"""Rows of logs against what Lightning makes of the same calls, and the private parts that they rest on."""

import pytest
import torch
from lightning.pytorch import Callback, LightningModule
from lightning.pytorch.trainer.connectors.logger_connector.result import _ResultCollection, _ResultMetric
from lightning.pytorch.trainer.states import RunningStage, TrainerFn

from litclf import BinaryClassifier, CirclesDataModule
from litclf.utilities.lightning_logging import Connector, Mean, Results, log_row, results_of


class Circles(CirclesDataModule):
    """Ten samples of validation in batches of 4, 4 and 2."""

    eval_batch_size = 4


class Theirs(BinaryClassifier):
    """Logs by Lightning's own calls: with a `log` of its own, nothing goes past it."""

    def log(self, *args, **kwargs):
        super().log(*args, **kwargs)


@pytest.fixture
def fitted(make_trainer, make_records):
    """Fits a class for some epochs on batches of several sizes; gives the Trainer and all rows that were logged."""

    def fit(kind, callbacks=(), steps=2, epochs=3, **trainer_args):
        torch.manual_seed(0)
        data = Circles(num_samples=100, batch_size=30, repeat=2, steps_per_execution=steps)
        logger = make_records()
        trainer = make_trainer(
            max_epochs=epochs, logger=logger, log_every_n_steps=1, callbacks=list(callbacks), **trainer_args
        )
        trainer.fit(kind(hidden_dims=[4]), data)
        return trainer, logger.rows

    return fit


@pytest.mark.parametrize("how", [{}, {"steps": 1, "val_check_interval": 0.5}, {"num_sanity_val_steps": 1}], ids=str)
def test_rows_and_metrics_are_those_of_lightnings_own_calls(fitted, how):
    (ours, our_rows), (theirs, their_rows) = fitted(BinaryClassifier, **how), fitted(Theirs, **how)
    assert our_rows == their_rows
    for kind in ("callback_metrics", "logged_metrics", "progress_bar_metrics"):
        assert getattr(ours, kind) == getattr(theirs, kind) != {}


def test_loggerconnector_of_ours_tells_the_same_and_is_put_in_place_once(fitted):
    trainer, _ = fitted(BinaryClassifier, epochs=1)
    ours = trainer._logger_connector
    assert type(ours) is Connector
    trainer.validate(trainer.lightning_module, trainer.datamodule, verbose=False)
    assert trainer._logger_connector is ours
    own, fits = RunningStage.VALIDATING, ("TRAINING", "VALIDATING", "SANITY_CHECKING")
    states = [(TrainerFn.FITTING, RunningStage[stage]) for stage in fits]
    for trainer.state.fn, trainer.state.stage in [*states, (TrainerFn.VALIDATING, own), (TrainerFn.FITTING, None)]:
        assert results_of(trainer) is trainer._results


def test_a_value_is_made_known_to_lightning_once(fitted, monkeypatch):
    calls, log = [], LightningModule.log

    def counted(self, name, *args, **kwargs):
        calls.append(name)
        log(self, name, *args, **kwargs)

    monkeypatch.setattr(LightningModule, "log", counted)
    trainer, _ = fitted(BinaryClassifier)
    assert len(calls) == len(set(calls)) > 0
    assert len(calls) < len(trainer.callback_metrics)  # nor each where several are logged alike


class Late(BinaryClassifier):
    """Logs beside what its base logs: a value of each batch, once by our rows and once by Lightning's call."""

    def validation_step(self, batch, batch_idx):
        super().validation_step(batch, batch_idx)
        log_row(self, {"val/ours": batch[1].float().mean()}, len(batch[1]), on_epoch=True)
        self.log("val/theirs", batch[1].float().mean(), batch_size=len(batch[1]), on_epoch=True)


def test_values_of_ones_own_are_logged_either_way(fitted):
    trainer, _ = fitted(Late)
    expected = pytest.approx(float(trainer.datamodule.splits["val"].y.float().mean()))
    assert [float(trainer.callback_metrics[f"val/{whose}"]) for whose in ("ours", "theirs")] == [expected] * 2


class Looks(Callback):
    """Notes how Lightning keeps what was logged."""

    def __init__(self):
        self.resets = []

    def on_validation_batch_end(self, trainer, module, *_):
        connector, loop = trainer._logger_connector, trainer.fit_loop.epoch_loop.val_loop
        self.results, self.are = loop._results, trainer._results is loop._results
        self.hooks = module._current_fx_name, connector._current_fx

    def on_train_batch_end(self, trainer, *_):
        connector = trainer._logger_connector
        self.resets.append([connector.should_reset_tensors(hook) for hook in ("training_step", "another")])


@pytest.fixture
def looked(fitted):
    looks = Looks()
    fitted(BinaryClassifier, [looks], epochs=1)
    return looks


def test_current_fx_name_is_the_hook_that_runs_and_the_other_the_one_that_logged(looked):
    assert looked.hooks == ("on_validation_batch_end", "validation_step")
    assert looked.are


def test_should_reset_tensors_tells_of_a_hook_that_logs_first_in_the_first_batch(looked):
    assert looked.resets == [[False, True], *[[False, False]] * 2]


def test_update_metrics_adds_to_what_was_logged(looked):
    item = looked.results["validation_step.val/loss"]
    item.reset()
    for value, samples in ((1.0, 1), (4.0, 2)):
        looked.results.update_metrics("validation_step.val/loss", torch.tensor(value), samples)
    assert item.compute() == 3
    assert item.has_reset is False


HOWS = {
    "step": {"on_step": True, "on_epoch": False, "prog_bar": True, "logger": False},
    "epoch": {"on_step": False, "on_epoch": True},
    "both": {"on_step": True, "on_epoch": True},
    "most": {"on_step": False, "on_epoch": True, "reduce_fx": torch.max},
}


@pytest.mark.parametrize("names", [("step", "epoch"), ("epoch",), ("both", "epoch"), ("most", "step")], ids="+".join)
@pytest.mark.parametrize("training", [True, False])
def test_results_of_ours_are_a_resultcollection_that_tells_the_same(names, training):
    def told(results):
        for epoch in range(2):
            for samples in (3, 2):
                for number, name in enumerate(names):
                    value = torch.tensor(0.1 + number + epoch + samples)
                    results.log("hook", name, value, batch_size=samples, sync_dist=False, **HOWS[name])
                yield results.metrics(on_step=True)
            yield results.metrics(on_step=False)
            yield results.metrics(on_step=False)
            results.reset(metrics=False, fx="another")
            yield results.metrics(on_step=False)
            results.cpu().reset()
            yield results.metrics(on_step=False)

    assert list(told(Results(training))) == list(told(_ResultCollection(training)))


def test_metadata_and_sync_describe_a_value_as_lightning_does():
    ours, theirs = Results(True), _ResultCollection(True)
    for results in (ours, theirs):
        results.log("hook", "a", torch.tensor(1.0), batch_size=1, sync_dist=True, sync_dist_fn=max, prog_bar=True)
    assert (type(ours["hook.a"]), type(theirs["hook.a"])) == (Mean, _ResultMetric)
    assert ours["hook.a"].meta.sync.should is theirs["hook.a"].meta.sync.should is True
    assert ours["hook.a"].meta == theirs["hook.a"].meta


def test_a_mean_is_that_of_all_processes():
    def doubled(value, **_):
        return value.mul_(2)  # as two processes of the same values give, in place

    for kind in (Results, _ResultCollection):
        results = kind(True)
        results.log("hook", "a", torch.tensor(3.0), batch_size=2, sync_dist=True, sync_dist_fn=doubled)
        assert results.metrics(on_step=False)["log"] == {"a": torch.tensor(3.0)}


def test_forward_cache_is_the_latest_of_a_step_and_computed_the_mean_until_there_is_more():
    results = Results(True)
    for number, name in ((0, "step"), (1, "epoch")):
        results.log("hook", name, torch.tensor(float(number)), batch_size=1, sync_dist=False, **HOWS[name])
    step, epoch = results["hook.step"], results["hook.epoch"]
    assert (step._forward_cache, epoch._forward_cache) == (torch.tensor(0.0), None)
    assert (epoch._update_count, epoch.has_reset, epoch.compute(), epoch._computed) == (1, False, 1.0, 1.0)
    results.update_metrics("hook.epoch", torch.tensor(3.0), 1)
    assert (epoch._update_count, epoch._computed, epoch.compute()) == (2, None, 2.0)


def test_fit_loop_val_loop_validate_loop_and_test_loop_collect_means(fitted):
    trainer, _ = fitted(BinaryClassifier, epochs=1)
    trainer.validate(trainer.lightning_module, trainer.datamodule, verbose=False)
    trainer.test(trainer.lightning_module, trainer.datamodule, verbose=False)
    loop = trainer.fit_loop.epoch_loop
    for one in (loop, loop.val_loop, trainer.validate_loop, trainer.test_loop):
        assert {type(item) for item in one._results.values()} <= {Mean}
        assert isinstance(one._results, Results)
