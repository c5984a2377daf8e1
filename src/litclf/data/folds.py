"""Folds of data: a member of a fit for each, trained and tested on rows of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from lightning.pytorch import LightningModule, Trainer
from numpy.typing import NDArray

from litclf.data.base import ClassificationDataModule, Split
from litclf.data.loading.epoch import EpochDataModule
from litclf.data.loading.loader import TrainLoader
from litclf.data.loading.members import MemberEvalLoader, MemberLoader


class FoldsDataModule(EpochDataModule):
    """The same data in other splits for each member of a fit, which it is prepared for by its own training rows.

    A member is trained as a fit of its own on its splits would: the fold with the most training rows says how many
    steps an epoch has, and others have fewer.

    Args:
        data: The data.
        folds: Numbers of the rows of ``train``, ``val`` and ``test`` of each member, among the data's
            :attr:`~litclf.data.base.InMemoryDataModule.drawn_targets`.
        settings: How the folds came about, as plain values.

    Attributes:
        member_data: The data of each member.

    Raises:
        InputError: If a fold cannot be trained on.

    Example:
        >>> from litclf import BlobsDataModule
        >>> rows = np.arange(100)
        >>> folds = [{"train": rows[:90], "val": rows[:0], "test": rows[90:]}, {"train": rows[10:], "test": rows[:10]}]
        >>> data = FoldsDataModule(BlobsDataModule(num_samples=100), folds)
        >>> data.num_train_samples, [len(own.splits["test"].y) for own in data.member_data]
        (90, [10, 10])
    """

    def __init__(
        self,
        data: ClassificationDataModule,
        folds: Sequence[Mapping[str, NDArray[np.int64]]],
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data.batch_size, data.repeat, data.asked_steps, data.seed)
        self.save_hyperparameters(dict(settings or {}))
        # Sizes of the data as it is; those of a fold may be others, by the categories in its training rows.
        self.input_shape, self.class_names, self.num_classes = data.input_shape, data.class_names, data.num_classes
        self.member_data: list[ClassificationDataModule] = []
        for rows in folds:
            own = data.with_rows({"val": np.arange(0), **rows}, for_loaders=True)
            own.check_training()
            self.member_data.append(own)

    @property
    def splits(self) -> dict[str, Split]:
        """The splits of the first fold, which stand for those of the others."""
        return self.member_data[0].splits

    @property
    def num_train_samples(self) -> int:
        """Training rows of the fold that has the most."""
        return max(own.num_train_samples for own in self.member_data)

    @property
    def bytes_per_step(self) -> int:
        """Memory that a mini-batch of a fold takes at most."""
        return max(own.bytes_per_step for own in self.member_data)

    @property
    def overlap(self) -> float:
        """Rows that a fold is tested on for each that it learns from, in training or validation."""
        counts = [{name: len(split.y) for name, split in own.splits.items()} for own in self.member_data]
        return sum(own["test"] for own in counts) / sum(own["train"] + own["val"] for own in counts)

    def choose_steps(self, trainer: Trainer, module: LightningModule | None) -> str | None:
        """Settles how many steps an execution has, the same for all folds."""
        reason = super().choose_steps(trainer, module)
        for own in self.member_data:
            own._steps = self._steps
        return reason

    def setup(self, stage: str | None = None) -> None:
        """Begins a fit, each fold in the order of its own seed."""
        for own, seed in zip(self.member_data, self.member_seeds, strict=True):
            own.trainer, own.run_seed, own._order_seed = self.trainer, seed, None
        if stage == "fit":
            self._begin()

    def train_dataloader(self) -> TrainLoader:
        """Executions of all folds side by side."""
        loaders = [own.train_dataloader() for own in self.member_data]
        self._loader = MemberLoader(loaders, self._plan())
        return self._loader

    def val_dataloader(self) -> MemberEvalLoader | list[Any]:
        """The validation rows of each fold; an empty list where there are none."""
        return self._member_loader("val")

    def test_dataloader(self) -> MemberEvalLoader | list[Any]:
        """The rows that each fold holds out."""
        return self._member_loader("test")

    def _member_loader(self, split: str) -> MemberEvalLoader | list[Any]:
        if not len(self.splits[split].y):
            return []
        return MemberEvalLoader([getattr(own, f"{split}_dataloader")() for own in self.member_data])
