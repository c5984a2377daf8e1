"""Kernel engine: compiled steps on the CPU for fully connected networks, in place on PyTorch's own memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from litclf.engines.base import Learner, Loss
from litclf.engines.eager import EagerEngine
from litclf.engines.execution import Execution, Sums, Tell, pieces
from litclf.engines.kernel.rule import STATE, addresses, coefficients, lay_out
from litclf.utilities.errors import InputError

_MODULES = {
    nn.ReLU: "relu",
    nn.LeakyReLU: "leaky_relu",
    nn.Tanh: "tanh",
    nn.Sigmoid: "sigmoid",
    nn.SELU: "selu",
    nn.SiLU: "silu",
    nn.GELU: "gelu",
}


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

    @property
    def parameters(self) -> list[Tensor]:
        """Weight and bias of each layer."""
        return [parameter for layer in self.linear for parameter in (layer.weight, layer.bias)]


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
    names = {_name(module) for module in between}
    plain = not between and [type(m) for m in modules] == [nn.Linear] * len(linear)
    alternate = len(modules) == 2 * len(linear) - 1 and all(type(module) is nn.Linear for module in modules[::2])
    if not linear or not (plain or (alternate and len(names) == 1 and "" not in names)):
        return None
    if any(layer.bias is None for layer in linear) or any(
        isinstance(module, nn.LeakyReLU) and module.negative_slope != 0.01 for module in between
    ):
        return None
    return Layers(linear, "identity" if plain else names.pop())


def _name(activation: nn.Module) -> str:
    """Name of an activation as the kernels know it, empty where they do not."""
    name = _MODULES.get(type(activation), "")
    return "gelu_tanh" if isinstance(activation, nn.GELU) and activation.approximate == "tanh" else name


def reason_against(learner: Learner) -> str | None:
    """Why the kernels cannot train ``learner``; None where they can."""
    if learner.watch is not None and learner.watch.reduce is None:
        return learner.watch.reason
    if isinstance(learner.loss, str):
        return learner.loss
    return _reason_in_network(learner) or _reason_in_optimizer(learner.optimizer)


def _reason_in_network(learner: Learner) -> str | None:
    layers = layers_of(learner.network)
    if layers is None:
        return "the network is not linear layers with one activation between them"
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    modules = learner.network.modules()
    if any(getattr(module, name, None) for module in modules for name in hooks):
        return "hooks of the network's layers need to run"
    parameters = learner.parameters
    own = {id(parameter) for parameter in layers.parameters}
    if own != {id(p) for p in parameters} or len(own) != 2 * len(layers.linear):
        return "the optimizer does not hold just the network's parameters"
    devices = {learner.device.type, *(p.device.type for p in parameters)}
    if devices != {"cpu"} or any(p.dtype != torch.float32 or not p.requires_grad for p in parameters):
        return "the parameters are not all trained, in float32 and on the CPU"
    return None


def _reason_in_optimizer(optimizer: Optimizer) -> str | None:
    if type(optimizer).__name__ not in STATE or not type(optimizer).__module__.startswith("torch.optim"):
        return f"the optimizer is {type(optimizer).__name__}, not SGD, Adam or AdamW of torch.optim"
    if any(group.get(name) for group in optimizer.param_groups for name in ("dampening", "amsgrad", "maximize")):
        return "the optimizer uses dampening, amsgrad or maximize"
    return None


class KernelEngine:
    """Runs the optimizer steps of an execution in one compiled call, or in several where somebody listens.

    It works on the memory of the parameters and of the optimizer's state, so that checkpoints, callbacks and other
    engines see ordinary PyTorch objects. Weights keep their shape; in memory their transpose is contiguous. The call
    holds no lock, so that several threads can run executions of several networks at once.

    Example:
        >>> from litclf.engines.base import Engine
        >>> engine: Engine = KernelEngine()
    """

    concurrent = True

    def run(self, learner: Learner, execution: Execution, tell: Tell | None = None) -> Sums:
        """One optimizer step for each mini-batch of ``execution``; see :class:`~litclf.engines.base.Engine`.

        What is changed in the middle of a fit so that the kernels no longer serve goes to the eager engine.
        """
        plain = (execution.x.dtype, execution.y.dtype) == (torch.float32, torch.int64)
        if not plain or reason_against(learner) is not None:
            return EagerEngine().run(learner, execution, tell)
        from litclf.engines.kernel.activations import ACTIVATIONS
        from litclf.engines.kernel.updates import CLIPS, GRADIENTS, OPTIMIZERS, STEP, UPDATE

        layers, optimizer, steps = cast(Layers, layers_of(learner.network)), learner.optimizer, execution.steps
        rows, losses = steps.rows, np.empty(len(steps))
        x, y = _arrays(execution, layers.dims)
        # The gradients of each layer lie end to end, those of its weights before those of its bias.
        gradients = np.empty(sum(parameter.numel() for parameter in layers.parameters), np.float32)
        where = addresses(layers.linear, optimizer)
        network = (layers.dims, ACTIVATIONS.index(layers.activation), where, gradients)
        loss = _loss(cast(Loss, learner.loss), int(layers.dims[-1]))
        clip = ("none", 0.0) if learner.clip is None else (learner.clip.kind, learner.clip.limit)
        rule = (OPTIMIZERS.index(type(optimizer).__name__), CLIPS.index(clip[0]), np.float32(clip[1]))
        moving = coefficients(optimizer, layers.parameters, learner.schedules, len(steps))
        kernel, correct = _kernel(layers.dims, rows), 0

        def run(mode: int, start: int, end: int) -> int:
            batch = (x, y, rows[start:end], max(steps.counted_from - start, 0))
            return kernel(mode, batch, network, loss, (*rule, moving[start:end]), losses[start:end])

        for start, end in pieces(execution, tell):
            if learner.watch is None and steps.shares is None:
                correct += run(STEP, start, end)
                continue
            for step in range(start, end):
                right, share = run(GRADIENTS, step, step + 1), steps.share(step)
                correct += right if share else 0
                gradients *= np.float32(share)
                if learner.watch is not None and learner.watch.reduce is not None:
                    learner.watch.reduce(torch.from_numpy(gradients))
                run(UPDATE, step, step + 1)
        return Sums(torch.from_numpy(losses).to(torch.float32), torch.tensor(correct))


def begin(learner: Learner) -> None:
    """Lays the weights out before the first step: what else computes with them then rounds as after any other."""
    lay_out(cast(Layers, layers_of(learner.network)).linear)


def warm_up(learner: Learner, samples: int) -> None:
    """Has ready what the steps of ``learner`` on mini-batches of ``samples`` need, compiled once on each machine."""
    _kernel(cast(Layers, layers_of(learner.network)).dims, np.array([[0, samples]]))


def _arrays(execution: Execution, dims: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Inputs and targets as the kernels take them."""
    x = execution.x.reshape(len(execution.x), -1).contiguous().numpy()
    y = execution.y.contiguous().numpy()
    classes = max(2, int(dims[-1]))
    # Compiled code would read and write beside its arrays.
    if x.shape[1] != dims[0]:
        raise InputError("data", f"inputs must have {dims[0]} values, got {x.shape[1]}", "mend input_shape")
    if len(y) and not 0 <= y.min() <= y.max() < classes:
        raise InputError("data", f"targets must be in [0, {classes - 1}], got {y.min()} to {y.max()}", "mend them")
    return x, y


def _loss(loss: Loss, outputs: int) -> tuple[NDArray[np.float32], np.float32]:
    """The weight of each class, and the smoothing."""
    classes = max(2, outputs)
    weights = (1.0,) * classes if loss.class_weights is None else loss.class_weights
    if len(weights) != classes:
        raise InputError("class_weights", f"must be {classes}, one a class, got {len(weights)}", "mend them")
    return np.array(weights, np.float32), np.float32(loss.label_smoothing)


def _kernel(dims: NDArray[np.int64], rows: NDArray[np.int64]) -> Callable[..., int]:
    """Vectors along the samples for a few units, else along the outputs of each layer."""
    from litclf.engines.kernel.cache import load_kernel  # compiled code is loaded where it is used

    samples = int((rows[:, 1] - rows[:, 0]).max())
    return load_kernel("narrow" if dims.max() <= min(64, samples) else "wide")
