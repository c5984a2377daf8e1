import copy
import math

import pytest
import torch

from litclf import InputError
from litclf.models.networks.mlp import MLP, initialize
from litclf.models.optimizers import OPTIMIZERS, SCHEDULES, Recipe


def network():
    return torch.nn.Linear(3, 1)


def rates(recipe, steps):
    """The learning rate of each step of a fit."""
    optimizer = recipe.build(network())
    schedule = recipe.schedule(optimizer, steps)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("fused", [False, True])
def test_optimizer_is_that_of_torch_with_our_settings(name, fused):
    optimizer = Recipe(name, lr=0.3, weight_decay=0.2).build(network(), fused)
    assert type(optimizer).__name__.lower() == name
    (group,) = optimizer.param_groups
    assert (group["lr"], group["weight_decay"], group["fused"]) == (0.3, 0.2, fused)


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_reaches_sgd(nesterov):
    (group,) = Recipe("sgd", momentum=0.9, nesterov=nesterov).build(network()).param_groups
    assert (group["momentum"], group["nesterov"]) == (0.9, nesterov)


def test_cosine_goes_down_to_zero():
    found = rates(Recipe(lr=0.4, lr_schedule="cosine"), 10)
    assert found == pytest.approx([0.2 * (1 + math.cos(math.pi * step / 10)) for step in range(10)])


