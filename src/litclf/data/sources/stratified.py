"""Splits drawn by a seed, with the shares of the classes kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from litclf.utilities.errors import InputError

_NAMED = 5
"""Classes that are told of one by one."""


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
    random_state=seed)``; they are drawn first, so that ``val_size`` does not change them. A class that has one row left
    keeps it for training, where fewer classes are such than are not.

    Args:
        targets: The number of the class of each row, shape ``(N,)``.
        class_names: Names of the classes.
        val_size: Share of all rows for validation, in [0, 1).
        test_size: Share of all rows for the test, in [0, 1).
        seed: Seed of the draw.
        sample: What a sample is called in errors.

    Raises:
        InputError: If a split cannot have a row of each class that has two; it names the class or the share.

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
        lone = counts[targets[rows]] < 2
        num_classes = int((counts > 1).sum())
        if num_classes <= len(counts) - num_classes:
            rarest = int(counts.argmin())
            total = int((targets == rarest).sum())
            rule = f"needs a {sample} of each class in every split; class {class_names[rarest]} has {total}"
            raise InputError(f"{split}_size", rule, f"add {sample}s of it, leave it out, or pass 0 for none")
        drawn = rows[~lone]
        if min(number, len(drawn) - number) < num_classes:
            rule = f"must leave every split a {sample} of each of {num_classes} classes"
            rule = f"{rule}, got {share} of {len(targets)} {sample}s"
            raise InputError(f"{split}_size", rule, "pass another share, or 0 for none")
        left, carved[split] = train_test_split(drawn, test_size=number, stratify=targets[drawn], random_state=seed)
        rows = np.concatenate([left, rows[lone]])
    return {"train": rows, **carved}


def lone_classes(
    targets: Mapping[str, Sequence[int] | NDArray[np.int64]],
    class_names: Sequence[str],
    drawn: Collection[str] = ("val", "test"),
    sample: str = "row",
) -> list[str]:
    """What is to be said of classes that have too few samples to be in a split that was drawn.

    Args:
        targets: The number of the class of each sample of each split.
        class_names: Names of the classes.
        drawn: The splits that were drawn out of the training split.
        sample: What a sample is called.

    Example:
        >>> lone_classes({"train": [0, 0, 1, 1, 2], "val": [0, 1], "test": [0, 1]}, "abc")
        ['class c has 1 row, too few for val and test: all are for training']
    """
    counts = np.bincount(targets["train"], minlength=len(class_names))
    notes = []
    drawn = [split for split in drawn if len(targets[split])]
    for number, name in enumerate(class_names):
        without = [split for split in drawn if number not in targets[split]]
        if without:
            total = counts[number] + sum(int(np.sum(np.equal(targets[split], number))) for split in drawn)
            where = "all are for training" if without == drawn else f"none is in {without[0]}"
            plural = "s" * int(total > 1)
            notes.append(f"class {name} has {total} {sample}{plural}, too few for {' and '.join(without)}: {where}")
    more = len(notes) - _NAMED
    return notes if more <= 0 else [*notes[:_NAMED], f"{more} more classes have too few {sample}s for val and test"]
