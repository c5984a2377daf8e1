"""MLP: fully connected networks, and how their weights start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod

from torch import nn

from litclf.utilities.checks import one_of

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "identity": nn.Identity,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "selu": nn.SELU,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "gelu_tanh": partial(nn.GELU, approximate="tanh"),
}
_LIKE_RELU = ("silu", "gelu", "gelu_tanh")
"""Activations that PyTorch knows no gain of, and that are ReLU but for a bend near zero."""


class MLP(nn.Sequential):
    """Fully connected layers with an activation between them; inputs of any shape are flattened.

    Args:
        input_shape: Shape of one input.
        hidden_dims: Width of each hidden layer; empty makes the network linear.
        out_features: Number of logits.
        activation: Name of the activation after each hidden layer, a key of ``ACTIVATIONS``.

    Example:
        >>> import torch
        >>> MLP((1, 28, 28), [128], 10)(torch.zeros(3, 1, 28, 28)).shape
        torch.Size([3, 10])
    """

    def __init__(
        self, input_shape: Sequence[int], hidden_dims: Sequence[int], out_features: int, activation: str = "relu"
    ) -> None:
        one_of("activation", activation, ACTIVATIONS)
        layers: list[nn.Module] = [nn.Flatten()] if len(input_shape) > 1 else []
        features = prod(input_shape)
        for width in hidden_dims:
            layers.append(nn.Linear(features, width))
            if activation != "identity":
                layers.append(ACTIVATIONS[activation]())
            features = width
        super().__init__(*layers, nn.Linear(features, out_features))


def initialize(network: nn.Module, init: str, activation: str) -> None:
    """Sets the initial weights of ``network`` in place.

    Args:
        network: Any network.
        init: ``default`` changes nothing; ``zeros`` sets every parameter to zero; ``kaiming`` draws the weights of
            linear layers with the gain of the activation after them, and sets their biases to zero; ``ntk`` draws the
            weights of linear layers with variance 1 / inputs, and the biases of hidden layers with variance 1.
        activation: Name of the activation after each linear layer but the last, a key of ``ACTIVATIONS``.

    Source: :func:`torch.nn.init.kaiming_normal_`.

    Example:
        >>> import torch
        >>> network = MLP((2,), [3], 1)
        >>> initialize(network, "zeros", "relu")
        >>> float(network(torch.ones(1, 2)).detach())
        0.0
    """
    if init == "zeros":
        for parameter in network.parameters():
            nn.init.zeros_(parameter)
    elif init == "kaiming":
        layers = [module for module in network.modules() if isinstance(module, nn.Linear)]
        for layer in layers:
            last = layer is layers[-1] or activation == "identity"
            # As PyTorch's own gain: it knows leaky ReLU by the slope that nn.LeakyReLU has.
            kind = "relu" if activation in _LIKE_RELU else activation
            gain = nn.init.calculate_gain("linear" if last else kind)  # type: ignore[arg-type]
            nn.init.normal_(layer.weight, std=gain / layer.in_features**0.5)
            nn.init.zeros_(layer.bias)
    elif init == "ntk":
        layers = [module for module in network.modules() if isinstance(module, nn.Linear)]
        for layer in layers:
            nn.init.normal_(layer.weight, std=layer.in_features**-0.5)
            nn.init.normal_(layer.bias, std=0.0 if layer is layers[-1] else 1.0)
