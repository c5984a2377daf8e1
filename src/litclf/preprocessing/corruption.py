"""Corruption: a known linear map that destroys an image's look, for the restoration experiment."""

from __future__ import annotations

from torch import Tensor, nn


class Corruption(nn.Module):
    """Repeatedly shifts, subtracts and folds a flat vector: a known linear map that destroys an image's look.

    Each round takes the element after, less the element itself, less the one before, over three; every other round,
    from the first on, swaps the vector's halves.

    Args:
        rounds: Number of rounds.

    Example:
        >>> import torch
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
