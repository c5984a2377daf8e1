"""Batch sizes: how many samples go through a network at once where nothing is learned from them."""

from __future__ import annotations

import math
from collections.abc import Sequence

EVAL_BATCH_SIZE = 1000
"""Samples of a batch in validation, test and prediction: the work of the Trainer for each is then small beside it."""

MOST_NUMBERS = 4_000_000
"""Most numbers that go into the network at once: large images make large activations."""


def eval_batch_size(input_shape: Sequence[int], most: int = EVAL_BATCH_SIZE) -> int:
    """Samples, at most ``most``, of inputs of shape ``input_shape`` that go through a network at once.

    Example:
        >>> eval_batch_size([2]), eval_batch_size([3, 1000, 1000]), eval_batch_size([3, 4000, 4000])
        (1000, 1, 1)
    """
    return max(1, min(most, MOST_NUMBERS // math.prod(input_shape)))
