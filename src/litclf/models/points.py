"""Points of the training curve: the mean loss of the steps since the point before, whatever executions there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from lightning.pytorch import Trainer
from torch import Tensor

from litclf.utilities.processes import gathered

_SINGLE = 6
"""The first 2 ** 6 steps of a fit are a point each; from then on, points are twice as far apart at twice the steps."""


class Rows(NamedTuple):
    """Points that became complete together.

    Attributes:
        steps: Index of the last step of each, from 0 on.
        values: Mean loss of each.
    """

    steps: Sequence[int]
    values: Sequence[float]


@runtime_checkable
class TakesRows(Protocol):
    """A logger that takes many values of one key at once."""

    def log_rows(self, key: str, rows: Rows, epoch: int) -> None:
        """Logs the values of ``key`` at the steps of ``rows``, all of which are of ``epoch``."""


class Points:
    """Cuts the losses of a fit's steps into points.

    Where a point ends depends on the number of its last step alone, so that a fit has the same points whatever its
    executions are, wherever it was resumed and whenever it ends.

    Args:
        every: Steps of a point; 0 for no points. None makes as many as a curve needs, in a fit of any length: the first
            64 steps are a point each, 32 points of 2 steps follow, 32 of 4 steps, and so on.

    Attributes:
        latest: Mean loss of the last point that the latest losses completed, or else of the steps since, on the device.

    Example:
        >>> points = Points(every=2)
        >>> points.add(torch.tensor([4.0, 2.0, 1.0]), done=3)
        Rows(steps=[1], values=[3.0])
        >>> points.latest
        tensor(3.)
        >>> points.add(torch.tensor([3.0]), done=4)
        Rows(steps=[3], values=[2.0])
    """

    def __init__(self, every: int | None = None) -> None:
        self.every, self.done = every, 0
        self.latest = torch.zeros(())
        self._sum: float | Tensor = 0.0
        self._count = 0

    def begin(self, done: int, every: int | None) -> None:
        """Goes on after ``done`` optimizer steps of the fit."""
        self.done, self.every = done, every

    def add(self, losses: Tensor, done: int) -> Rows:
        """Takes further losses, and gives back the points that they complete.

        Waits for the device only where there are any.

        Args:
            losses: Losses of the latest steps, shape ``(K,)``; of a batch of which gradients are accumulated, its own.
            done: Optimizer steps of the fit, with these.
        """
        ends = self._ends(done)
        self.done = done
        if not ends:
            # Metal knows no 64 bits.
            precise = torch.float32 if losses.device.type == "mps" else torch.float64
            total = losses.sum(dtype=precise) + self._sum
            self._sum, self._count = total, self._count + len(losses)
            self.latest = (total / self._count).to(losses.dtype)
            return Rows([], [])
        values = losses.cpu().double().numpy()
        cuts = len(values) - done + np.array(ends)
        sums = np.add.reduceat(values[: cuts[-1]], np.append(0, cuts[:-1]))
        sizes = np.diff(cuts, prepend=0)
        sums[0] += float(self._sum)
        sizes[0] += self._count
        self._sum, self._count = float(values[cuts[-1] :].sum()), len(values) - int(cuts[-1])
        rows = Rows([end - 1 for end in ends], (sums / sizes).tolist())
        self.latest = losses.new_tensor(rows.values[-1])
        return rows

    def state(self) -> tuple[float, int]:
        """Sum, as a mean of all processes, and number of the losses since the latest point, for a checkpoint."""
        sums = gathered(float(self._sum))
        return sum(sums) / len(sums), self._count

    def restore(self, state: Sequence[float]) -> None:
        """Takes up what :meth:`state` gave."""
        self._sum, self._count = state[0], int(state[1])

    def _ends(self, done: int) -> list[int]:
        """How many steps are done at the end of each point that falls after ``self.done`` and up to ``done``."""
        ends, end = [], self.done
        while self.every != 0:
            every = self.every or 1 << max(0, end.bit_length() - _SINGLE)
            end += every - end % every
            if end > done:
                break
            ends.append(end)
        return ends


def write_rows(trainer: Trainer, key: str, rows: Rows) -> None:
    """Logs ``rows``, as means over the processes; one value at a time to loggers that take no rows.

    Those that do are told also where there are none: they may have others that wait to be written.
    """
    if trainer.world_size > 1 and rows.steps:
        means = torch.tensor(rows.values, device=trainer.strategy.root_device)
        rows = rows._replace(values=trainer.strategy.reduce(means, reduce_op="mean").tolist())
    for logger in trainer.loggers:
        if isinstance(logger, TakesRows):
            logger.log_rows(key, rows, trainer.current_epoch)
            continue
        for step, value in zip(rows.steps, rows.values, strict=True):
            logger.log_metrics({key: value, "epoch": trainer.current_epoch}, step)
