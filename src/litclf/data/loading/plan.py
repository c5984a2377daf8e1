"""Plan of an epoch: where its executions begin and end."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple


class Position(NamedTuple):
    """How far a fit has come in its data: the same whatever engine runs its steps, and however many at once.

    Attributes:
        epoch: The Trainer epoch.
        steps: Optimizer steps of that epoch whose mini-batches were handed out.
    """

    epoch: int = 0
    steps: int = 0


class Plan:
    """Cuts the steps of an epoch into executions of at most K steps, as many in every epoch.

    An execution ends where a checkpoint, a log or the end of the fit falls, so that nothing happens late. The Trainer
    reads the number of batches once, so epochs with fewer such points are cut into as many executions as the others.

    Args:
        steps_per_epoch: Optimizer steps of a Trainer epoch, at least 1.
        steps_per_execution: K, the most steps an execution may have, at least 1.
        periods: Numbers of steps of the fit after which something happens.
        max_steps: Optimizer steps of the whole fit; -1 for no limit.
        start: Where a resumed fit goes on.

    Attributes:
        num_executions: Executions of an epoch.
        done: Executions that count as done in the epoch where a resumed fit goes on, so that those to come add up to
            ``num_executions``, as the Trainer counts.

    Example:
        >>> plan = Plan(10, 4, periods=[6])
        >>> plan.executions(epoch=0), plan.executions(epoch=1)
        ([(0, 2), (2, 4), (4, 6), (6, 8), (8, 10)], [(0, 2), (2, 4), (4, 6), (6, 8), (8, 10)])
    """

    def __init__(
        self,
        steps_per_epoch: int,
        steps_per_execution: int,
        periods: Sequence[int] = (),
        max_steps: int = -1,
        start: Position | None = None,
    ) -> None:
        self.steps_per_epoch = steps_per_epoch
        self.steps_per_execution = steps_per_execution
        self.periods = [period for period in periods if period > 0]
        self.max_steps = max_steps
        self.start = start or Position()
        # A cut adds at most one execution; where a period divides the epoch, one cut falls on the epoch's end.
        cuts = sum((steps_per_epoch - 1) // period + (steps_per_epoch % period > 0) for period in self.periods)
        self.num_executions = min(-(-steps_per_epoch // steps_per_execution) + cuts, steps_per_epoch)
        self.done = self.num_executions - len(self.executions(self.start.epoch))

    def last_step(self, epoch: int) -> int:
        """Where epoch ``epoch`` ends: ``steps_per_epoch``, or less where the fit ends in it."""
        if self.max_steps < 0:
            return self.steps_per_epoch
        return max(0, min(self.steps_per_epoch, self.max_steps - epoch * self.steps_per_epoch))

    def executions(self, epoch: int) -> list[tuple[int, int]]:
        """First step and end step of each execution of epoch ``epoch``, counted within the epoch.

        In the epoch where a resumed fit goes on, they begin where it stopped, and end where they would have.
        """
        done = self.start.steps if epoch == self.start.epoch else 0
        return [(max(first, done), end) for first, end in self._split(epoch) if end > done]

    def _split(self, epoch: int) -> list[tuple[int, int]]:
        """Cuts an epoch into ``num_executions`` executions."""
        begin, length = epoch * self.steps_per_epoch, self.steps_per_epoch
        cuts = {0, length}
        for period in self.periods:
            cuts.update(step - begin for step in range(begin - begin % period + period, begin + length, period))
        cuts.add(self.last_step(epoch) or length)
        edges = sorted(cuts)
        sizes = [end - start for start, end in pairwise(edges)]
        counts = [-(-size // self.steps_per_execution) for size in sizes]
        for _ in range(self.num_executions - sum(counts)):
            longest = max(range(len(sizes)), key=lambda i: sizes[i] / counts[i])
            counts[longest] += 1
        return [
            (start + size * i // count, start + size * (i + 1) // count)
            for start, size, count in zip(edges[:-1], sizes, counts, strict=True)
            for i in range(count)
        ]
