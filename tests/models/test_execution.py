"""Executions in a Trainer against Lightning's ordinary steps and against a plain PyTorch loop, bit for bit."""

import time

import pytest
import torch
from lightning.pytorch import Callback
from lightning.pytorch.callbacks import LearningRateMonitor
from torch import nn

from litclf import BinaryClassifier, CirclesDataModule, MulticlassClassifier
from litclf.engines.eager import EagerEngine
from tests.models.fits import RECIPES, SCHEDULES, STEPS, fit, plain_loop, weights

# Most fits here hold nothing out.
pytestmark = pytest.mark.filterwarnings("ignore:Total length of `list` across ranks is zero")


COVERING = {("sgd", "onecycle"), ("momentum", "onecycle"), ("momentum", "none"), ("adam", "cosine"), ("adamw", "step")}


@pytest.mark.parametrize(
    ("recipe", "schedule"),  # the default suite tries each once, and both ways to cycle the momentum
    [
        pytest.param(recipe, schedule, marks=() if (recipe, schedule) in COVERING else pytest.mark.slow)
        for recipe in RECIPES
        for schedule in SCHEDULES
    ],
)
def test_k_steps_give_the_weights_of_ordinary_lightning_and_of_a_plain_loop(recipe, schedule, make_trainer):
    recipe = RECIPES[recipe] | {"lr_schedule": schedule}
    expected = plain_loop(recipe)
    for most in (1, 5, 100):
        assert torch.equal(weights(fit(most, make_trainer, recipe)[0]), expected), f"K = {most}"


@pytest.mark.parametrize(
    ("settings", "clip"),
    [
        ({"gradient_clip_val": 0.05}, lambda parameters: nn.utils.clip_grad_norm_(parameters, 0.05)),
        (
            {"gradient_clip_val": 0.01, "gradient_clip_algorithm": "value"},
            lambda parameters: nn.utils.clip_grad_value_(parameters, 0.01),
        ),
    ],
)
def test_gradients_are_clipped_in_each_step(settings, clip, make_trainer):
    recipe = RECIPES["momentum"]
    expected = plain_loop(recipe, clip)
    assert not torch.equal(expected, plain_loop(recipe))
    for most in (1, 7):
        assert torch.equal(weights(fit(most, make_trainer, recipe, **settings)[0]), expected), f"K = {most}"


def test_a_way_of_ones_own_to_clip_gradients_is_gone_in_each_step_with_and_without_a_setting(make_trainer):
    class Halves(BinaryClassifier):
        def configure_gradient_clipping(self, optimizer, gradient_clip_val=None, gradient_clip_algorithm=None):
            for parameter in self.parameters():
                parameter.grad /= 2

    def halve(parameters):
        for parameter in parameters:
            parameter.grad /= 2

    recipe = RECIPES["momentum"]
    expected = plain_loop(recipe, halve)
    assert not torch.equal(expected, plain_loop(recipe))
    for settings in ({}, {"gradient_clip_val": 0.05}):
        for most in (1, 7):
            assert torch.equal(weights(fit(most, make_trainer, recipe, kind=Halves, **settings)[0]), expected)


@pytest.mark.parametrize("recipe", ["momentum", "adam"])
def test_mixed_precision_gives_the_same_weights_whatever_k(recipe, make_trainer):
    expected = plain_loop(RECIPES[recipe], autocast=True)
    assert not torch.equal(expected, plain_loop(RECIPES[recipe]))
    for most in (1, 7):
        model, _ = fit(most, make_trainer, RECIPES[recipe], precision="bf16-mixed")
        assert torch.equal(weights(model), expected), f"K = {most}"


def test_the_watched_path_gives_the_weights_of_the_bare_one(make_trainer):
    watched, _ = fit(7, make_trainer, RECIPES["adam"], callbacks=[StepHooks()])
    assert torch.equal(weights(watched), plain_loop(RECIPES["adam"]))


@pytest.mark.parametrize("watched", [False, True])
def test_a_callback_may_hear_how_far_an_execution_is(watched, make_trainer, monkeypatch):
    class Listener(Callback):
        def __init__(self):
            self.told = []

        def on_steps(self, trainer, module, steps):
            self.told.append(steps)

    monkeypatch.setattr(time, "monotonic", lambda: 0.0)  # so that pieces do not depend on the machine
    listener = Listener()
    callbacks = [listener, StepHooks()] if watched else [listener]
    model, _ = fit(7, make_trainer, RECIPES["adam"], callbacks=callbacks)
    assert torch.equal(weights(model), plain_loop(RECIPES["adam"]))
    assert listener.told == [1, 5, 7] * 4


def test_multiclass_gives_the_same_weights_whatever_k(make_trainer):
    one, many = (weights(fit(k, make_trainer, RECIPES["momentum"], kind=MulticlassClassifier)[0]) for k in (1, 7))
    assert torch.equal(one, many)


class Recording(EagerEngine):
    """Keeps the loss of every step."""

    def __init__(self):
        self.losses = []

    def run(self, learner, execution, tell=None):
        sums = super().run(learner, execution, tell)
        self.losses += sums.losses.tolist()
        return sums


