"""Loader of a fit with members: the epochs of each member over the same resident tensors, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from litclf.data.loading.loader import TrainLoader
from litclf.data.loading.plan import Position
from litclf.engines.execution import Execution, MemberExecutions, Steps


class MemberLoader(TrainLoader):
    """Gathers for each member what a loader of its own would, in the order of its own seed.

    Args:
        loaders: A loader for each member, over the same tensors and with the same plan; the same one for members of
            the same order, which share what is gathered.
    """

    def __init__(self, loaders: Sequence[TrainLoader]) -> None:
        first = loaders[0]
        super().__init__(first.x, first.y, first.order, first.plan, first.prepare, first.augment, first.draw)
        self.loaders = loaders

    def __iter__(self) -> Iterator[Any]:
        epoch = self.position.epoch
        counted_from = self.plan.last_step(epoch) - self.order.steps_per_pass
        for first, end in self.plan.executions(epoch):
            self.position = Position(epoch, end)
            yield self._side_by_side(epoch, first, end, counted_from)
        self.position = Position(epoch + 1)

    def _side_by_side(self, epoch: int, first: int, end: int, counted_from: int) -> MemberExecutions:
        shared: dict[int, Execution] = {}

        def gather(member: int) -> Execution:
            loader = self.loaders[member]
            if id(loader) in shared:
                return shared[id(loader)]
            loader.position = Position(epoch, end)
            execution = loader.gather(first, end, counted_from)
            if sum(other is loader for other in self.loaders) > 1:
                shared[id(loader)] = execution
            return execution

        rows = [self.order.bounds(step % self.order.steps_per_pass) for step in range(first, end)]
        counted = min(max(counted_from - first, 0), end - first)
        return MemberExecutions(gather, len(self.loaders), Steps(rows, counted))
