"""Best of members: what each member was when it was best, and how a checkpoint holds that of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Best:
    """A member when it was best.

    Attributes:
        score: The metric that told.
        step: Optimizer steps that the fit had done.
        epoch: Its epoch, from 0 on.
        values: What was measured of it then, by log key.
        weights: Its network's weights.
    """

    score: float
    step: int
    epoch: int
    values: dict[str, float]
    weights: dict[str, Tensor]


def packed(best: Sequence[Best | None], weights: bool = True) -> dict[str, Any]:
    """The best of all members as plain values and a tensor for each weight: many small ones take longer to save.

    Args:
        best: That of each member; None where there is none.
        weights: Whether the weights are kept; a checkpoint of the best has them as its own.

    Example:
        >>> best = [None, Best(0.5, 20, 1, {"val/loss": 0.5}, {"bias": torch.tensor([1.0])})]
        >>> unpacked(packed(best)) == best
        True
    """
    known = [one for one in best if one is not None]
    names = list(known[0].weights) if known and weights else []
    return {
        "values": [None if one is None else {**vars(one), "weights": None} for one in best],
        "weights": {name: _together([one.weights[name] for one in known]) for name in names},
    }


def _together(tensors: list[Tensor]) -> Tensor | list[Tensor]:
    """One tensor of several of one shape; those of folds that differ in their categories stay what they are."""
    return torch.stack(tensors) if len({tensor.shape for tensor in tensors}) == 1 else tensors


def unpacked(state: dict[str, Any]) -> list[Best | None]:
    """What :func:`packed` was given."""
    found: list[Best | None] = []
    known = 0
    for values in state["values"]:
        if values is None:
            found.append(None)
            continue
        weights = {name: of_all[known].clone() for name, of_all in state["weights"].items()}
        found.append(Best(**{**values, "weights": weights}))
        known += 1
    return found
