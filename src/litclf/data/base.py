"""Data in memory: the base of all data; resident tensors, executions for training, plain batches for the rest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any, Literal, NamedTuple, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from litclf.data.loading.epoch import EpochDataModule
from litclf.data.loading.loader import EvalLoader, TrainLoader
from litclf.data.loading.members import MemberLoader
from litclf.data.loading.rows import Pool, Rows
from litclf.preprocessing.base import ArrayPreparation, Preparation
from litclf.runs.checkpoint_file import opened
from litclf.runs.hparams import check_loading, check_signature
from litclf.utilities.batches import eval_batch_size
from litclf.utilities.data_spec import SPLITS
from litclf.utilities.errors import InputError, part


class Split(NamedTuple):
    """One split: inputs ``x`` of shape ``(N, *input_shape)`` and targets ``y`` of shape ``(N,)``, as stored."""

    x: Tensor
    y: Tensor


class InMemoryDataModule(EpochDataModule):
    """In-memory data in three splits. A subclass says what it holds and implements :meth:`load`.

    For the arguments see :class:`~litclf.data.loading.epoch.EpochDataModule`.

    Attributes:
        input_shape: Shape of one input.
        notes: What a user should know of how the data was read, a sentence each; a fit begins with them.

    Raises:
        InputError: If an argument is out of range; the message names it and the value.
    """

    input_shape: tuple[int, ...]
    notes: tuple[str, ...] = ()

    def __init__(
        self, batch_size: int | None, repeat: int, steps_per_execution: int | Literal["auto"], seed: int
    ) -> None:
        super().__init__(batch_size, repeat, steps_per_execution, seed)
        self._splits: dict[str, Split] = {}

    @classmethod
    def load_from_checkpoint(
        cls,
        checkpoint_path: Any,
        map_location: Any = None,
        hparams_file: Any = None,
        weights_only: bool | None = None,
        **kwargs: Any,
    ) -> Self:
        """Builds the data that a checkpoint was trained with, after the file and its hyperparameters were checked.

        Args:
            checkpoint_path: A local file.
            map_location: Where tensors go, as :func:`torch.load` takes it.
            hparams_file: Not taken; values are passed by name.
            weights_only: Always true; False is refused.
            kwargs: Arguments of the constructor that are to be others than the checkpoint's.

        Raises:
            InputError: If the file is missing or damaged, or its hyperparameters are no plain values for arguments.
        """
        check_loading(hparams_file, weights_only)
        with opened(checkpoint_path) as (file, checkpoint):
            check_signature(cls, checkpoint.get("datamodule_hyper_parameters", {}), str(checkpoint_path), set())
            return super().load_from_checkpoint(file, map_location, weights_only=True, **kwargs)

    def load(self) -> dict[str, Split]:
        """The splits ``train``, ``val`` and ``test``, on the CPU; the latter two may be empty. The same each time."""
        raise NotImplementedError(f"{type(self).__name__} must implement load")

    @property
    def has_own_test(self) -> bool:
        """Whether the test split is one that came with the data, not drawn from the rows that others are drawn from."""
        return False

    @property
    def drawn(self) -> tuple[str, ...]:
        """The splits whose rows are one set, which other splits may be drawn from."""
        return SPLITS[:2] if self.has_own_test else SPLITS

    @property
    def drawn_targets(self) -> NDArray[Any]:
        """Targets of all rows that splits may be drawn from, in the order that :meth:`with_rows` numbers them."""
        return torch.cat([self.splits[split].y.cpu() for split in self.drawn]).numpy()

    def drawn_from(self, row: int) -> tuple[str, int]:
        """The split that a row of :attr:`drawn_targets` lies in, and its place there."""
        for split in self.drawn:
            if row < len(self.splits[split].y):
                return split, row
            row -= len(self.splits[split].y)
        raise IndexError(row)

    @cached_property
    def _pool(self) -> Pool:
        return Pool(torch.cat([self.splits[split].x.cpu() for split in self.drawn]))

    def with_rows(self, rows: Mapping[str, NDArray[np.int64]], for_loaders: bool = False) -> Self:
        """The same data in other splits.

        Args:
            rows: Numbers of the rows of each split among :attr:`drawn_targets`; a test split that is not named is the
                data's own, or empty.
            for_loaders: Whether inputs that are prepared alike for any training rows stay in memory once, where nothing
                but loaders finds them.
        """
        other, y = copy(self), torch.from_numpy(self.drawn_targets)
        other._splits = {}
        for split, places in rows.items():
            x = Rows(self._pool, torch.from_numpy(places))
            other._splits[split] = Split(cast(Tensor, x) if for_loaders else x[:], y[places])
        if "test" not in rows:
            own, empty = self.splits["test"], np.arange(0)
            other._splits["test"] = own if self.has_own_test else Split(own.x[empty], own.y[empty])
        return other

    def prepare(self, x: Tensor) -> Tensor:
        """Network inputs, float32, of stored inputs ``x``; a whole batch or execution at a time."""
        return x

    @property
    def splits(self) -> dict[str, Split]:
        """The splits by name, loaded on first use."""
        if not self._splits:
            with part("data"):
                self._splits = self.load()
        return self._splits

    @property
    def num_train_samples(self) -> int:
        """Samples of the training split."""
        return len(self.splits["train"].y)

    @property
    def bytes_per_step(self) -> int:
        """Memory that a mini-batch of prepared inputs takes; 0 for full batches that are used where they lie."""
        copied = self.num_train_samples if self.augments or self._place()[1] > 1 else 0
        return 4 * math.prod(self.input_shape) * (self.batch_size or copied)

    def stored(self, split: str, rows: Tensor) -> Tensor:
        """Inputs of some ``rows`` of a split as they are stored, which is what :meth:`prepare` takes."""
        x = self.splits[split].x
        return x[rows.to(x.device)]

    def check_training(self) -> None:
        """Refuses splits that nothing can be learned from.

        Raises:
            InputError: Naming what is wrong with them.
        """
        num_samples, processes = self.num_train_samples, self._place()[1]
        if not num_samples:
            raise InputError("data", "the training split is empty", "keep samples for training")
        if num_samples < processes:
            rule = f"{processes} processes cannot share {num_samples} training samples"
            raise InputError("trainer.devices", rule, "pass fewer devices")

    def setup(self, stage: str | None = None) -> None:
        """Loads the splits, once."""
        _ = self.splits
        if stage == "fit":
            self.check_training()
            self._begin()

    def train_dataloader(self) -> TrainLoader:
        """Executions, or ordinary ``(x, y)`` batches where ``steps_per_execution`` is 1."""
        x, y = self._resident("train")
        changes = (self.augment, self.draw_augmentation) if self.augments else (None, None)
        plan = self._plan()

        def loader(seed: int | None = None) -> TrainLoader:
            return TrainLoader(x, y, self._order(seed), plan, self.prepare, *changes)

        if self.member_seeds:
            of_seed = {seed: loader(seed) for seed in self.member_seeds}
            self._loader = MemberLoader([of_seed[seed] for seed in self.member_seeds], plan)
        else:
            self._loader = loader()
        return self._loader

    @property
    def augments(self) -> bool:
        """Whether training inputs are augmented."""
        return False

    def draw_augmentation(self, stream: np.random.Generator, num_samples: int) -> Tensor:
        """What :meth:`augment` needs for one pass, drawn from the pass's own stream: a row for each sample."""
        raise NotImplementedError

    def augment(self, x: Tensor, draws: Tensor) -> Tensor:
        """Training inputs ``x`` changed by their ``draws``; neither depends on how passes are cut into executions."""
        raise NotImplementedError

    def val_dataloader(self) -> EvalLoader | list[Any]:
        """Plain ``(x, y)`` batches of the validation split; an empty list where there is none."""
        return self._eval_loader("val")

    def test_dataloader(self) -> EvalLoader | list[Any]:
        """Plain ``(x, y)`` batches of the test split; an empty list where there is none."""
        return self._eval_loader("test")

    def predict_dataloader(self) -> EvalLoader | list[Any]:
        """Plain ``(x, y)`` batches of the test split, or of the training split where there is none."""
        return self._eval_loader("test" if len(self.splits["test"].y) else "train")

    def _resident(self, split: str) -> Split:
        """A split on the device of the fit, moved there once."""
        device = self.trainer.strategy.root_device if self.trainer else torch.device("cpu")
        x, y = self.splits[split]
        if x.device != device:
            self.splits[split] = Split(x.to(device), y.to(device))
        return self.splits[split]

    @property
    def eval_batch_size(self) -> int:
        """Samples of a batch in validation, test and prediction: at least a mini-batch of the training."""
        return max(eval_batch_size(self.input_shape), self.batch_size or 1)

    def _eval_loader(self, split: str) -> EvalLoader | list[Any]:
        x, y = self._resident(split)
        if not len(y):
            return []
        return EvalLoader(x, y, self.eval_batch_size, self.prepare, *self._place())


