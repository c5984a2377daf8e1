"""The eager engine against Lightning's ordinary steps and against plain PyTorch loops, bit for bit."""

import time

import numpy as np
import pytest
import torch
from lightning.pytorch import Callback
from lightning.pytorch.callbacks import LearningRateMonitor, ModelCheckpoint
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR, StepLR

from litclf import BinaryClassifier, CirclesDataModule, MulticlassClassifier
from litclf.engines.eager import EagerEngine

# Most fits here hold nothing out.
pytestmark = pytest.mark.filterwarnings("ignore:Total length of `list` across ranks is zero")

SAMPLES, BATCH, REPEAT, EPOCHS, SEED = 53, 8, 2, 2, 42
STEPS = -(-SAMPLES // BATCH) * REPEAT * EPOCHS  # 28; the last mini-batch of each pass has 5 samples
RECIPES = {
    "sgd": {"optimizer": "sgd", "lr": 0.1},
    "momentum": {"optimizer": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.01},
    "adam": {"optimizer": "adam", "lr": 0.01, "weight_decay": 0.01},
    "adamw": {"optimizer": "adamw", "lr": 0.01, "weight_decay": 0.1},
}
SCHEDULES = ("none", "cosine", "onecycle", "step")


def make_data(most, **settings):
    settings = {"num_samples": SAMPLES, "holdout": 0, "batch_size": BATCH, "repeat": REPEAT} | settings
    return CirclesDataModule(steps_per_execution=most, seed=SEED, **settings)


def make_model(recipe, kind=BinaryClassifier):
    torch.manual_seed(SEED)
    return kind(hidden_dims=[10, 10], input_shape=[2], num_classes=2, **{"engine": "eager"} | recipe)


def fit(most, make_trainer, recipe, data=None, kind=BinaryClassifier, **trainer):
    model = make_model(recipe, kind)
    made = make_trainer(**{"max_epochs": EPOCHS} | trainer)
    made.fit(model, datamodule=make_data(most, **data or {}))
    return model, made


def weights(module):
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])


