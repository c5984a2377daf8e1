"""Loaders of one's own, as the data of a fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader

from litclf.utilities.data_spec import SPLITS
from litclf.utilities.errors import InputError


def data_of_loaders(given: Any) -> LightningDataModule:
    """Data whose splits are loaders of ``(x, y)`` batches.

    Args:
        given: A DataLoader of the training samples; or several, by ``train``, ``val`` and ``test``.

    Raises:
        InputError: If it is neither.

    Example:
        >>> data = data_of_loaders({"train": DataLoader([1, 2, 3]), "val": DataLoader([4])})
        >>> len(data.train_dataloader()), len(data.val_dataloader())
        (3, 1)
    """
    loaders = dict(given) if isinstance(given, Mapping) else {"train": given}
    are_loaders = all(isinstance(loader, DataLoader) for loader in loaders.values())
    if not are_loaders or "train" not in loaders or not loaders.keys() <= {*SPLITS}:
        told = f"a mapping of {', '.join(map(str, loaders))}" if isinstance(given, Mapping) else type(given).__name__
        rule = f"must be a LightningDataModule, or loaders by train, val and test, got {told}"
        raise InputError("data", rule, 'pass {"train": DataLoader(...)}; of rows pass TableDataModule(rows, targets)')
    # A split that the class has no method for is none.
    methods = {f"{split}_dataloader": _method(loader) for split, loader in loaders.items()}
    made: LightningDataModule = type("LoadersDataModule", (LightningDataModule,), methods)()
    return made


def _method(loader: DataLoader[Any]) -> Callable[[LightningDataModule], DataLoader[Any]]:
    return lambda _: loader
