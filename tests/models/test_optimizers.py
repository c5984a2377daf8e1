import math

import pytest
import torch

from litclf import InputError
from litclf.models.optimizers import OPTIMIZERS, SCHEDULES, Recipe


def parameters():
    return [torch.nn.Parameter(torch.ones(3))]


def rates(recipe, steps):
    """The learning rate of each step of a fit."""
    optimizer = recipe.build(parameters())
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
    optimizer = Recipe(name, lr=0.3, weight_decay=0.2).build(parameters(), fused)
    assert type(optimizer).__name__.lower() == name
    (group,) = optimizer.param_groups
    assert (group["lr"], group["weight_decay"], group["fused"]) == (0.3, 0.2, fused)


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_reaches_sgd(nesterov):
    (group,) = Recipe("sgd", momentum=0.9, nesterov=nesterov).build(parameters()).param_groups
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
    optimizer = recipe.build(parameters())
    schedule = recipe.schedule(optimizer, 10)
    found = set()
    for _ in range(10):
        found.add(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        schedule.step()
    assert (len(found) > 1) == cycles
    assert cycles or found == {0.0}


def test_constant_rate_needs_no_schedule_and_no_end():
    assert isinstance(Recipe().configure(parameters(), False, math.inf), torch.optim.SGD)


@pytest.mark.parametrize("name", [name for name in SCHEDULES if name != "none"])
def test_schedule_moves_by_step_and_needs_an_end_of_the_fit(name):
    made = Recipe(lr_schedule=name).configure(parameters(), False, 10.0)
    assert made["lr_scheduler"]["interval"] == "step"
    with pytest.raises(InputError, match=f"^lr_schedule: {name} needs an end of the fit"):
        Recipe(lr_schedule=name).configure(parameters(), False, math.inf)


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
        ({"nesterov": True}, "nesterov: does nothing without momentum"),
    ],
)
def test_what_is_out_of_range_or_does_nothing_is_refused(settings, message):
    with pytest.raises(InputError, match=f"^{message}"):
        Recipe(**settings)
