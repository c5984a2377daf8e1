"""CNN: a small convolutional network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from litclf.utilities.errors import InputError


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
