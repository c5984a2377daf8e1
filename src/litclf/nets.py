"""Plain PyTorch networks that return logits."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch import nn

from litclf.utilities.checks import one_of
from litclf.utilities.errors import InputError, nearest

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "identity": nn.Identity,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}

OWN_NETWORKS = ("mlp", "cnn")
"""Names of the networks of this module; others are torchvision's."""


def check_name(name: str) -> None:
    """Refuses a name of a network that is none.

    Raises:
        InputError: With the nearest name as the way out.
    """
    if name in OWN_NETWORKS:
        return
    from litclf.backbones import backbone_names  # loads torchvision

    if name not in backbone_names():
        near = nearest(str(name), (*OWN_NETWORKS, *backbone_names()))
        rule = f"must be mlp, cnn or a classification network of torchvision, got {name!r}"
        raise InputError("network", rule, f"did you mean {near}?" if near else "pass cnn, or a name such as resnet18")


def build_network(
    name: str,
    input_shape: Sequence[int],
    hidden_dims: Sequence[int],
    activation: str,
    out_features: int,
    weights_path: str | None = None,
) -> nn.Module:
    """The network of that name.

    Args:
        name: ``mlp``, ``cnn``, or a classification network of torchvision.
        input_shape: Shape of one input.
        hidden_dims: Width of each hidden layer of the MLP, or channels of each stage of the CNN.
        activation: Activation of the MLP, a key of ``ACTIVATIONS``.
        out_features: Number of logits.
        weights_path: File of weights that a network of torchvision starts from; None draws random ones.

    Raises:
        InputError: If there is no such network, or no such activation.

    Example:
        >>> build_network("mlp", [2], [10], "relu", 1)(torch.zeros(3, 2)).shape
        torch.Size([3, 1])
    """
    if name == "cnn":
        return CNN(input_shape, hidden_dims, out_features)
    if name == "mlp":
        return MLP(input_shape, hidden_dims, out_features, activation)
    check_name(name)
    from litclf.backbones import Backbone

    return Backbone(name, input_shape, out_features, weights_path)


class MLP(nn.Sequential):
    """Fully connected layers with an activation between them; inputs of any shape are flattened.

    Args:
        input_shape: Shape of one input.
        hidden_dims: Width of each hidden layer; empty makes the network linear.
        out_features: Number of logits.
        activation: Name of the activation after each hidden layer, a key of ``ACTIVATIONS``.

    Example:
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
            linear layers with the gain of the activation after them, and sets their biases to zero.
        activation: Name of the activation after each linear layer but the last, a key of ``ACTIVATIONS``.

    Source: :func:`torch.nn.init.kaiming_normal_`.

    Example:
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
            gain = nn.init.calculate_gain("linear" if last else activation)  # type: ignore[arg-type]
            nn.init.normal_(layer.weight, std=gain / layer.in_features**0.5)
            nn.init.zeros_(layer.bias)


class CNN(nn.Sequential):
    """A small, fast convolutional network for small images.

    Each stage is a convolution without padding (5 x 5 pixels in the first, 3 x 3 after it), pooling by two in all but
    the last, batch norm and ReLU. Pooling comes before batch norm, which then works on a quarter of the pixels, and
    weights lie channels-last, which PyTorch's CPU convolutions are about twice as fast with.

    Args:
        input_shape: Shape ``(channels, height, width)`` of one image.
        hidden_dims: Channels of each stage, at least one stage.
        out_features: Number of logits.

    Raises:
        InputError: If inputs are not images, or too small for so many stages.

    Example:
        >>> CNN((1, 28, 28), [16, 48, 96], 10)(torch.zeros(3, 1, 28, 28)).shape
        torch.Size([3, 10])
    """

    def __init__(self, input_shape: Sequence[int], hidden_dims: Sequence[int], out_features: int) -> None:
        if len(input_shape) != 3:
            raise InputError("network", f"cnn needs images, got inputs of shape {tuple(input_shape)}", "pass mlp")
        if not hidden_dims:
            raise InputError("hidden_dims", "must hold a stage for cnn, got none", "pass channels such as [16, 48, 96]")
        layers: list[nn.Module] = []
        channels, height, width = input_shape
        for stage, own in enumerate(hidden_dims):
            kernel, pools = 5 if stage == 0 else 3, stage < len(hidden_dims) - 1
            height, width = ((size - kernel + 1) // (2 if pools else 1) for size in (height, width))
            if min(height, width) < 1:
                rule = f"has too many stages for images of {tuple(input_shape[1:])} pixels, got {list(hidden_dims)}"
                raise InputError("hidden_dims", rule, "pass fewer stages")
            layers.append(nn.Conv2d(channels, own, kernel, bias=False))
            layers += [nn.MaxPool2d(2)] if pools else []
            layers += [nn.BatchNorm2d(own), nn.ReLU()]
            channels = own
        super().__init__(*layers, nn.Flatten(), nn.Linear(channels * height * width, out_features))
        self.to(memory_format=torch.channels_last)
