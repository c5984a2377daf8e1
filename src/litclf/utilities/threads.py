"""Threads of PyTorch: how many a network is worth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

_SMALL_WORK = 1e8
"""Multiply-adds of a step below which one thread is taken: a second gains little, and costs a lot on a busy machine."""


@contextmanager
def using_threads(number: int) -> Iterator[None]:
    """Has PyTorch use so many threads while it is open, and as many as before afterwards.

    Example:
        >>> before = torch.get_num_threads()
        >>> with using_threads(before + 1):
        ...     torch.get_num_threads() - before
        1
        >>> torch.get_num_threads() - before
        0
    """
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def threads_for(network: nn.Module, example: Tensor | None, batch_size: int) -> int:
    """One thread where a step is little work, PyTorch's default otherwise.

    Args:
        network: The network; its mode is left as it is.
        example: Inputs of it; None where their shape is not known.
        batch_size: Samples of a step.

    Example:
        >>> threads_for(nn.Linear(2, 1), torch.zeros(1, 2), batch_size=32)
        1
    """
    return 1 if batch_size * _multiply_adds(network, example) < _SMALL_WORK else torch.get_num_threads()


def _multiply_adds(network: nn.Module, example: Tensor | None) -> int:
    """Multiplications with a weight that one sample takes; each weight once where the size of a sample is not known."""
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    if example is None or not layers:
        return sum(parameter.numel() for parameter in network.parameters())
    counts: list[int] = []
    hooks = [
        layer.register_forward_hook(lambda layer, _, out: counts.append(out.numel() * layer.weight[0].numel()))
        for layer in layers
    ]
    training = network.training
    try:
        with torch.inference_mode():
            network.eval()(example)
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    return sum(counts) // len(example)
