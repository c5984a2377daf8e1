"""Gradient norms against autograd by hand, and idle units against networks made so."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from litclf import BinaryClassifier, CirclesDataModule, InputError
from litclf.training.callbacks.gradients import GradientNorms, measure, verdict

pytestmark = [
    pytest.mark.filterwarnings("ignore:The number of training batches"),
    pytest.mark.filterwarnings("ignore:You defined a `validation_step` but have no"),
]


def make_data(most, repeat=1, **args):
    return CirclesDataModule(num_samples=50, batch_size=None, repeat=repeat, steps_per_execution=most, **args)


def by_hand(model, x, y):
    weights = {name.removesuffix(".weight"): p for name, p in model.named_parameters() if p.ndim > 1}
    loss = F.binary_cross_entropy_with_logits(model(x), y.float())
    gradients = torch.autograd.grad(loss, list(weights.values()))
    return loss.item(), {
        name: gradient.square().sum().sqrt().item() for name, gradient in zip(weights, gradients, strict=True)
    }


@pytest.mark.parametrize("most", [1, 3])
def test_norms_are_those_of_the_training_loss_before_the_first_step(most, make_trainer, make_records):
    torch.manual_seed(0)
    records, data, watch = make_records(), make_data(most, repeat=3), GradientNorms()
    model = BinaryClassifier(hidden_dims=[6, 5], input_shape=[2], num_classes=2)
    loss, norms = by_hand(model, *data.splits["train"])
    make_trainer(max_epochs=1, logger=records, callbacks=[watch]).fit(model, datamodule=data)
    for name, norm in norms.items():
        assert records.series(f"gradients/{name}")[0] == (0, pytest.approx(norm, rel=1e-5))
    ratio = norms["network.0"] / norms["network.4"]
    assert records.series("gradients/first_over_last")[0][1] == pytest.approx(ratio, rel=1e-5)
    assert watch.facts["initial_loss"] == pytest.approx(loss, rel=1e-5)


def test_looks_fall_where_they_are_due_and_the_last_is_of_the_last_weights(make_trainer, make_records):
    records, data = make_records(), make_data(100, repeat=25)
    model = BinaryClassifier(hidden_dims=[4], engine="eager")
    trainer = make_trainer(max_epochs=2, logger=records, callbacks=[GradientNorms(every_n_train_steps=10)])
    trainer.fit(model, datamodule=data)
    looks = records.series("gradients/network.0")
    assert [step for step, _ in looks] == [0, 9, 19, 29, 39, 49]
    assert looks[-1][1] == pytest.approx(by_hand(model, *data.splits["train"])[1]["network.0"], rel=1e-5)


def test_it_leaves_the_fit_as_it_was(make_trainer):
    weights = []
    for callbacks in ([], [GradientNorms(every_n_train_steps=10)]):
        torch.manual_seed(0)
        model = BinaryClassifier(hidden_dims=[4])
        make_trainer(max_epochs=2, callbacks=callbacks).fit(model, datamodule=make_data(100, repeat=25))
        weights.append(model.state_dict())
        assert model.engine_choice.startswith("kernel")
    for name, value in weights[0].items():
        assert torch.equal(value, weights[1][name])


def test_sigmoid_vanishes_and_relu_holds(make_trainer, make_records):
    ratios = {}
    for activation in ("sigmoid", "tanh", "relu", "leaky_relu"):
        torch.manual_seed(42)
        records, watch = make_records(), GradientNorms()
        model = BinaryClassifier(hidden_dims=[10] * 8, activation=activation, init="kaiming")
        trainer = make_trainer(max_epochs=1, logger=records, callbacks=[watch])
        trainer.fit(model, datamodule=CirclesDataModule(batch_size=None, repeat=5, steps_per_execution=5))
        ratios[activation] = records.series("gradients/first_over_last")[0][1]
        assert (activation == "sigmoid") == ("vanishes" in (watch.facts["gradients"] or ""))
    assert ratios["sigmoid"] < 1e-3 * min(value for name, value in ratios.items() if name != "sigmoid")


@pytest.mark.parametrize(
    ("activation", "biases", "share"),
    [
        ("relu", [-100.0, 100.0, -100.0, 1.0], 0.5),  # two units are never above zero
        ("sigmoid", [50.0, 0.0, -50.0, 50.0], 0.75),
        ("tanh", [0.0, 0.0, 30.0, 0.0], 0.25),
    ],
)
def test_idle_units_are_those_without_a_slope(activation, biases, share):
    model = BinaryClassifier(hidden_dims=[4], activation=activation, input_shape=[2], num_classes=2)
    with torch.no_grad():
        model.network[0].bias.copy_(torch.tensor(biases))
    x = torch.rand(40, 2)
    _, _, idle = measure(model, x, torch.ones(40, dtype=torch.int64))
    assert idle == {"network.1": share}


def test_leaky_relu_has_no_idle_units_and_a_frozen_layer_no_norm():
    model = BinaryClassifier(hidden_dims=[4], activation="leaky_relu", input_shape=[2], num_classes=2)
    model.network[0].requires_grad_(False)
    _, norms, idle = measure(model, torch.rand(8, 2), torch.ones(8, dtype=torch.int64))
    assert list(norms) == ["network.2"]
    assert idle == {}


def test_measuring_leaves_gradients_and_batch_norms_alone():
    network = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 1))
    model = BinaryClassifier(network=network, num_classes=2)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    measure(model, torch.rand(8, 2), torch.ones(8, dtype=torch.int64))
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.training


@pytest.mark.parametrize(
    ("first", "idle", "words"),
    [
        ([0.5], {"a": 0.1}, None),
        (
            [1e-5, 1e-4, 1e-4, 1.0],
            {},
            "vanishes: after 30 steps the first layer gets 1e-04",
        ),  # the last look is healthy
        ([1e-5], {}, "vanishes: before the first step"),
        ([0.0, 0.5, 0.5], {}, None),  # a last layer of zeros passes nothing back, once
        ([0.5, 0.5, 0.5, 1e-7], {}, None),  # nothing is left to learn
        ([0.5], {"network.1": 0.2, "network.3": 0.9}, "90 % of the units of hidden layer 2"),
        ([0.5], {"stem.act": 0.9}, "90 % of the units of the layer stem.act"),
    ],
)
def test_the_verdict_names_what_is_wrong_by_the_first_looks(first, idle, words):
    found = verdict([first, [1.0] * len(first)], idle, [0, 15, 30, 45][: len(first)])
    assert found is None if words is None else words in found


def test_loaders_of_anyone_are_refused(make_trainer):
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.rand(8, 2), torch.ones(8, dtype=torch.int64)), batch_size=4
    )
    model = BinaryClassifier(hidden_dims=[4], input_shape=[2], num_classes=2)
    with pytest.raises(InputError, match="callbacks: GradientNorms looks at the splits of a DataModule of litclf"):
        make_trainer(max_epochs=1, callbacks=[GradientNorms()]).fit(model, loader)
