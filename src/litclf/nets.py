"""Plain PyTorch networks that return logits."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from torch import Tensor, nn

from litclf.checks import InputError

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "identity": nn.Identity,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


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
        layers: list[nn.Module] = [nn.Flatten()] if len(input_shape) > 1 else []
        features = prod(input_shape)
        for width in hidden_dims:
            layers.append(nn.Linear(features, width))
            if activation != "identity":
                layers.append(ACTIVATIONS[activation]())
            features = width
        super().__init__(*layers, nn.Linear(features, out_features))


class CNN(nn.Sequential):
    """A small convolutional network for small images: stages of convolution, batch norm, ReLU and pooling.

    Args:
        input_shape: Shape ``(channels, height, width)`` of one image.
        hidden_dims: Channels of each stage, at least one stage; each stage halves height and width.
        out_features: Number of logits.

    Raises:
        InputError: If inputs are not images, or too small for so many stages.

    Example:
        >>> CNN((1, 28, 28), [16, 32], 10)(torch.zeros(3, 1, 28, 28)).shape
        torch.Size([3, 10])
    """

    def __init__(self, input_shape: Sequence[int], hidden_dims: Sequence[int], out_features: int) -> None:
        if len(input_shape) != 3:
            raise InputError("network", f"cnn needs images, got inputs of shape {tuple(input_shape)}", "pass mlp")
        if not hidden_dims or min(input_shape[1:]) >> len(hidden_dims) < 1:
            rule = (
                f"must hold 1 to {min(input_shape[1:]).bit_length() - 1} stages for this image size, got {hidden_dims}"
            )
            raise InputError("hidden_dims", rule, "pass the channels of each stage, such as [32, 64]")
        layers: list[nn.Module] = []
        channels = input_shape[0]
        for width in hidden_dims:
            layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            layers += [nn.MaxPool2d(2)]
            channels = width
        super().__init__(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, out_features))


class Corruption(nn.Module):
    """Repeatedly shifts, subtracts and folds a flat vector: a known linear map that destroys an image's look.

    Each round takes the element after, less the element itself, less the one before, over three; every other round,
    from the first on, swaps the vector's halves.

    Args:
        rounds: Number of rounds.

    Example:
        >>> Corruption(1)(torch.tensor([[3.0, 0.0, 0.0, 6.0]]))
        tensor([[ 2., -2., -1., -1.]])
    """

    def __init__(self, rounds: int) -> None:
        super().__init__()
        self.rounds = rounds

    def forward(self, x: Tensor) -> Tensor:
        """The corrupted vectors of ``x``, shape ``(N, L)``."""
        for number in range(self.rounds):
            before = nn.functional.pad(x[:, :-1], (1, 0))
            after = nn.functional.pad(x[:, 1:], (0, 1))
            x = (after - x - before) / 3
            if number % 2 == 0:
                x = x.roll(-(x.shape[1] // 2), dims=1)
        return x
