"""Loaders of a fit with members: the epochs of each side by side, over the same resident tensors or its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from litclf.data.loading.loader import EvalLoader, TrainLoader
from litclf.data.loading.plan import Plan, Position
from litclf.engines.execution import Execution, MemberBatches, MemberExecutions


class MemberLoader(TrainLoader):
    """Gathers for each member what a loader of its own would, in the order of its own seed.

    An epoch is as long as the longest of them. A member with fewer steps in an epoch has none at its end.

    Args:
        loaders: A loader for each member; the same one for members of the same rows and order, which share what is
            gathered.
        plan: Where the executions of all begin and end, by the longest epoch.
    """

    def __init__(self, loaders: Sequence[TrainLoader], plan: Plan) -> None:
        longest = max(loaders, key=lambda loader: loader.plan.steps_per_epoch)
        super().__init__(longest.x, longest.y, longest.order, plan, longest.prepare, longest.augment, longest.draw)
        self.loaders = loaders

    def __iter__(self) -> Iterator[Any]:
        epoch = self.position.epoch
        for first, end in self.plan.executions(epoch):
            self.position = Position(epoch, end)
            yield self._side_by_side(epoch, first, end)
        self.position = Position(epoch + 1)

    def _side_by_side(self, epoch: int, first: int, end: int) -> MemberExecutions:
        shared: dict[int, Execution] = {}
        times = Counter(map(id, self.loaders))

        def gather(member: int) -> Execution:
            loader = self.loaders[member]
            if id(loader) in shared:
                return shared[id(loader)]
            loader.position = Position(epoch, end)
            execution = loader.gather(*_walked(loader, epoch, first, end))
            if times[id(loader)] > 1:
                shared[id(loader)] = execution
            return execution

        sizes = [(loader.plan.steps_per_epoch, loader.order.num_samples) for loader in self.loaders]
        steps = {
            size: loader.steps(*_walked(loader, epoch, first, end))
            for size, loader in dict(zip(sizes, self.loaders, strict=True)).items()
        }
        return MemberExecutions(gather, [steps[size] for size in sizes])


def _walked(loader: TrainLoader, epoch: int, first: int, end: int) -> tuple[int, int, int]:
    """The steps of a member between two of the longest epoch, and the one from which they count."""
    length = loader.plan.steps_per_epoch
    return min(first, length), min(end, length), loader.plan.last_step(epoch) - loader.order.steps_per_pass


class MemberEvalLoader:
    """Walks the split of each member in one batch of all their batches.

    Args:
        loaders: A loader for each member.
    """

    resident = True

    def __init__(self, loaders: Sequence[EvalLoader]) -> None:
        self.loaders = loaders

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[MemberBatches]:
        yield MemberBatches(self.loaders)
