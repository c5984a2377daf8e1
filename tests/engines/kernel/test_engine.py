"""The compiled engine against the eager engine."""

import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from lightning.pytorch import Callback
from torch import nn

from litclf import BinaryClassifier, BlobsDataModule, CirclesDataModule, InputError, MulticlassClassifier
from litclf.engines.base import Clip, Learner, Loss, Watch
from litclf.engines.kernel import engine as kernel
from litclf.engines.kernel.engine import KernelEngine, layers_of, reason_against
from litclf.models.networks.mlp import MLP
from tests.engines.by_hand import by_hand
from tests.engines.contract import CENTERS, RECIPES, EngineContract

pytestmark = [
    pytest.mark.filterwarnings("ignore:Total length of `list` across ranks is zero"),
    pytest.mark.filterwarnings("ignore:The number of training batches"),
]


def fit(engine, make_trainer, kind=MulticlassClassifier, epochs=2, data=None, hidden_dims=(10, 10), **recipe):
    torch.manual_seed(3)
    model = kind(hidden_dims=hidden_dims, engine=engine, **recipe)
    data = data or BlobsDataModule(
        num_samples=200, holdout=0, centers=CENTERS, cluster_std=0.5, batch_size=16, repeat=4, steps_per_execution=30
    )
    trainer = make_trainer(max_epochs=epochs)
    trainer.fit(model, datamodule=data)
    return model, trainer


