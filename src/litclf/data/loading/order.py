"""Order of samples: a function of the seed and the pass alone, whatever K, resuming or the number of processes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class PassOrder:
    """The order in which each pass walks the training set, and where its mini-batches lie.

    Args:
        num_samples: Size of the training set, at least 1.
        batch_size: Samples of a mini-batch on each device, at least 1; from ``num_samples`` on a pass is one step and
            keeps the order of the data.
        seed: Seed of the order; pass ``p`` draws from the streams ``(seed, p, use)``.
        rank: This process, in [0, world_size).
        world_size: Processes that share each step, at most ``num_samples``; process ``rank`` takes every
            ``world_size``-th sample of it.

    Example:
        >>> order = PassOrder(5, batch_size=2, seed=0)
        >>> order.steps_per_pass, sorted(order.rows(0).tolist())
        (3, [0, 1, 2, 3, 4])
        >>> bool((order.rows(7) == PassOrder(5, batch_size=2, seed=0).rows(7)).all())
        True
    """

    def __init__(self, num_samples: int, batch_size: int, seed: int, rank: int = 0, world_size: int = 1) -> None:
        self.num_samples = num_samples
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self.full_batch = batch_size * world_size >= num_samples
        self.samples_per_rank = len(range(rank, num_samples, world_size))
        self.batch_size = min(batch_size, -(-num_samples // world_size))
        self.steps_per_pass = -(-num_samples // (self.batch_size * world_size))
        self._cached: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, dtype=np.int64))

    def stream(self, number: int, use: int = 0) -> np.random.Generator:
        """The random stream of pass ``number``: ``use`` 0 for the order, 1 for augmentation."""
        return np.random.default_rng((self.seed, number, use))

    def rows(self, number: int) -> NDArray[np.int64]:
        """Row numbers of pass ``number`` for this process, int64 of shape ``(samples_per_rank,)``."""
        if self._cached[0] != number:
            rows = np.arange(self.num_samples) if self.full_batch else self.stream(number).permutation(self.num_samples)
            self._cached = (number, rows[self.rank :: self.world_size])
        return self._cached[1]

    def bounds(self, step: int) -> tuple[int, int]:
        """First and end position of mini-batch ``step`` of a pass, among :meth:`rows`.

        Where the last mini-batch of the pass has no sample for this process, it borrows one, of :meth:`share` 0.
        """
        low, high = self.all_bounds(np.array([step])).tolist()[0]
        return low, high

    def all_bounds(self, steps: NDArray[np.int64]) -> NDArray[np.int64]:
        """The :meth:`bounds` of several mini-batches, a row each."""
        high = np.minimum((steps + 1) * self.batch_size, self.samples_per_rank)
        return np.stack([np.minimum(steps * self.batch_size, high - 1), high], axis=1)

    def share(self, step: int) -> float:
        """What this process's mean loss of mini-batch ``step`` counts in the mean over all processes.

        It is 1 wherever the samples of a step divide by the number of processes. With it, the mean over the processes
        is the mean over the samples.

        Example:
            >>> [PassOrder(5, batch_size=2, seed=0, rank=rank, world_size=2).share(1) for rank in (0, 1)]
            [2.0, 0.0]
        """
        samples = min(self.batch_size * self.world_size, self.num_samples - step * self.batch_size * self.world_size)
        return len(range(self.rank, samples, self.world_size)) * self.world_size / samples
