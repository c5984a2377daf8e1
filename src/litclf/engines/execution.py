"""Execution: K mini-batches laid end to end on the device, which a Trainer sees as one batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

Tell = Callable[[int], None]
"""Is told how many steps of an execution are done."""

_SECONDS = 0.2
"""Time after which listeners hear of an execution that runs: twice a second also where steps take twice as long."""


class Steps:
    """Which rows of an execution each of its optimizer steps takes.

    A plain class, not a tuple or dataclass: Lightning walks through those when it moves a batch to the device.

    Args:
        rows: First row and end row of each step, ``K`` pairs. Steps may share rows (full-batch fits do).
        counted_from: The first step that counts towards the epoch's training metrics, in [0, K]; K means none does.
        shares: What the loss of each step counts in the mean over several processes, K numbers; None for 1 each. Rows
            of a step of share 0 are borrowed, and count for nothing.

    Attributes:
        rows: As given, int64 of shape ``(K, 2)``.
    """

    __slots__ = ("counted_from", "rows", "shares")

    def __init__(self, rows: ArrayLike, counted_from: int = 0, shares: Sequence[float] | None = None) -> None:
        self.rows: NDArray[np.int64] = np.asarray(rows, dtype=np.int64).reshape(-1, 2)
        self.counted_from = counted_from
        self.shares = shares if shares is not None and any(share != 1 for share in shares) else None

    def __len__(self) -> int:
        return len(self.rows)

    def share(self, step: int) -> float:
        """What the loss of ``step`` counts in the mean over several processes."""
        return 1.0 if self.shares is None else self.shares[step]

    @property
    def sizes(self) -> list[int]:
        """Samples of each step that count."""
        sizes: list[int] = (self.rows[:, 1] - self.rows[:, 0]).tolist()
        return sizes if self.shares is None else [size if self.share(step) else 0 for step, size in enumerate(sizes)]


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
        for start, end in self.steps.rows.tolist():
            yield self.x[start:end], self.y[start:end]

    def counted(self) -> Tensor:
        """Targets of the steps from ``steps.counted_from`` on, one after the other."""
        starts, sizes = self.steps.rows[:, 0].tolist(), self.steps.sizes
        counted = range(self.steps.counted_from, len(sizes))
        return torch.cat([self.y[starts[step] : starts[step] + sizes[step]] for step in counted])


class MemberExecutions:
    """An execution for each member of a fit, gathered when it is asked for: the data lies in memory once.

    A plain class, as :class:`Steps` is.

    Args:
        gather: Makes the execution of a member, of the number it is given, which has steps in it.
        each: The steps of each member: those of members with fewer rows may end before those of others.

    Attributes:
        steps: Those of the member that has the most.
    """

    __slots__ = ("_gather", "each", "steps")

    def __init__(self, gather: Callable[[int], Execution], each: Sequence[Steps]) -> None:
        self._gather, self.each, self.steps = gather, each, max(each, key=len)

    def __len__(self) -> int:
        return len(self.each)

    def __getitem__(self, member: int) -> Execution:
        if not 0 <= member < len(self.each):
            raise IndexError(member)
        return self._gather(member)


class MemberBatches:
    """The mini-batches ``(x, y)`` of each member, whose validation or test is of rows of its own.

    A plain class, as :class:`Steps` is.

    Args:
        each: The mini-batches of each member.
    """

    __slots__ = ("each",)

    def __init__(self, each: Sequence[Iterable[tuple[Tensor, Tensor]]]) -> None:
        self.each = each


class Sums(NamedTuple):
    """What an engine gives back for an execution, on the device.

    Attributes:
        losses: Mean loss of each mini-batch before its update, shape ``(K,)``.
        correct: Right answers among the counted steps, 0-dimensional; None for a task that has no such thing.
    """

    losses: Tensor
    correct: Tensor | None


def pieces(execution: Execution, tell: Tell | None) -> Iterator[tuple[int, int]]:
    """First and end step of each piece in which an engine carries out an execution.

    After each piece, ``tell`` is told how many steps are done; what it tells may look, but change nothing. The first
    piece is one step, the others as many as take 0.2 s by the time of the one before, and at most four times its
    steps. Where nobody listens, the whole execution is one piece.

    Example:
        >>> execution = Execution(torch.zeros(1, 2), torch.zeros(1), Steps([(0, 1)] * 20))
        >>> list(pieces(execution, None))
        [(0, 20)]
    """
    steps = len(execution.steps)
    if tell is None:
        yield 0, steps
        return
    start, size = 0, 1
    while start < steps:
        end = min(start + size, steps)
        begin = time.monotonic()
        yield start, end
        if execution.x.is_cuda:
            torch.cuda.synchronize(execution.x.device)  # done, not only launched
        seconds = max(time.monotonic() - begin, 1e-6)
        size = max(1, min(4 * size, int(_SECONDS * (end - start) / seconds)))
        tell(end)
        start = end


def batches_in_pieces(execution: Execution, tell: Tell | None) -> Iterator[tuple[int, tuple[Tensor, Tensor]]]:
    """Number and mini-batch ``(x, y)`` of each step, in :func:`pieces`."""
    batches = execution.batches()
    for start, end in pieces(execution, tell):
        yield from zip(range(start, end), batches, strict=False)