def plain_loop(recipe, clip=None, autocast=False):
    """What a fit does, in PyTorch alone."""
    x, y = make_data(1).splits["train"]
    torch.manual_seed(SEED)
    network = nn.Sequential(nn.Linear(2, 10), nn.ReLU(), nn.Linear(10, 10), nn.ReLU(), nn.Linear(10, 1))
    recipe = dict(recipe)
    name, schedule = recipe.pop("optimizer"), recipe.pop("lr_schedule", "none")
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[name]
    optimizer = kind(network.parameters(), **recipe, fused=True)
    cycles = name != "sgd" or recipe.get("momentum", 0) > 0
    scheduler = {
        "none": lambda: None,
        "cosine": lambda: CosineAnnealingLR(optimizer, STEPS),
        "onecycle": lambda: OneCycleLR(optimizer, recipe["lr"], STEPS, cycle_momentum=cycles),
        "step": lambda: StepLR(optimizer, -(-STEPS // 3)),
    }[schedule]()
    for number in range(REPEAT * EPOCHS):
        rows = torch.from_numpy(np.random.default_rng((SEED, number, 0)).permutation(SAMPLES))
        for chosen in rows.split(BATCH):
            with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                loss = F.binary_cross_entropy_with_logits(network(x[chosen]).flatten(), y[chosen].float())
            optimizer.zero_grad()
            loss.backward()
            if clip is not None:
                clip(network.parameters())
            optimizer.step()
            if scheduler is not None:
                scheduler.step()
    return weights(network)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("recipe", RECIPES)
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
    make_trainer(max_epochs=4).fit(model, datamodule=data)
    assert [round(model.engine.losses[step - 1], 5) for step in (500, 1000, 1500, 2000)] == [
        0.68107,
        0.56890,
        0.12226,
        0.04182,
    ]


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


@pytest.mark.parametrize("most", [1, 5, 100])
@pytest.mark.parametrize("max_steps", [1, 13, 14, 15, 27])
def test_the_fit_ends_at_exactly_max_steps(most, max_steps, make_trainer):
    expected = weights(fit(1, make_trainer, RECIPES["adam"], max_epochs=-1, max_steps=max_steps)[0])
    model, trainer = fit(most, make_trainer, RECIPES["adam"], max_epochs=-1, max_steps=max_steps)
    assert trainer.global_step == max_steps
    assert torch.equal(weights(model), expected)


@pytest.mark.parametrize("most", [1, 5, 100])
def test_global_step_counts_optimizer_steps(most, make_trainer):
    assert fit(most, make_trainer, RECIPES["sgd"])[1].global_step == STEPS


@pytest.mark.filterwarnings("ignore:Using ModelCheckpoint with manual optimization")
def test_checkpoints_hold_the_weights_of_exactly_their_step(make_trainer, tmp_path):
    saved = {}
    for most in (1, 100):
        folder = tmp_path / str(most)
        callback = ModelCheckpoint(folder, "{step}", every_n_train_steps=6, save_top_k=-1)
        fit(most, make_trainer, RECIPES["adam"], callbacks=[callback], enable_checkpointing=True)
        loaded = {path.name: torch.load(path, weights_only=True) for path in folder.iterdir()}
        assert sorted(loaded) == ["step=12.ckpt", "step=18.ckpt", "step=24.ckpt", "step=6.ckpt"]
        assert all(name == f"step={found['global_step']}.ckpt" for name, found in loaded.items())
        saved[most] = loaded
    for name in saved[1]:
        for key, value in saved[1][name]["state_dict"].items():
            assert torch.equal(value, saved[100][name]["state_dict"][key])


@pytest.mark.filterwarnings("ignore:Using ModelCheckpoint with manual optimization")
@pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty")
@pytest.mark.parametrize(
    ("most", "other", "step"),
    [
        *((1, 1, 17), (5, 5, 17), (100, 100, 17), (5, 100, 17), (100, 5, 17), (1, 5, 17)),
        *((1, 1, 14), (5, 5, 14), (5, 100, 14), (1, 5, 14)),
    ],
)
def test_a_fit_resumed_in_or_after_an_epoch_ends_on_the_same_weights(most, other, step, make_trainer, tmp_path):
    recipe = RECIPES["adam"] | {"lr_schedule": "cosine"}
    whole, _ = fit(most, make_trainer, recipe)

    def keeping():
        callback = ModelCheckpoint(tmp_path, "{step}", every_n_train_steps=step, save_top_k=-1)
        return {"callbacks": [callback], "enable_checkpointing": True}

    fit(most, make_trainer, recipe, **keeping())
    model, trainer = make_model(recipe), make_trainer(max_epochs=EPOCHS, **keeping())
    trainer.fit(model, datamodule=make_data(other), ckpt_path=tmp_path / f"step={step}.ckpt", weights_only=True)
    assert trainer.global_step == STEPS
    assert torch.equal(weights(model), weights(whole))


@pytest.mark.filterwarnings("ignore:Using ModelCheckpoint with manual optimization")
@pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty")
@pytest.mark.parametrize("holdout", [0, 0.2])  # with and without validation, after which the checkpoint is written
@pytest.mark.parametrize(("most", "other"), [(1, 1), (5, 1), (1, 5), (100, 5), (5, 100)])
def test_a_fit_resumed_from_the_checkpoint_of_an_epoch_may_change_k(most, other, holdout, make_trainer, tmp_path):
    recipe, data = RECIPES["adam"], {"holdout": holdout}
    whole, made = fit(most, make_trainer, recipe, data)

    def keeping():
        return {"callbacks": [ModelCheckpoint(tmp_path, "{epoch}", save_top_k=-1)], "enable_checkpointing": True}

    fit(most, make_trainer, recipe, data, **keeping())
    model, trainer = make_model(recipe), make_trainer(max_epochs=EPOCHS, **keeping())
    trainer.fit(model, datamodule=make_data(other, **data), ckpt_path=tmp_path / "epoch=0.ckpt", weights_only=True)
    assert trainer.global_step == made.global_step
    assert torch.equal(weights(model), weights(whole))


def test_a_model_loaded_from_a_checkpoint_counts_a_new_fit_from_0(make_trainer, tmp_path):
    _, trainer = fit(5, make_trainer, RECIPES["sgd"])
    trainer.save_checkpoint(tmp_path / "end.ckpt")
    model = BinaryClassifier.load_from_checkpoint(tmp_path / "end.ckpt", weights_only=True)
    again = make_trainer(max_epochs=1)
    again.fit(model, datamodule=make_data(5))
    assert again.global_step == STEPS // 2


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


def test_an_execution_logs_at_its_own_last_step(make_trainer, make_records):
    records = make_records()
    fit(5, make_trainer, RECIPES["sgd"], logger=records, log_every_n_steps=1)
    assert [step for step, _ in records.series("train/loss_step")] == [3, 8, 13, 17, 22, 27]


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
