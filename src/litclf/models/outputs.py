"""Outputs: what a network makes of a whole split, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn


def outputs(network: nn.Module, batches: Iterable[Sequence[Tensor]]) -> tuple[Tensor, Tensor]:
    """What ``network`` makes of the inputs of ``batches``, and the targets beside them, both on the CPU.

    The network is asked in evaluation mode, on its own device and in its own precision, and is left in the mode it was
    in.

    Args:
        network: The network, or a whole LightningModule.
        batches: Pairs ``(x, y)``, such as a loader gives; nothing is kept of ``x``.

    Returns:
        Outputs of shape ``(N, ...)`` and targets of shape ``(N,)``, in the order of the batches; both of shape
        ``(0,)`` where there is no batch.

    Example:
        >>> loader = [(torch.ones(2, 3), torch.zeros(2)), (torch.ones(1, 3), torch.zeros(1))]
        >>> found, targets = outputs(nn.Linear(3, 4), loader)
        >>> found.shape, targets.shape
        (torch.Size([3, 4]), torch.Size([3]))
    """
    own = next(network.parameters(), torch.empty(0))
    training = network.training
    network.eval()
    try:
        with torch.no_grad():
            parts = [(network(x.to(own)).cpu().float(), y.cpu()) for x, y in batches]
    finally:
        network.train(training)
    if not parts:
        return torch.empty(0), torch.empty(0, dtype=torch.int64)
    found, targets = zip(*parts, strict=True)
    return torch.cat(found), torch.cat(targets)
