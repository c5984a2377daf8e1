"""Kernel engine: compiled steps on the CPU for fully connected networks, in place on PyTorch's own memory."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from litclf.engines.base import Learner
from litclf.engines.eager import EagerEngine
from litclf.engines.execution import Execution, Sums, Tell, pieces
from litclf.utilities.errors import InputError

_MODULES = {
    nn.ReLU: "relu",
    nn.LeakyReLU: "leaky_relu",
    nn.Tanh: "tanh",
    nn.Sigmoid: "sigmoid",
}
_STATE = {"SGD": ("momentum_buffer",), "Adam": ("exp_avg", "exp_avg_sq"), "AdamW": ("exp_avg", "exp_avg_sq")}


class Layers(NamedTuple):
    """A fully connected network as the kernels take it.

    Attributes:
        linear: The linear layers.
        activation: Name of the activation between all of them.
    """

    linear: list[nn.Linear]
    activation: str

    @property
    def dims(self) -> NDArray[np.int64]:
        """Width of the input and of each layer."""
        return np.array([self.linear[0].in_features, *(layer.out_features for layer in self.linear)])


def layers_of(network: nn.Module) -> Layers | None:
    """The layers of ``network``, or None where it is not linear layers with one activation between them.

    Example:
        >>> layers_of(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))).activation
        'relu'
        >>> layers_of(nn.Sequential(nn.Conv2d(1, 1, 3)))
    """
    modules = list(network) if isinstance(network, nn.Sequential) else []
    if modules and isinstance(modules[0], nn.Flatten):
        modules = modules[1:]
    linear = [module for module in modules if type(module) is nn.Linear]
    between = [module for module in modules if type(module) is not nn.Linear]
    names = {_MODULES.get(type(module), "") for module in between}
    plain = not between and [type(m) for m in modules] == [nn.Linear] * len(linear)
    alternate = len(modules) == 2 * len(linear) - 1 and all(type(module) is nn.Linear for module in modules[::2])
    if not linear or not (plain or (alternate and len(names) == 1 and "" not in names)):
        return None
    if any(layer.bias is None for layer in linear) or any(
        isinstance(module, nn.LeakyReLU) and module.negative_slope != 0.01 for module in between
    ):
        return None
    return Layers(linear, "identity" if plain else names.pop())


def reason_against(learner: Learner) -> str | None:
    """Why the kernels cannot train ``learner``; None where they can."""
    if learner.watch is not None:
        return learner.watch.reason
    return learner.own_loss or _reason_in_network(learner) or _reason_in_optimizer(learner.optimizer)


def _reason_in_network(learner: Learner) -> str | None:
    optimizer, layers = learner.optimizer, layers_of(learner.network)
    if layers is None:
        return "the network is not linear layers with one activation between them"
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    modules = learner.network.modules()
    if any(getattr(module, name, None) for module in modules for name in hooks):
        return "hooks of the network's layers need to run"
    own = {id(parameter) for layer in layers.linear for parameter in (layer.weight, layer.bias)}
    if len(optimizer.param_groups) != 1 or own != {id(p) for p in parameters} or len(own) != 2 * len(layers.linear):
        return "the optimizer does not hold just the network's parameters in one group"
    devices = {learner.device.type, *(p.device.type for p in parameters)}
    if devices != {"cpu"} or any(p.dtype != torch.float32 or not p.requires_grad for p in parameters):
        return "the parameters are not all trained, in float32 and on the CPU"
    return None


def _reason_in_optimizer(optimizer: Optimizer) -> str | None:
    group = optimizer.param_groups[0]
    if type(optimizer).__name__ not in _STATE or not type(optimizer).__module__.startswith("torch.optim"):
        return f"the optimizer is {type(optimizer).__name__}, not SGD, Adam or AdamW of torch.optim"
    if group.get("dampening") or group.get("amsgrad") or group.get("maximize"):
        return "the optimizer uses dampening, amsgrad or maximize"
    return None


class KernelEngine:
    """Runs the optimizer steps of an execution in one compiled call, or in several where somebody listens.

    It works on the memory of the parameters and of the optimizer's state, so that checkpoints, callbacks and other
    engines see ordinary PyTorch objects. Weights keep their shape; in memory their transpose is contiguous.

    Example:
        >>> from litclf.engines.base import Engine
        >>> engine: Engine = KernelEngine()
    """

    def run(self, learner: Learner, execution: Execution, tell: Tell | None = None) -> Sums:
        """One optimizer step for each mini-batch of ``execution``; see :class:`~litclf.engines.base.Engine`.

        What is changed in the middle of a fit so that the kernels no longer serve goes to the eager engine.
        """
        plain = (execution.x.dtype, execution.y.dtype) == (torch.float32, torch.int64)
        if not plain or reason_against(learner) is not None:
            return EagerEngine().run(learner, execution, tell)
        from litclf.engines.kernel.updates import ACTIVATIONS, OPTIMIZERS

        layers, optimizer = cast(Layers, layers_of(learner.network)), learner.optimizer
        rows = np.array(execution.steps.rows, dtype=np.int64)
        kind = type(optimizer).__name__
        addresses = np.array([_addresses(layer, optimizer, kind) for layer in layers.linear])
        coefficients = _coefficients(learner, kind, len(rows))
        x = execution.x.reshape(len(execution.x), -1).contiguous().numpy()
        y = execution.y.contiguous().numpy()
        classes = max(2, int(layers.dims[-1]))
        # Compiled code would read and write beside its arrays.
        if x.shape[1] != layers.dims[0]:
            raise InputError("data", f"inputs must have {layers.dims[0]} values, got {x.shape[1]}", "mend input_shape")
        if len(y) and not 0 <= y.min() <= y.max() < classes:
            raise InputError("data", f"targets must be in [0, {classes - 1}], got {y.min()} to {y.max()}", "mend them")
        losses = np.empty(len(rows))
        described = (layers.dims, ACTIVATIONS.index(layers.activation), OPTIMIZERS.index(kind))
        kernel, counted_from, correct = _kernel(layers.dims, rows), execution.steps.counted_from, 0
        for start, end in pieces(execution, tell):
            batch = (x, y, rows[start:end], max(counted_from - start, 0))
            correct += kernel(batch, described, addresses, coefficients[start:end], losses[start:end])
        return Sums(torch.from_numpy(losses).to(torch.float32), torch.tensor(correct))


def warm_up(learner: Learner, samples: int) -> None:
    """Has ready what the steps of ``learner`` on mini-batches of ``samples`` need, compiled once on each machine."""
    _kernel(cast(Layers, layers_of(learner.network)).dims, np.array([[0, samples]]))


def _coefficients(learner: Learner, kind: str, steps: int) -> NDArray[np.float32]:
    """A row a step: what the update needs of the optimizer's settings, which a schedule may move."""
    optimizer = learner.optimizer
    group, parameters = optimizer.param_groups[0], optimizer.param_groups[0]["params"]
    taken = 0.0 if kind == "SGD" else float(optimizer.state[parameters[0]]["step"])
    coefficients = np.zeros((steps, 11))
    coefficients[:, :9] = _settings(group)
    for number in range(steps if learner.schedules else 0):
        coefficients[number, :9] = _settings(group)
        with warnings.catch_warnings():
            # The steps are taken, only not by `optimizer.step`, which the schedule watches.
            warnings.filterwarnings("ignore", message="Detected call of `lr_scheduler.step")
            for schedule in learner.schedules:
                schedule.step()
    for number in range(0 if kind == "SGD" else steps):
        # By Python's powers: those of NumPy round by where in an array a number stands.
        (beta1, beta2), step = coefficients[number, 4:6].tolist(), taken + number + 1
        coefficients[number, 9:] = 1 - beta1**step, (1 - beta2**step) ** 0.5
    if kind != "SGD":
        for parameter in parameters:
            optimizer.state[parameter]["step"] += steps
    return coefficients.astype(np.float32)


