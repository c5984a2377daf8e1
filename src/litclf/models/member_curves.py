"""Member curves: what each member of a fit was worth, by log key, each time that it was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor


class When(NamedTuple):
    """A moment of a fit.

    Attributes:
        step: Optimizer steps that are done.
        epoch: The epoch, from 0 on.
    """

    step: int
    epoch: int


class MemberCurves:
    """The values of every member over a fit; part of its checkpoint, so that those of a resumed fit are whole.

    Example:
        >>> curves = MemberCurves()
        >>> curves.add({"val/loss": torch.tensor([0.5, 0.7])}, When(step=100, epoch=0))
        >>> moments, values = curves["val/loss"]
        >>> moments, values.shape
        ([When(step=100, epoch=0)], torch.Size([1, 2]))
    """

    def __init__(self) -> None:
        self._points: dict[str, tuple[list[When], list[Tensor]]] = {}

    def __iter__(self) -> Any:
        return iter(self._points)

    def __getitem__(self, key: str) -> tuple[list[When], Tensor]:
        """When ``key`` was measured, T times, and its values of the M members, float64 of shape ``(T, M)``."""
        moments, values = self._points[key]
        return list(moments), torch.stack(values)

    def add(self, values: Mapping[str, Tensor], when: When) -> None:
        """Adds the value of each member, shape ``(M,)``, by log key."""
        for key, own in values.items():
            moments, points = self._points.setdefault(key, ([], []))
            moments.append(when)
            points.append(own)

    def state_dict(self) -> dict[str, Any]:
        """All values, as plain lists and tensors."""
        return {key: {"when": [list(one) for one in self[key][0]], "values": self[key][1]} for key in self}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes up what :meth:`state_dict` gave."""
        self._points = {key: ([When(*one) for one in own["when"]], list(own["values"])) for key, own in state.items()}
