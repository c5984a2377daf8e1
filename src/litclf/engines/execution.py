"""An execution: K mini-batches laid end to end on the device, which a Trainer sees as one batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import torch
from lightning.pytorch import LightningModule
from torch import Tensor
from torch.optim import Optimizer


class Steps:
    """Which rows of an execution each of its optimizer steps takes.

    A plain class, not a tuple or dataclass: Lightning walks through those when it moves a batch to the device.

    Args:
        rows: First row and end row of each step, ``K`` pairs. Steps may share rows (full-batch fits do).
        counted_from: The first step that counts towards the epoch's training metrics, in [0, K]; K means none does.
    """

    __slots__ = ("counted_from", "rows")

    def __init__(self, rows: Sequence[tuple[int, int]], counted_from: int = 0) -> None:
        self.rows = rows
        self.counted_from = counted_from

    def __len__(self) -> int:
        return len(self.rows)


class Execution(NamedTuple):
    """K mini-batches laid end to end.

    Attributes:
        x: Inputs of all steps, shape ``(M, *input_shape)``, on the device.
        y: Targets of all steps, shape ``(M,)``, on the device.
        steps: Which of the ``M`` rows each step takes.

    Example:
        >>> execution = Execution(torch.zeros(5, 2), torch.zeros(5), Steps([(0, 3), (3, 5)]))
        >>> [len(y) for x, y in execution.batches()]
        [3, 2]
    """

    x: Tensor
    y: Tensor
    steps: Steps

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """The mini-batches ``(x, y)`` in order, as views without a copy."""
        for start, end in self.steps.rows:
            yield self.x[start:end], self.y[start:end]

    def counted(self) -> Tensor:
        """Targets of the steps from ``steps.counted_from`` on, one after the other."""
        return torch.cat([self.y[start:end] for start, end in self.steps.rows[self.steps.counted_from :]])


class Sums(NamedTuple):
    """What an engine gives back for an execution, on the device.

    Attributes:
        losses: Mean loss of each mini-batch before its update, shape ``(K,)``.
        correct: Right answers among the counted steps, 0-dimensional; None for a task that has no such thing.
    """

    losses: Tensor
    correct: Tensor | None


class Trainable(Protocol):
    """What an engine needs of a LightningModule."""

    def step(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Mean loss of a mini-batch, 0-dimensional, and the outputs it came from."""

    def correct(self, outputs: Tensor, y: Tensor) -> Tensor | None:
        """How many of the outputs are right, 0-dimensional; None for a task that has no such thing."""


class Engine(Protocol):
    """Carries out the optimizer steps of an execution."""

    def run(self, module: LightningModule, optimizer: Optimizer, execution: Execution) -> Sums:
        """One optimizer step for each mini-batch of ``execution``, in order; counts them in ``global_step``."""
