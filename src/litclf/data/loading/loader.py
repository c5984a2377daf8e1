"""Loaders over resident tensors: no ``__getitem__`` for each sample, no collate, no workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from litclf.data.loading.order import PassOrder
from litclf.data.loading.plan import Plan, Position
from litclf.engines.execution import Execution, Steps

Batch = tuple[Tensor, Tensor]
Augment = Callable[[Tensor, Tensor], Tensor]
Draw = Callable[[np.random.Generator, int], Tensor]


def _same(x: Tensor) -> Tensor:
    return x


class TrainLoader:
    """Gathers the executions of one Trainer epoch from resident tensors by index.

    With ``steps_per_execution`` of 1 it yields ordinary ``(x, y)`` batches, else :class:`Execution`.

    Args:
        x: Inputs, shape ``(N, *input_shape)``, on the device of the fit.
        y: Targets, shape ``(N,)``, on the same device.
        order: The order of samples in each pass.
        plan: Where executions begin and end; an epoch is ``plan.steps_per_epoch`` steps.
        prepare: Makes network inputs of stored ones, a whole execution at a time.
        augment: Changes prepared inputs by the values drawn for each; None for no augmentation.
        draw: Draws the values of ``augment`` for one pass, a row a sample, from the pass's own stream.

    Attributes:
        position: How far the batches handed out have come.
    """

    def __init__(
        self,
        x: Tensor,
        y: Tensor,
        order: PassOrder,
        plan: Plan,
        prepare: Callable[[Tensor], Tensor] = _same,
        augment: Augment | None = None,
        draw: Draw | None = None,
    ) -> None:
        self.x, self.y = x, y
        self.order, self.plan = order, plan
        self.prepare, self.augment, self.draw = prepare, augment, draw
        self.position = plan.start
        # Lightning calls `set_epoch` on a loader's sampler, by PyTorch's convention for distributed samplers.
        self.sampler = self

    def __len__(self) -> int:
        return self.plan.num_executions

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch that the next iteration walks."""
        if epoch != self.position.epoch:
            self.position = Position(epoch)

    def state_dict(self) -> dict[str, int]:
        """Nothing: the position travels in the DataModule's state. Being asked tells Lightning that resuming works."""
        return {}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Does nothing: the plan starts where the DataModule's state says."""

    def __iter__(self) -> Iterator[Execution | Batch]:
        # A generator starts at its first `next`, by which time Lightning has set the epoch.
        epoch = self.position.epoch
        counted_from = self.plan.last_step(epoch) - self.order.steps_per_pass
        for first, end in self.plan.executions(epoch):
            self.position = Position(epoch, end)
            execution = self.gather(first, end, counted_from)
            yield execution if self.plan.steps_per_execution > 1 else (execution.x, execution.y)
        self.position = Position(epoch + 1)

    def gather(self, first: int, end: int, counted_from: int) -> Execution:
        """The execution of the steps from ``first`` to ``end`` of the epoch; those from ``counted_from`` on count."""
        order, steps = self.order, self.steps(first, end, counted_from)
        if self._in_place:
            return Execution(self.prepare(self.x[:]), self.y, steps)
        passes, begin = divmod(first, order.steps_per_pass)
        first_pass = self.position.epoch * -(-self.plan.steps_per_epoch // order.steps_per_pass)
        numbers = range(first_pass + passes, first_pass + -(-end // order.steps_per_pass))
        skipped = order.bounds(begin)[0]  # samples of the first pass that are walked already
        walked = slice(skipped, skipped + int(steps.rows[-1, 1]))
        rows = [torch.from_numpy(order.rows(number)) for number in numbers]
        index = torch.cat(rows)[walked].to(self.x.device)
        x = self.prepare(self.x.index_select(0, index))
        if self.augment is not None and self.draw is not None:
            draws = [
                self.draw(order.stream(number, use=1), order.num_samples)[own]
                for number, own in zip(numbers, rows, strict=True)
            ]
            x = self.augment(x, torch.cat(draws)[walked].to(x.device))
        return Execution(x, self.y.index_select(0, index), steps)

    def steps(self, first: int, end: int, counted_from: int) -> Steps:
        """Which of the rows that are gathered each step takes; those from ``counted_from`` on count."""
        order, counted = self.order, min(max(counted_from - first, 0), end - first)
        if self._in_place:
            return Steps([(0, len(self.y))] * (end - first), counted)
        passes, places = np.divmod(np.arange(first, end), order.steps_per_pass)
        rows = order.all_bounds(places) + ((passes - passes[:1]) * order.samples_per_rank)[:, None]
        shares = [order.share(place) for place in places.tolist()] if order.world_size > 1 else None
        return Steps(rows - rows[:1, :1], counted, shares)

    @property
    def _in_place(self) -> bool:
        """Whether every step takes all rows as they lie."""
        return self.order.full_batch and self.order.world_size == 1 and self.draw is None


class EvalLoader:
    """Walks a split in order, in batches that are views of the resident tensors.

    Args:
        x: Inputs, shape ``(N, *input_shape)``.
        y: Targets, shape ``(N,)``.
        batch_size: Samples of a batch, at least 1.
        prepare: Makes network inputs of stored ones, a batch at a time.
        rank: This process, in [0, world_size).
        world_size: Processes that share the split; each sample goes to one of them.

    Attributes:
        resident: What tells a validation that there is nothing to fetch or to move.
    """

    resident = True

    def __init__(
        self,
        x: Tensor,
        y: Tensor,
        batch_size: int,
        prepare: Callable[[Tensor], Tensor] = _same,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        # Rows that are gathered when they are asked for stay so where one process takes them all.
        self.x, self.y = (x, y) if world_size == 1 else (x[rank::world_size], y[rank::world_size])
        self.batch_size = batch_size
        self.prepare = prepare
        # The same number on every process, so that their collective calls meet; a last batch may be empty.
        self.num_batches = -(-len(y) // (batch_size * world_size))

    def __len__(self) -> int:
        return self.num_batches

    def __iter__(self) -> Iterator[Batch]:
        for i in range(self.num_batches):
            rows = slice(i * self.batch_size, (i + 1) * self.batch_size)
            yield self.prepare(self.x[rows]), self.y[rows]
