"""Rows that stay where they are: part of a tensor, gathered when it is asked for."""

from __future__ import annotations

import torch
from torch import Tensor


class Pool:
    """A tensor that many have rows of, in memory once.

    Args:
        values: The tensor, shape ``(N, ...)``.
    """

    def __init__(self, values: Tensor) -> None:
        self.values = values


class Rows:
    """Some rows of a pool, as the inputs of a loader: the same as ``pool.values[rows]``, without a copy of its own.

    Args:
        pool: The pool.
        rows: Numbers of the rows, int64.

    Example:
        >>> rows = Rows(Pool(torch.arange(10)), torch.tensor([7, 1, 5]))
        >>> len(rows), rows[1:], rows.index_select(0, torch.tensor([2, 0]))
        (3, tensor([1, 5]), tensor([5, 7]))
    """

    def __init__(self, pool: Pool, rows: Tensor) -> None:
        self._pool, self._rows = pool, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, places: slice | Tensor) -> Tensor:
        return self._pool.values[self._rows[places]]

    def index_select(self, dim: int, index: Tensor) -> Tensor:
        """The rows at some places, as :meth:`torch.Tensor.index_select` gives them."""
        return self._pool.values.index_select(dim, self._rows[index])

    @property
    def device(self) -> torch.device:
        """Where the rows lie."""
        return self._rows.device

    def to(self, device: torch.device) -> Rows:
        """The same rows on ``device``, where the pool is moved for all that have rows of it."""
        if self._pool.values.device != device:
            self._pool.values = self._pool.values.to(device)
        return Rows(self._pool, self._rows.to(device))
