"""The validation of splits in memory against Lightning's own loop, and the private parts that it rests on."""

import inspect

import pytest
import torch
from lightning.pytorch import Callback
from lightning.pytorch.loops.evaluation_loop import _EvaluationLoop
from lightning.pytorch.loops.utilities import _no_grad_context
from torch.utils.data import DataLoader, TensorDataset

from litclf import BinaryClassifier, CirclesDataModule
from litclf.models import base
from litclf.utilities.lightning_validation import ValidationLoop

HOOKS = [name for name in dir(Callback) if name.startswith("on_") and ("validation" in name or "train" in name)]


class Circles(CirclesDataModule):
    """Ten samples of validation in batches of 4, 4 and 2."""

    eval_batch_size = 4


class Notes(Callback):
    """Has every hook, and notes what it is called with and how far the loop is."""

    def __init__(self):
        self.calls = []


def noting(name):
    def hook(self, trainer, module, *args):
        loop = trainer.fit_loop.epoch_loop.val_loop
        numbers = [tuple(one.shape) if isinstance(one, torch.Tensor) else one for one in args if one is not None]
        told = [len(one) if isinstance(one, list | tuple) else one for one in numbers]
        part = module.network[0]
        modes = (module.training, part.training, torch.is_grad_enabled(), module._current_fx_name)
        progress = loop.batch_progress.state_dict()
        metrics = {key: float(value) for key, value in trainer.callback_metrics.items()}
        self.calls.append((name, told, modes, progress, loop._has_run, trainer.validating, metrics))

    return hook


for name in HOOKS:
    setattr(Notes, name, noting(name))


class Model(BinaryClassifier):
    """Logs a value of each batch, and notes the hooks of its own."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.calls = []

    def validation_step(self, batch, batch_idx):
        super().validation_step(batch, batch_idx)
        self.log("val/each", batch[0].sum(), on_step=True, on_epoch=True, batch_size=len(batch[0]))

    def on_validation_start(self):
        self.calls.append(("start", self._current_fx_name))

    def on_validation_batch_end(self, outputs, batch, batch_idx):
        self.calls.append((outputs, len(batch[0]), batch_idx))


@pytest.fixture
def fitted(make_trainer, make_records, monkeypatch):
    """Fits for some epochs, by our loop or by Lightning's; gives the Trainer, all rows, and what was noted."""

    def fit(theirs=False, model=Model, data=Circles, epochs=3, steps=2, callbacks=(), **trainer_args):
        if theirs:
            monkeypatch.setattr(base, "validate_in_memory", lambda _: None)
        torch.manual_seed(0)
        logger, notes = make_records(), Notes()
        given = {"max_epochs": epochs, "logger": logger, "log_every_n_steps": 1, "callbacks": [notes, *callbacks]}
        trainer = make_trainer(**given, **trainer_args)
        module = model(hidden_dims=[4])
        trainer.fit(module, data(num_samples=100, batch_size=30, repeat=2, steps_per_execution=steps))
        return trainer, logger.rows, (notes.calls, getattr(module, "calls", []))

    return fit


HOWS = [
    {},
    {"limit_val_batches": 2},
    {"val_check_interval": 0.5, "steps": 1},
    {"num_sanity_val_steps": 1},
    {"inference_mode": False},
]


@pytest.mark.parametrize("how", HOWS, ids=str)
def test_hooks_rows_and_progress_are_those_of_lightnings_loop(fitted, how):
    ours, our_rows, our_calls = fitted(**how)
    theirs, their_rows, their_calls = fitted(theirs=True, **how)
    assert type(ours.fit_loop.epoch_loop.val_loop) is ValidationLoop
    assert type(theirs.fit_loop.epoch_loop.val_loop) is _EvaluationLoop
    assert our_calls == their_calls
    assert our_rows == their_rows
    assert len(our_calls[0]) > 20
    assert len(our_calls[1]) > 5


class Foreign(Circles):
    """Validates by a loader of PyTorch."""

    def val_dataloader(self):
        return DataLoader(TensorDataset(*self.splits["val"]), batch_size=4)