def test_circles_fall_to_the_losses_of_the_plain_loop(make_trainer):
    torch.manual_seed(42)
    model = BinaryClassifier(hidden_dims=[10, 10], input_shape=[2], num_classes=2, lr=0.1)
    model.own_engine = Recording()
    data = CirclesDataModule(batch_size=None, repeat=500, steps_per_execution=500)
    make_trainer(max_epochs=2).fit(model, datamodule=data)
    assert [round(model.engine.losses[step - 1], 5) for step in (500, 1000)] == [0.68107, 0.56890]


HOOKS = ("on_before_zero_grad", "on_before_backward", "on_after_backward", "on_before_optimizer_step")


class StepHooks(Callback):
    """Notes which hooks ran, in order."""

    def __init__(self):
        self.calls = []

    def on_before_zero_grad(self, *args):
        self.calls.append("on_before_zero_grad")

    def on_before_backward(self, *args):
        self.calls.append("on_before_backward")

    def on_after_backward(self, *args):
        self.calls.append("on_after_backward")

    def on_before_optimizer_step(self, *args):
        self.calls.append("on_before_optimizer_step")


@pytest.mark.parametrize("most", [1, 7])
def test_hooks_of_a_callback_run_once_in_every_optimizer_step(most, make_trainer):
    hooks = StepHooks()
    fit(most, make_trainer, RECIPES["sgd"], callbacks=[hooks])
    assert len(hooks.calls) == 4 * STEPS
    order = [hooks.calls[i : i + 4] for i in range(0, len(hooks.calls), 4)]
    assert all(sorted(step) == sorted(HOOKS) for step in order)
    assert all(step == order[0] for step in order)


@pytest.mark.parametrize("most", [1, 7])
def test_hooks_of_the_module_run_once_in_every_optimizer_step(most, make_trainer):
    calls = []
    hooks = {name: lambda *_, name=name: calls.append(name) for name in HOOKS}
    fit(most, make_trainer, RECIPES["sgd"], kind=type("Hooked", (BinaryClassifier,), hooks))
    assert {name: calls.count(name) for name in HOOKS} == dict.fromkeys(HOOKS, STEPS)


# The end of an epoch, the step after it; the first, the last but one.
@pytest.mark.parametrize("max_steps", [14, 15, *(pytest.param(steps, marks=pytest.mark.slow) for steps in (1, 27))])
def test_the_fit_ends_at_exactly_max_steps(max_steps, make_trainer):
    fits = [fit(most, make_trainer, RECIPES["adam"], max_epochs=-1, max_steps=max_steps) for most in (1, 5, 100)]
    assert [trainer.global_step for _, trainer in fits] == [max_steps] * 3
    assert all(torch.equal(weights(model), weights(fits[0][0])) for model, _ in fits)


@pytest.mark.parametrize("most", [1, 5, 100])
def test_global_step_counts_optimizer_steps(most, make_trainer):
    assert fit(most, make_trainer, RECIPES["sgd"])[1].global_step == STEPS


# Lightning compares executions with steps here, and is wrong.
log_interval = pytest.mark.filterwarnings("ignore:The number of training batches .* is smaller than the logging")


def x_axis(records):
    return [(step, sorted(metrics)) for step, metrics in records.rows]


@log_interval
@pytest.mark.parametrize("every", [4, 5, 14])
def test_the_x_axis_is_the_index_of_the_last_step_and_the_same_whatever_k(every, make_trainer, make_records):
    charts = []
    for most in (1, 5, 100):
        records = make_records()
        data = {"num_samples": 100, "holdout": 0.47}  # 53 for training, the rest to validate with
        fit(most, make_trainer, RECIPES["sgd"], data, logger=records, log_every_n_steps=every)
        charts.append(records)
    steps = [step for step, _ in charts[0].series("train/loss_step")]
    assert steps == list(range(every - 1, STEPS, every))
    assert [step for step, _ in charts[0].series("val/loss")] == [STEPS // 2 - 1, STEPS - 1]
    for records in charts[1:]:
        assert x_axis(records) == x_axis(charts[0])
        for key in ("train/loss", "train/accuracy", "val/loss", "val/accuracy"):
            assert dict(records.series(key)) == pytest.approx(dict(charts[0].series(key)), rel=1e-6)


def test_every_step_of_an_execution_is_logged_where_every_one_is_asked_for(make_trainer, make_records):
    records = make_records()
    fit(5, make_trainer, RECIPES["sgd"], logger=records, log_every_n_steps=1)
    assert [step for step, _ in records.series("train/loss_step")] == list(range(STEPS))


@log_interval
def test_other_callbacks_log_on_the_same_axis(make_trainer, make_records):
    charts = []
    for most in (1, 100):
        records = make_records()
        recipe = RECIPES["sgd"] | {"lr_schedule": "cosine"}
        fit(most, make_trainer, recipe, logger=records, log_every_n_steps=7, callbacks=[LearningRateMonitor("step")])
        charts.append([step for step, metrics in records.rows if any(key.startswith("lr-") for key in metrics)])
    assert charts[0]
    assert set(charts[1]) <= set(range(STEPS))
