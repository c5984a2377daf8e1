"""Kernel rule: an optimizer as the kernels take it, by where its state lies and the coefficients of each step."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

STATE = {"SGD": ("momentum_buffer",), "Adam": ("exp_avg", "exp_avg_sq"), "AdamW": ("exp_avg", "exp_avg_sq")}
"""The optimizers that the kernels know, and the state that each keeps of a parameter."""

_ONE_AT_A_TIME = Lock()
"""Python's filters of warnings are those of all threads, and are changed and put back."""


def addresses(linear: Sequence[nn.Linear], optimizer: Optimizer) -> NDArray[np.int64]:
    """Where weight, bias and the optimizer's state of each lie, a row a layer: first states of both, then second ones.

    Lays weights out as the kernels take them, and makes the state that is not there yet.
    """
    lay_out(linear)
    return np.array([_addresses(layer, optimizer) for layer in linear])


def coefficients(
    optimizer: Optimizer, parameters: Sequence[Tensor], schedules: Sequence[LRScheduler], steps: int
) -> NDArray[np.float32]:
    """What the updates of the next steps need of the optimizer's settings, shape ``(steps, len(parameters), 9)``.

    Moves the schedules, and counts the steps as taken, as if they had been made one by one.
    """
    groups = optimizer.param_groups
    group_of = {id(parameter): number for number, group in enumerate(groups) for parameter in group["params"]}
    own = [group_of[id(parameter)] for parameter in parameters]
    settings = np.array(_moved(groups, schedules, steps))
    rows = np.zeros((steps, len(parameters), 9))
    rows[:, :, :7] = settings[:, own, :7]
    if type(optimizer).__name__ != "SGD":
        states = [optimizer.state[parameter] for parameter in parameters]
        begun = [(group, int(state["step"])) for group, state in zip(own, states, strict=True)]
        betas = [tuple(map(tuple, settings[:, group, 7:].tolist())) for group in range(len(groups))]
        corrections = {key: _corrections(betas[key[0]], key[1], steps) for key in set(begun)}
        for number, (key, state) in enumerate(zip(begun, states, strict=True)):
            rows[:, number, 7:] = corrections[key]
            state["step"] += steps
    return rows.astype(np.float32)


def _moved(groups: list[dict[str, Any]], schedules: Sequence[LRScheduler], steps: int) -> list[list[list[float]]]:
    """The settings of each group for each step, or once for all where no schedule moves them."""
    if not schedules:
        return [[_settings(group) for group in groups]]
    moved = []
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        # The steps are taken, only not by `optimizer.step`, which the schedule watches.
        warnings.filterwarnings("ignore", message="Detected call of `lr_scheduler.step")
        for _ in range(steps):
            moved.append([_settings(group) for group in groups])
            for schedule in schedules:
                schedule.step()
    return moved


def _settings(group: dict[str, Any]) -> list[float]:
    """A group's settings as they are now: seven that a step's update needs, then Adam's betas."""
    beta1, beta2 = group.get("betas", (0.0, 0.0))
    own = [group["lr"], group.get("momentum", 0.0), group.get("nesterov", False), group["weight_decay"]]
    # Differences from one are taken here, in float64: in float32 that of 0.999 is off by 5e-5.
    return [*own, 1 - beta1, 1 - beta2, group.get("eps", 0.0), beta1, beta2]


@lru_cache(maxsize=8)  # those of members are the same
def _corrections(betas: tuple[tuple[float, ...], ...], taken: int, steps: int) -> NDArray[np.float64]:
    """Adam's corrections of both moments in each of some steps after ``taken`` ones; betas of each, or one for all."""
    # By Python's powers: those of NumPy round by where in an array a number stands.
    each = betas * steps if len(betas) == 1 else betas
    return np.array([(1 - one**step, (1 - two**step) ** 0.5) for step, (one, two) in enumerate(each, taken + 1)])


def lay_out(linear: Sequence[nn.Linear]) -> None:
    """Has weights lie in memory as the kernels take them, their transpose contiguous."""
    for layer in linear:
        if not layer.weight.t().is_contiguous():
            layer.weight.data = layer.weight.data.t().contiguous().t()


def _addresses(layer: nn.Linear, optimizer: Optimizer) -> list[int]:
    states = [_states(parameter, optimizer) for parameter in (layer.weight, layer.bias)]
    columns = [layer.weight, layer.bias, *(state for pair in zip(*states, strict=True) for state in pair)]
    # SGD has one state of each or none; the kernels do not look at what they do not need.
    return [tensor.data_ptr() for tensor in (*columns, *columns[:2], *columns[:2])[:6]]


def _states(parameter: Tensor, optimizer: Optimizer) -> list[Tensor]:
    """The optimizer's state tensors of ``parameter``, made as ``torch.optim`` makes them where there are none yet."""
    kind, state = type(optimizer).__name__, optimizer.state[parameter]
    if kind != "SGD" and "step" not in state:
        state["step"] = torch.zeros((), dtype=torch.float32)
    for name in STATE[kind]:
        if state.get(name) is None:
            state[name] = torch.zeros_like(parameter, memory_format=torch.preserve_format)
        elif state[name].stride() != parameter.stride():
            state[name] = torch.empty_like(parameter).copy_(state[name])
    return [state[name] for name in STATE[kind]]