def assert_same(one, other, atol=1e-5):
    for (name, own), theirs in zip(one.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(own, theirs, atol=atol, rtol=0, msg=lambda text, name=name: f"{name}: {text}")


class TestNarrowKernel(EngineContract):
    near = 1e-5

    def make(self):
        return KernelEngine()


class TestWideKernel(TestNarrowKernel):
    hidden_dims = (70,)


@pytest.mark.parametrize("recipe", ["adam", "adamw"])
def test_the_moments_of_adam_are_those_of_torch_to_rounding(recipe, make_trainer):
    # A hundredth of what 1 - 0.999 is off by in float32, which a test of the weights does not see.
    states = [
        fit(engine, make_trainer, hidden_dims=(40, 40), epochs=1, **RECIPES[recipe])[1].optimizers[0].state
        for engine in ("eager", "kernel")
    ]
    for own, theirs in zip(states[1].values(), states[0].values(), strict=True):
        for name in ("exp_avg", "exp_avg_sq"):
            assert float((own[name] - theirs[name]).norm() / theirs[name].norm()) < 5e-6


def test_full_batch_circles_fall_to_the_losses_of_the_plain_loop(make_trainer):
    data = CirclesDataModule(batch_size=None, repeat=500, steps_per_execution=500)
    losses = []

    class Losses(Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            losses.append(float(trainer.callback_metrics["train/loss"]))

    torch.manual_seed(42)
    model = BinaryClassifier(hidden_dims=[10, 10], engine="kernel")
    make_trainer(max_epochs=4, callbacks=[Losses()]).fit(model, datamodule=data)
    assert losses == pytest.approx([0.68107, 0.56890, 0.12226, 0.04182], abs=5e-6)


@pytest.mark.parametrize(("first", "second"), [("kernel", "eager"), ("eager", "kernel")])
def test_a_fit_may_be_resumed_with_the_other_engine(first, second, make_trainer, tmp_path):
    whole, _ = fit("eager", make_trainer, epochs=3, **RECIPES["adam"])
    _, trainer = fit(first, make_trainer, epochs=1, **RECIPES["adam"])
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    model = MulticlassClassifier(hidden_dims=[10, 10], engine=second, **RECIPES["adam"])
    data = BlobsDataModule(
        num_samples=200, holdout=0, centers=CENTERS, cluster_std=0.5, batch_size=16, repeat=4, steps_per_execution=30
    )
    make_trainer(max_epochs=3).fit(model, datamodule=data, ckpt_path=tmp_path / "a.ckpt", weights_only=True)
    assert_same(model, whole)


class Listener(Callback):
    """Notes how many steps of each execution it is told to be done."""

    def __init__(self):
        self.told = []

    def on_steps(self, trainer, module, steps):
        self.told.append(steps)


def fit_in_pieces(callbacks, make_trainer, monkeypatch, **settings):
    """A fit, how many steps each call of a kernel took, and the losses of all its steps."""
    calls, losses = [], []

    def counting(dims, rows, choose=kernel._kernel):
        def call(mode, batch, *described):
            calls.append(len(batch[2]))
            correct = choose(dims, rows)(mode, batch, *described)
            losses.extend(described[-1].tolist())
            return correct

        return call

    with monkeypatch.context() as patch:
        patch.setattr(kernel, "_kernel", counting)
        model, trainer = fit("kernel", lambda **own: make_trainer(callbacks=callbacks, **own), **settings)
    return model, trainer, calls, losses


@pytest.mark.parametrize(
    ("recipe", "activation", "hidden_dims"),
    [("adam", "relu", (10, 10)), ("nesterov", "tanh", (10, 10)), ("adamw", "tanh", (70,)), ("momentum", "relu", (70,))],
)
def test_pieces_give_the_same_bits_as_one_call(recipe, activation, hidden_dims, make_trainer, monkeypatch):
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)  # so that pieces do not depend on the machine
    settings = {"hidden_dims": hidden_dims, "activation": activation, "lr_schedule": "cosine", **RECIPES[recipe]}
    whole, their_trainer, their_calls, their_losses = fit_in_pieces([], make_trainer, monkeypatch, **settings)
    assert their_calls == [26, 26] * 2  # 13 steps a pass, 52 an epoch; the last of each pass has 8 samples
    listener = Listener()
    model, trainer, calls, losses = fit_in_pieces([listener], make_trainer, monkeypatch, **settings)
    assert calls == [1, 4, 16, 5] * 4
    assert listener.told == [1, 5, 21, 26] * 4
    assert losses == their_losses
    assert trainer.callback_metrics.keys() == their_trainer.callback_metrics.keys()
    assert all(
        torch.equal(value, their_trainer.callback_metrics[key]) for key, value in trainer.callback_metrics.items()
    )
    assert all(torch.equal(own, other) for own, other in zip(model.parameters(), whole.parameters(), strict=True))
    states, others = (made.optimizers[0].state_dict()["state"] for made in (trainer, their_trainer))
    for key, state in states.items():
        assert all(torch.equal(value, others[key][name]) for name, value in state.items() if value is not None)


def test_targets_that_are_no_class_are_refused(make_trainer):
    class Wrong(BlobsDataModule):
        def load(self):
            splits = super().load()
            splits["train"].y[7] = 4
            return splits

    with pytest.raises(InputError, match=r"labels of the train split must be in \[0, 3\], got 0 to 4"):
        fit("kernel", make_trainer, data=Wrong(holdout=0, batch_size=None, repeat=4, steps_per_execution=4))


def test_inputs_of_another_size_are_refused(make_trainer):
    class Wrong(BlobsDataModule):
        def prepare(self, x):
            return x[:, :1]

    with pytest.raises(InputError, match="inputs must have 2 values, got 1"):
        fit("kernel", make_trainer, data=Wrong(holdout=0, batch_size=None, repeat=4, steps_per_execution=4))


def test_a_loss_that_is_not_finite_stays_visible(make_trainer):
    class Broken(BlobsDataModule):
        def load(self):
            splits = super().load()
            splits["train"].x[3, 0] = float("nan")
            return splits

    data = Broken(holdout=0, batch_size=None, repeat=4, steps_per_execution=4)
    _, trainer = fit("kernel", make_trainer, data=data, epochs=1)
    assert np.isnan(float(trainer.callback_metrics["train/loss"]))


@pytest.mark.parametrize(
    "network",
    [
        nn.Conv2d(1, 1, 3),
        nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1)),
        nn.Sequential(nn.Linear(2, 3), nn.Dropout(), nn.Linear(3, 1)),
        nn.Sequential(nn.Linear(2, 3), nn.LeakyReLU(0.2), nn.Linear(3, 1)),
        nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1, bias=False)),
        nn.Sequential(nn.Linear(2, 3), nn.ReLU()),
        nn.Sequential(nn.ReLU()),
    ],
)
def test_other_networks_are_left_to_other_engines(network):
    assert layers_of(network) is None


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda p: torch.optim.RMSprop(p), "RMSprop"),
        (lambda p: torch.optim.Adam(p, amsgrad=True), "amsgrad"),
        (lambda p: torch.optim.SGD(p, lr=1, momentum=0.9, dampening=0.5), "dampening"),
        (lambda p: torch.optim.SGD(p[1:], lr=1), "just the network's parameters"),
        (lambda p: torch.optim.SGD([*p, nn.Parameter(torch.zeros(1))], lr=1), "just the network's parameters"),
        (lambda p: torch.optim.Adam([{"params": p[:1]}, {"params": p[1:], "amsgrad": True}]), "amsgrad"),
    ],
)
def test_other_optimizers_are_left_to_other_engines(make, reason):
    network = MLP([2], [3], 1)
    learner = Learner(network, None, None, make(list(network.parameters())), loss=Loss())
    assert reason in reason_against(learner)
    assert reason_against(replace(learner, optimizer=torch.optim.SGD(network.parameters(), lr=1))) is None


