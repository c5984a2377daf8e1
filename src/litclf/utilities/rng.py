"""Random numbers of a fit: their states, as plain values that a checkpoint can hold."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch


def rng_state() -> dict[str, Any]:
    """State of the generators of PyTorch (CPU and, where CUDA is in use, its devices), NumPy and Python.

    Example:
        >>> state = rng_state()
        >>> first = random.random(), float(np.random.rand()), float(torch.rand(()))
        >>> set_rng_state(state)
        >>> first == (random.random(), float(np.random.rand()), float(torch.rand(())))
        True
    """
    kind, keys, position, has_gauss, gauss = np.random.get_state()
    version, numbers, gauss_next = random.getstate()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if _on_cuda() else [],
        "numpy": [kind, torch.from_numpy(np.asarray(keys, np.int64)), int(position), int(has_gauss), float(gauss)],
        "python": [version, torch.from_numpy(np.array(numbers, np.int64)), gauss_next],
    }


def _on_cuda() -> bool:
    return torch.cuda.is_initialized() and torch.cuda.is_available()  # type: ignore[no-untyped-call]


def set_rng_state(state: dict[str, Any]) -> None:
    """Sets the generators to what :func:`rng_state` returned; devices that are not there any more are left out."""
    torch.set_rng_state(state["torch"])
    for device, of_device in enumerate(state["cuda"][: torch.cuda.device_count()]):
        torch.cuda.set_rng_state(of_device, device)
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))
    version, numbers, gauss_next = state["python"]
    random.setstate((version, tuple(numbers.tolist()), gauss_next))
