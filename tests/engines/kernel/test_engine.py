"""The compiled engine against autograd and against the eager engine."""

import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lightning.pytorch import Callback
from torch import nn

from litclf import BinaryClassifier, BlobsDataModule, CirclesDataModule, InputError, MulticlassClassifier
from litclf.engines.base import Learner
from litclf.engines.kernel import engine as kernel
from litclf.engines.kernel.cache import load_kernel
from litclf.engines.kernel.engine import KernelEngine, layers_of, reason_against
from litclf.engines.kernel.updates import ACTIVATIONS
from litclf.models.networks.mlp import MLP
from tests.engines.contract import CENTERS, RECIPES, EngineContract

pytestmark = [
    pytest.mark.filterwarnings("ignore:Total length of `list` across ranks is zero"),
    pytest.mark.filterwarnings("ignore:The number of training batches"),
]


def one_step(run, network, x, y):
    """Gradients and loss as the kernel sees them: SGD with a rate of 1 takes the gradient off the weights."""
    layers = [module for module in network if isinstance(module, nn.Linear)]
    weights = [layer.weight.detach().t().contiguous() for layer in layers]
    biases = [layer.bias.detach().clone() for layer in layers]
    before = [tensor.clone() for tensor in (*weights, *biases)]
    addresses = np.array([[w.data_ptr(), b.data_ptr()] * 3 for w, b in zip(weights, biases, strict=True)])
    losses, coefficients = np.zeros(1), np.zeros((1, 11), np.float32)
    coefficients[0, 0] = 1
    rows, dims = np.array([[0, len(y)]]), layers_of(network).dims
    activation = ACTIVATIONS.index(layers_of(network).activation)
    correct = run((x.numpy(), y.numpy(), rows, 0), (dims, activation, 0), addresses, coefficients, losses)
    return losses[0], correct, [old - new for old, new in zip(before, (*weights, *biases), strict=True)]


@settings(max_examples=40, deadline=None)
@given(
    dims=st.lists(st.one_of(st.integers(1, 9), st.sampled_from([31, 32, 33, 70])), min_size=2, max_size=5),
    count=st.integers(1, 20),
    activation=st.sampled_from(ACTIVATIONS),
    wide=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_gradients_are_those_of_autograd(dims, count, activation, wide, seed):
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    network = MLP(dims[:1], dims[1:-1], dims[-1], activation)
    x = torch.randn(count, dims[0], generator=generator)
    x[torch.rand(x.shape, generator=generator) < 0.3] = 0
    y = torch.randint(0, max(2, dims[-1]), (count,), generator=generator)
    logits = network(x)
    if dims[-1] == 1:
        loss = nn.functional.binary_cross_entropy_with_logits(logits.flatten(), y.float())
        right = int(((logits.flatten() > 0) == y.bool()).sum())
    else:
        loss, right = nn.functional.cross_entropy(logits, y), int((logits.argmax(1) == y).sum())
    loss.backward()
    # By its cache, so that it is compiled once for all tests.
    found, correct, gradients = one_step(load_kernel("wide" if wide else "narrow"), network, x, y)
    assert found == pytest.approx(loss.item(), abs=1e-5)
    assert correct == right
    layers = [module for module in network if isinstance(module, nn.Linear)]
    wanted = [layer.weight.grad.t() for layer in layers] + [layer.bias.grad for layer in layers]
    for own, theirs in zip(gradients, wanted, strict=True):
        torch.testing.assert_close(own, theirs, atol=2e-6, rtol=1e-4)


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
        def call(batch, described, addresses, coefficients, own):
            calls.append(len(batch[2]))
            correct = choose(dims, rows)(batch, described, addresses, coefficients, own)
            losses.extend(own.tolist())
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
        (lambda p: torch.optim.SGD([{"params": [one]} for one in p], lr=1), "one group"),
    ],
)
def test_other_optimizers_are_left_to_other_engines(make, reason):
    network = MLP([2], [3], 1)
    learner = Learner(network, None, None, make(list(network.parameters())), own_loss=None)
    assert reason in reason_against(learner)
    assert reason_against(replace(learner, optimizer=torch.optim.SGD(network.parameters(), lr=1))) is None
