"""Augmentation: random changes of whole batches of images, each image by its own draws."""

from __future__ import annotations

import torch
from torch import Tensor


def shift(x: Tensor, moves: Tensor, most: int, padding_mode: str = "constant") -> Tensor:
    """Images moved by whole pixels, which is a random crop of the padded image.

    Args:
        x: Images, shape ``(N, C, H, W)``.
        moves: How far each moves down and right, int64 of shape ``(N, 2)``, in [-most, most].
        most: Largest move, in pixels.
        padding_mode: What comes in where an image leaves: ``constant`` for zeros, ``edge`` for its last pixels.

    Example:
        >>> shift(torch.tensor([[[[1, 2], [3, 4]]]]), torch.tensor([[1, 0]]), 1)
        tensor([[[[0, 0],
                  [1, 2]]]])
    """
    from torchvision.transforms.v2 import functional  # a second to load, for fits that move images alone

    height, width = x.shape[-2:]
    padded: Tensor = functional.pad(x, [most], padding_mode=padding_mode)
    rows = torch.arange(height, device=x.device) + most - moves[:, :1]
    columns = torch.arange(width, device=x.device) + most - moves[:, 1:]
    images = torch.arange(len(x), device=x.device)
    return padded[images[:, None, None], :, rows[:, :, None], columns[:, None, :]].movedim(-1, 1)


def flip(x: Tensor, flips: Tensor) -> Tensor:
    """Images mirrored left to right where ``flips``, shape ``(N,)``, is not zero."""
    return torch.where(flips.bool()[:, None, None, None], x.flip(-1), x)