class Moved(Circles):
    """Changes each batch on its way to the device."""

    def on_after_batch_transfer(self, batch, dataloader_idx):
        return (batch[0] * 2, batch[1]) if type(batch) is tuple else batch


class Modes(BinaryClassifier):
    """Has a way of its own into a validation."""

    def on_validation_model_eval(self):
        super().on_validation_model_eval()
        self.log_of_modes = [part.training for part in self.network]


class Frozen(torch.nn.BatchNorm1d):
    """Is never trained, as a part of many networks that are finetuned."""

    def train(self, mode=True):
        return super().train(False)


class Partly(BinaryClassifier):
    """Has a part with modes of its own."""

    def attach(self, data):
        super().attach(data)
        self.network.insert(0, Frozen(2))


class All(BinaryClassifier):
    """Takes whatever comes."""

    def validation_step(self, *args):
        super().validation_step(*args)


@pytest.mark.parametrize(
    ("model", "data", "how"),
    [
        (Model, Foreign, {}),
        (Model, Moved, {}),
        (Modes, Circles, {}),
        (Partly, Circles, {}),
        (All, Circles, {}),
        (Model, Circles, {"precision": "bf16-mixed"}),
        (Model, Circles, {"profiler": "simple"}),
    ],
    ids=lambda value: getattr(value, "__name__", None) or str(value),
)
def test_what_is_out_of_the_ordinary_is_validated_by_lightnings_loop(fitted, monkeypatch, model, data, how):
    monkeypatch.setattr(ValidationLoop, "_walk", lambda _: pytest.fail("walked by ours"))
    trainer, _, _ = fitted(model=model, data=data, epochs=1, **how)
    assert type(trainer.fit_loop.epoch_loop.val_loop) is ValidationLoop
    assert "val/loss" in trainer.callback_metrics


class Part(Callback):
    """Puts a layer into the mode of evaluation, as finetuning does."""

    def on_train_epoch_start(self, trainer, module):
        module.network[0].eval()

    def on_train_epoch_end(self, trainer, module):
        self.modes = [module.network[0].training, module.network[1].training, module.training]


def test_modules_are_put_back_into_the_mode_they_had(fitted):
    part = Part()
    fitted(model=BinaryClassifier, callbacks=[part], epochs=2)
    assert part.modes == [False, True, True]


def test_no_grad_context_and_the_rest_of_evaluationloop_take_what_ours_gives():
    assert list(inspect.signature(_EvaluationLoop.__init__).parameters)[1:4] == ["trainer", "trainer_fn", "stage"]

    class Loop(ValidationLoop):
        def __init__(self):
            pass

        trainer = type("T", (), {"accelerator": None, "strategy": None})()
        inference_mode = False

        @_no_grad_context
        def run(self):
            return torch.is_grad_enabled()

    assert (Loop().run(), torch.is_grad_enabled()) == (False, True)


def test_combined_loader_max_batches_and_verify_dataloader_idx_requirement_are_of_one_loader(fitted):
    class Wants(BinaryClassifier):
        def on_validation_batch_start(self, batch, batch_idx, dataloader_idx):
            pass

    trainer, _, _ = fitted(epochs=1)
    loop = trainer.fit_loop.epoch_loop.val_loop
    assert loop.max_batches == [3]
    assert loop._combined_loader is None or len(loop._combined_loader.flattened) == 1
    with pytest.raises(RuntimeError, match="dataloader_idx"):
        fitted(model=Wants, epochs=1)


def test_has_run_seen_batches_per_dataloader_and_last_val_time_follow_each_validation(fitted):
    for theirs in (False, True):
        trainer, _, _ = fitted(theirs=theirs)
        loop = trainer.fit_loop.epoch_loop.val_loop
        assert (loop._has_run, loop._seen_batches_per_dataloader[0], trainer._last_val_time > 0) == (True, 9, True)


def test_evaluation_epoch_end_forgets_the_number_of_the_loader(fitted):
    trainer, _, _ = fitted(epochs=1)
    trainer.validating = True
    trainer._results.dataloader_idx = 1
    trainer._logger_connector._evaluation_epoch_end()
    assert trainer._results.dataloader_idx is None
