"""The order of samples: a function of the seed and the pass alone, whatever K, resuming or the number of processes."""

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
        world_size: Processes that share each step; process ``rank`` takes every ``world_size``-th sample of it.

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
        # Every process needs the same number of samples in every step, so a short end is filled from the start.
        self.samples_per_rank = -(-num_samples // world_size)
        self.batch_size = min(batch_size, self.samples_per_rank)
        self.steps_per_pass = -(-self.samples_per_rank // self.batch_size)
        self._cached: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, dtype=np.int64))

    def stream(self, number: int, use: int = 0) -> np.random.Generator:
        """The random stream of pass ``number``: ``use`` 0 for the order, 1 for augmentation."""
        return np.random.default_rng((self.seed, number, use))

    def rows(self, number: int) -> NDArray[np.int64]:
        """Row numbers of pass ``number`` for this process, int64 of shape ``(samples_per_rank,)``."""
        if self._cached[0] != number:
            rows = np.arange(self.num_samples) if self.full_batch else self.stream(number).permutation(self.num_samples)
            rows = np.resize(rows, self.samples_per_rank * self.world_size)[self.rank :: self.world_size]
            self._cached = (number, rows)
        return self._cached[1]

    def bounds(self, step: int) -> tuple[int, int]:
        """First and end position of mini-batch ``step`` of a pass, among :meth:`rows`."""
        start = step * self.batch_size
        return start, min(start + self.batch_size, self.samples_per_rank)
