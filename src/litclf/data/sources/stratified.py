"""Splits drawn by a seed, with the shares of the classes kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from litclf.utilities.errors import InputError


def stratified_rows(
    targets: NDArray[np.int64],
    class_names: Sequence[str],
    val_size: float,
    test_size: float,
    seed: int,
    sample: str = "row",
) -> dict[str, NDArray[np.int64]]:
    """Places of the rows of each split, drawn by the seed, with about the same shares of the classes in each.

    The test rows are those of ``train_test_split(rows, test_size=round(test_size * N), stratify=targets,
    random_state=seed)``; they are drawn first, so that ``val_size`` does not change them.

    Args:
        targets: The number of the class of each row, shape ``(N,)``.
        class_names: Names of the classes.
        val_size: Share of all rows for validation, in [0, 1).
        test_size: Share of all rows for the test, in [0, 1).
        seed: Seed of the draw.
        sample: What a sample is called in errors.

    Raises:
        InputError: If a split cannot have a row of each class; it names the class or the share.

    Example:
        >>> rows = stratified_rows(np.arange(20) % 2, ["a", "b"], 0.1, 0.2, seed=0)
        >>> {name: len(places) for name, places in rows.items()}
        {'train': 14, 'val': 2, 'test': 4}
    """
    rows: NDArray[np.int64] = np.arange(len(targets))
    carved = {"val": rows[:0], "test": rows[:0]}
    for split, share in (("test", test_size), ("val", val_size)):
        number = round(share * len(targets))
        if not share:
            continue
        counts = np.bincount(targets[rows], minlength=len(class_names))
        if counts.min() < 2:
            rarest = int(counts.argmin())
            total = int((targets == rarest).sum())
            rule = f"needs a {sample} of each class in every split; class {class_names[rarest]} has {total}"
            raise InputError(f"{split}_size", rule, f"add {sample}s of it, leave it out, or pass 0 for none")
        if min(number, len(rows) - number) < len(counts):
            rule = f"must leave every split a {sample} of each of {len(counts)} classes"
            rule = f"{rule}, got {share} of {len(targets)} {sample}s"
            raise InputError(f"{split}_size", rule, "pass another share, or 0 for none")
        rows, carved[split] = train_test_split(rows, test_size=number, stratify=targets[rows], random_state=seed)
    return {"train": rows, **carved}
