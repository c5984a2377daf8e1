"""Threads: how many of PyTorch's a network is worth, and work that is done side by side on threads of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor, nn

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")

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


def available_processors() -> int:
    """Processors that this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def side_by_side(work: Callable[[_Item], _Made], items: Sequence[_Item], threads: int | None = None) -> list[_Made]:
    """What ``work`` makes of each item, several at a time; it gains where the work holds no lock of Python's.

    Args:
        work: What is done with an item, whichever thread it is on.
        items: The items.
        threads: Threads at most; None takes as many as there are processors.

    Example:
        >>> side_by_side(abs, [-1, 2, -3])
        [1, 2, 3]
    """
    number = min(threads or available_processors(), len(items))
    if number < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(work, items))