class ClassificationDataModule(InMemoryDataModule):
    """In-memory data with a class for each sample: targets are int64 of shape ``(N,)``, in [0, num_classes).

    Attributes:
        class_names: Names of the classes, in the order of the targets.
    """

    class_names: tuple[str, ...]

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    def check_training(self) -> None:
        """Refuses labels that are no class, and a training split with nothing to tell apart."""
        super().check_training()
        for name, (_, y) in self.splits.items():
            if len(y) and not 0 <= int(y.min()) <= int(y.max()) < self.num_classes:
                rule = f"labels of the {name} split must be in [0, {self.num_classes - 1}]"
                got = f"got {int(y.min())} to {int(y.max())}"
                raise InputError("data", f"{rule}, {got}", "mend the labels, or name all classes")
        y = self.splits["train"].y
        if bool((y == y[0]).all()):
            rule = f"all {len(y)} samples of the training split are of class {self.class_names[int(y[0])]}"
            raise InputError("data", rule, "add samples of another class, or split another way")

    def drawn_column(self, name: str) -> Sequence[Any]:
        """What a raw column holds in each row of :attr:`drawn_targets`; a subclass of tables has such columns."""
        raise NotImplementedError(f"{type(self).__name__} has no column {name}")

    def row_name(self, split: str, place: int) -> str:
        """What sample ``place`` of a split is called, for who looks for it."""
        return f"{split} row {place}"

    @cached_property
    def preparation(self) -> Preparation | None:
        """How raw inputs become those of the network: rows of numbers as they are, with columns x1, x2, ...

        None where they are no such rows, or are changed by a :meth:`prepare` of one's own: a trained model then takes
        no raw inputs, unless the subclass has a preparation too.
        """
        if len(self.input_shape) != 1 or type(self).prepare is not InMemoryDataModule.prepare:
            return None
        return ArrayPreparation([f"x{number + 1}" for number in range(self.input_shape[0])])