def _settings(group: dict[str, Any]) -> list[float]:
    """What a step's update needs of the optimizer's settings as they are now."""
    beta1, beta2 = group.get("betas", (0.0, 0.0))
    own = [group["lr"], group.get("momentum", 0.0), group.get("nesterov", False), group["weight_decay"]]
    # Differences from one are taken here, in float64: in float32 that of 0.999 is off by 5e-5.
    return [*own, beta1, beta2, 1 - beta1, 1 - beta2, group.get("eps", 0.0)]


def _addresses(layer: nn.Linear, optimizer: Optimizer, kind: str) -> list[int]:
    """Where weight, bias and the optimizer's state of each lie: first states of both, then second ones."""
    if not layer.weight.t().is_contiguous():
        layer.weight.data = layer.weight.data.t().contiguous().t()
    states = [_states(parameter, optimizer, kind) for parameter in (layer.weight, layer.bias)]
    columns = [layer.weight, layer.bias, *(state for pair in zip(*states, strict=True) for state in pair)]
    # SGD has one state of each or none; the kernels do not look at what they do not need.
    return [tensor.data_ptr() for tensor in (*columns, *columns[:2], *columns[:2])[:6]]


def _states(parameter: Tensor, optimizer: Optimizer, kind: str) -> list[Tensor]:
    """The optimizer's state tensors of ``parameter``, made as ``torch.optim`` makes them where there are none yet."""
    state = optimizer.state[parameter]
    if kind != "SGD" and "step" not in state:
        state["step"] = torch.zeros((), dtype=torch.float32)
    for name in _STATE[kind]:
        if state.get(name) is None:
            state[name] = torch.zeros_like(parameter, memory_format=torch.preserve_format)
        elif state[name].stride() != parameter.stride():
            state[name] = torch.empty_like(parameter).copy_(state[name])
    return [state[name] for name in _STATE[kind]]


def _kernel(dims: NDArray[np.int64], rows: NDArray[np.int64]) -> Callable[..., int]:
    """Vectors along the samples for a few units, else along the outputs of each layer."""
    from litclf.engines.kernel.cache import load_kernel  # compiled code is loaded where it is used

    samples = int((rows[:, 1] - rows[:, 0]).max())
    return load_kernel("narrow" if dims.max() <= min(64, samples) else "wide")
