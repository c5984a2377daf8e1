"""Network building: plain PyTorch networks that return logits."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from litclf.models.networks.cnn import CNN
from litclf.models.networks.mlp import MLP
from litclf.utilities.errors import InputError, nearest

OWN_NETWORKS = ("mlp", "cnn")
"""Names of the networks of this module; others are torchvision's."""


def check_name(name: str) -> None:
    """Refuses a name of a network that is none.

    Raises:
        InputError: With the nearest name as the way out.
    """
    if name in OWN_NETWORKS:
        return
    from litclf.models.networks.torchvision import backbone_names  # loads torchvision

    if name not in backbone_names():
        near = nearest(str(name), (*OWN_NETWORKS, *backbone_names()))
        rule = f"must be mlp, cnn or a classification network of torchvision, got {name!r}"
        raise InputError("network", rule, f"did you mean {near}?" if near else "pass cnn, or a name such as resnet18")


def check_network(name: str, hidden_dims: Sequence[int], init: str) -> None:
    """Refuses a name that is none, and settings that one of torchvision's networks does not have.

    Raises:
        InputError: Naming the setting.
    """
    check_name(name)
    if name in OWN_NETWORKS:
        return
    if hidden_dims:
        rule = f"does nothing for {name}, got {list(hidden_dims)}"
        raise InputError("hidden_dims", rule, "pass [] with a network of torchvision")
    if init != "default":
        raise InputError("init", f"is for mlp and cnn, got {init} for {name}", "pass default")


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
        >>> import torch
        >>> build_network("mlp", [2], [10], "relu", 1)(torch.zeros(3, 2)).shape
        torch.Size([3, 1])
    """
    if name == "cnn":
        return CNN(input_shape, hidden_dims, out_features)
    if name == "mlp":
        return MLP(input_shape, hidden_dims, out_features, activation)
    check_name(name)
    from litclf.models.networks.torchvision import Backbone

    return Backbone(name, input_shape, out_features, weights_path)
