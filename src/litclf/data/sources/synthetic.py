"""Synthetic split: that of drawn data, whose training rows are those of scikit-learn's ``train_test_split``."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from litclf.data.base import Split
from litclf.utilities.errors import InputError


def split_holdout(x: NDArray[np.float64], y: NDArray[np.int64], holdout: float, seed: int) -> dict[str, Split]:
    """Splits as ``train_test_split(x, y, test_size=holdout, random_state=seed)``; halves what is held out.

    Args:
        x: Inputs, shape ``(N, features)``.
        y: Targets, shape ``(N,)``.
        holdout: Share of samples held out, in [0, 1): the first half for validation, the rest for the test; 0 keeps
            all for training, in their order.
        seed: Seed of the split.

    Raises:
        InputError: If ``holdout`` leaves nothing to train on.

    Example:
        >>> splits = split_holdout(np.zeros((10, 2)), np.zeros(10, dtype=np.int64), 0.4, seed=0)
        >>> {name: len(split.y) for name, split in splits.items()}
        {'train': 6, 'val': 2, 'test': 2}
    """
    if holdout:
        if math.ceil(holdout * len(y)) >= len(y):
            rule = f"must leave one of {len(y)} samples for training, got {holdout}"
            raise InputError("holdout", rule, "pass a share such as 0.2, or 0 for none")
        x_train, x_held, y_train, y_held = train_test_split(x, y, test_size=holdout, random_state=seed)
    else:
        x_train, y_train, x_held, y_held = x, y, x[:0], y[:0]
    middle = len(y_held) // 2
    parts = {
        "train": (x_train, y_train),
        "val": (x_held[:middle], y_held[:middle]),
        "test": (x_held[middle:], y_held[middle:]),
    }
    return {
        name: Split(torch.tensor(part_x, dtype=torch.float32), torch.tensor(part_y, dtype=torch.int64))
        for name, (part_x, part_y) in parts.items()
    }