@pytest.mark.parametrize("hidden_dims", [(10, 10), (70,)])
@pytest.mark.parametrize("way", [{}, {"clip": Clip("norm", 0.3)}])
@pytest.mark.parametrize("recipe", RECIPES)
def test_gradients_that_are_handed_on_and_then_an_update_are_the_bits_of_whole_steps(hidden_dims, way, recipe):
    learners, handed = [], []

    def reduce(gradients):
        handed.append(gradients.clone())

    contract = TestNarrowKernel()
    contract.hidden_dims = hidden_dims
    for watch in (None, Watch("another process", None, None, None, reduce)):
        learners.append(replace(contract.learner(recipe, **way), watch=watch))
    sums = [contract.fit(learner) for learner in learners]
    contract.assert_same(*learners, near=0)
    assert torch.equal(sums[0].losses, sums[1].losses)
    assert sums[0].correct == sums[1].correct
    assert len(handed) == len(contract.execution().steps)
    assert handed[0].numel() == sum(parameter.numel() for parameter in learners[0].network.parameters())


def test_what_is_handed_on_is_what_the_update_takes_and_borrowed_rows_count_for_nothing():
    contract = TestNarrowKernel()
    execution = contract.execution(shares=[0.5] * (len(contract.execution().steps) - 1) + [0.0])
    own, wanted = contract.learner("momentum"), contract.learner("momentum")
    watch = Watch("another process", None, None, None, lambda gradients: gradients.mul_(2))
    sums = contract.fit(replace(own, watch=watch), execution)
    losses, right = by_hand(wanted, execution, [2 * share for share in execution.steps.shares])
    contract.assert_same(own, wanted)
    torch.testing.assert_close(sums.losses, losses, atol=1e-5, rtol=1e-4)
    assert int(sums.correct) == sum(right[:-1])


def test_weights_of_other_classes_are_refused():
    contract = TestNarrowKernel()
    with pytest.raises(InputError, match="class_weights: must be 4, one a class, got 3"):
        contract.fit(replace(contract.learner(), loss=Loss((1.0, 2.0, 3.0))))


@pytest.mark.parametrize(
    ("activation", "name"),
    [(nn.SELU(), "selu"), (nn.SiLU(), "silu"), (nn.GELU(), "gelu"), (nn.GELU(approximate="tanh"), "gelu_tanh")],
)
def test_smooth_activations_are_known_and_both_kinds_of_gelu_told_apart(activation, name):
    assert layers_of(nn.Sequential(nn.Linear(2, 3), activation, nn.Linear(3, 1))).activation == name