@pytest.mark.parametrize("steps", [9, 10, 11])
def test_step_is_a_tenth_after_each_third(steps):
    third = math.ceil(steps / 3)
    assert rates(Recipe(lr=0.4, lr_schedule="step"), steps) == pytest.approx(
        [0.4 * 0.1 ** (step // third) for step in range(steps)]
    )


def test_onecycle_rises_to_lr_and_ends_near_zero():
    found = rates(Recipe(lr=0.4, lr_schedule="onecycle"), 20)
    assert max(found) == pytest.approx(0.4)
    assert 0 < found.index(max(found)) < 10
    assert found[-1] < 1e-3 < found[0] < 0.4


@pytest.mark.parametrize(("momentum", "cycles"), [(0.0, False), (0.9, True)])
def test_onecycle_leaves_plain_sgd_without_momentum(momentum, cycles):
    recipe = Recipe("sgd", momentum=momentum, lr_schedule="onecycle")
    optimizer = recipe.build(network())
    schedule = recipe.schedule(optimizer, 10)
    found = set()
    for _ in range(10):
        found.add(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        schedule.step()
    assert (len(found) > 1) == cycles
    assert cycles or found == {0.0}


def test_constant_rate_needs_no_schedule_and_no_end():
    assert isinstance(Recipe().configure(network(), False, math.inf), torch.optim.SGD)


@pytest.mark.parametrize("name", [name for name in SCHEDULES if name != "none"])
def test_schedule_moves_by_step_and_needs_an_end_of_the_fit(name):
    made = Recipe(lr_schedule=name).configure(network(), False, 10.0)
    assert made["lr_scheduler"]["interval"] == "step"
    with pytest.raises(InputError, match=f"^lr_schedule: {name} needs an end of the fit"):
        Recipe(lr_schedule=name).configure(network(), False, math.inf)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": "adm"}, r"optimizer: must be one of sgd, adam, adamw, got 'adm'; fix: did you mean adam\?"),
        ({"lr_schedule": "cos"}, r"lr_schedule: must be one of .*, got 'cos'; fix: did you mean cosine\?"),
        ({"lr": 0}, "lr: must be positive, got 0"),
        ({"lr": math.nan}, "lr: must be positive, got nan"),
        ({"momentum": 1.0}, "momentum: must be at least 0 and below 1, got 1.0"),
        ({"weight_decay": -1}, "weight_decay: must be zero or more, got -1"),
        ({"optimizer": "adam", "momentum": 0.9}, "momentum: does nothing with adam, got 0.9"),
        ({"beta2": 0.9}, "beta2: does nothing with sgd, got 0.9"),
        ({"beta2": 1.0, "optimizer": "adam"}, "beta2: must be at least 0 and below 1, got 1.0"),
        ({"bias_lr": 0.0}, "bias_lr: must be positive, got 0.0"),
        ({"parametrization": "mup"}, r"parametrization: must be one of standard, ntk, got 'mup'"),
        ({"parametrization": "ntk", "optimizer": "adam", "weight_decay": 0.1}, "weight_decay: cannot be part of adam"),
        ({"nesterov": True}, "nesterov: does nothing without momentum"),
    ],
)
def test_what_is_out_of_range_or_does_nothing_is_refused(settings, message):
    with pytest.raises(InputError, match=f"^{message}"):
        Recipe(**settings)


def test_coslog4_is_four_waves_each_twice_as_long():
    found = rates(Recipe(lr=0.4, lr_schedule="coslog4"), 150)
    assert [step for step in range(150) if found[step] < 1e-12] == [0, 10, 30, 70]
    at = [10 * (2 ** (wave + 0.5) - 1) for wave in range(4)]
    tops = [max(range(150), key=lambda step: found[step] if abs(step - top) < 3 else 0) for top in at]
    assert [found[step] for step in tops] == pytest.approx([0.4] * 4, rel=0.02)
    assert found[20] == pytest.approx(0.4 * (0.5 - 0.5 * math.cos(2 * math.pi * math.log2(3))))


def test_biases_have_a_rate_of_their_own():
    weights, biases = Recipe("adam", lr=0.2, bias_lr=0.1, beta2=0.95).build(network()).param_groups
    assert (weights["lr"], biases["lr"], biases["betas"]) == (0.2, pytest.approx(0.02), (0.9, 0.95))
    assert [tuple(weights["params"][0].shape), tuple(biases["params"][0].shape)] == [(1, 3), (1,)]
    moved = {}
    for name in ("onecycle", "cosine", "coslog4"):
        recipe = Recipe("adam", lr=0.2, bias_lr=0.1, lr_schedule=name)
        optimizer = recipe.build(network())
        schedule = recipe.schedule(optimizer, 10)
        optimizer.step()
        schedule.step()
        weights, biases = optimizer.param_groups
        moved[name] = biases["lr"] / weights["lr"]
    assert moved == pytest.approx(dict.fromkeys(moved, 0.1))


class Ntk(torch.nn.Module):
    """A network whose sums are divided by the root of the inputs, and whose weights have variance 1."""

    def __init__(self, like):
        super().__init__()
        self.layers = copy.deepcopy([layer for layer in like if isinstance(layer, torch.nn.Linear)])
        self.weights = torch.nn.ParameterList()
        for layer in self.layers:
            self.weights += [layer.weight.detach() * layer.in_features**0.5, layer.bias.detach()]

    def forward(self, x):
        for number, layer in enumerate(self.layers):
            weight, bias = self.weights[2 * number], self.weights[2 * number + 1]
            x = x @ weight.t() / layer.in_features**0.5 + bias
            x = x.relu() if number < len(self.layers) - 1 else x
        return x


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "adam", "lr": 0.04, "beta2": 0.95},
        {"optimizer": "adamw", "lr": 0.04, "weight_decay": 0.1},
        {"optimizer": "sgd", "lr": 0.5, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    ],
    ids=["adam", "adamw", "sgd"],
)
def test_ntk_is_a_network_whose_sums_are_divided(settings):
    """The oracle has the division in its forward pass, and one rate for all that is divided."""
    torch.manual_seed(0)
    own = MLP([5], [40, 20], 3).double()
    initialize(own, "ntk", "relu")
    theirs, x, y = Ntk(own), torch.randn(60, 5).double(), torch.randint(3, (60,))
    recipe = Recipe(**settings, parametrization="ntk", bias_lr=0.1)
    weights, biases = list(theirs.weights)[::2], list(theirs.weights)[1::2]
    decay = settings.get("weight_decay", 0.0)
    groups = [{"params": weights}, {"params": biases, "lr": recipe.lr * 0.1}]
    by_hand = {
        "adam": lambda: torch.optim.Adam(groups, lr=recipe.lr, betas=(0.9, recipe.beta2)),
        "adamw": lambda: torch.optim.AdamW(groups, lr=recipe.lr, weight_decay=decay),
        "sgd": lambda: torch.optim.SGD(groups, lr=recipe.lr, momentum=0.9, nesterov=True, weight_decay=decay),
    }[recipe.optimizer]()
    optimizer, losses = recipe.build(own), []
    for _ in range(30):
        for network, stepped in ((own, optimizer), (theirs, by_hand)):
            stepped.zero_grad()
            loss = torch.nn.functional.cross_entropy(network(x), y)
            loss.backward()
            stepped.step()
            losses.append(float(loss.detach()))
    assert losses[::2] == pytest.approx(losses[1::2], rel=1e-9)
    assert losses[-1] < losses[0]


def test_ntk_draws_weights_by_the_inputs_of_their_layer():
    torch.manual_seed(0)
    network = MLP([400], [300], 200)
    initialize(network, "ntk", "relu")
    first, last = network[0], network[2]
    assert float(first.weight.detach().std()) == pytest.approx(1 / 20, rel=0.01)
    assert float(last.weight.detach().std()) == pytest.approx(300**-0.5, rel=0.01)
    assert float(first.bias.detach().std()) == pytest.approx(1, rel=0.1)
    assert not last.bias.any()
