"""The base of all data: splits as resident tensors, executions for training, plain batches for the rest."""

from __future__ import annotations

import os
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from lightning.pytorch import LightningDataModule
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor

from litclf.data.loading.limits import check_trainer
from litclf.data.loading.loader import EvalLoader, TrainLoader
from litclf.data.loading.order import PassOrder
from litclf.data.loading.plan import Plan, Position
from litclf.preprocessing.base import ArrayPreparation, Preparation
from litclf.runs.checkpoint_file import opened
from litclf.runs.hparams import check_loading, check_signature
from litclf.utilities.batches import eval_batch_size
from litclf.utilities.checks import positive
from litclf.utilities.errors import InputError, part
from litclf.utilities.lightning_internals import count_batches, steps_between_checkpoints


class Split(NamedTuple):
    """One split: inputs ``x`` of shape ``(N, *input_shape)`` and targets ``y`` of shape ``(N,)``, as stored."""

    x: Tensor
    y: Tensor


class InMemoryDataModule(LightningDataModule):
    """In-memory data in three splits. A subclass says what it holds and implements :meth:`load`.

    Args:
        batch_size: Samples of a mini-batch on each device; None makes each pass one full-batch step.
        repeat: Passes over the training set in one Trainer epoch, at least 1.
        steps_per_execution: Most optimizer steps that run as one Trainer batch, at least 1. With 1, batches are
            ordinary ``(x, y)`` pairs for any LightningModule; more is many times faster for small models.
        seed: Seed of the data: what is drawn, and how it is split; at least 0. The order of samples follows the seed
            of the run where ``seed_everything`` has set one, and this one otherwise.

    Attributes:
        input_shape: Shape of one input.
        run_seed: Seed of the run, which the order of samples follows; None outside of one.

    Raises:
        InputError: If an argument is out of range; the message names it and the value.
    """

    input_shape: tuple[int, ...]

    def __init__(self, batch_size: int | None, repeat: int, steps_per_execution: int, seed: int) -> None:
        super().__init__()
        if batch_size is not None:
            positive("batch_size", batch_size, 32)
        positive("repeat", repeat, 1)
        positive("steps_per_execution", steps_per_execution, 100)
        if seed < 0:
            raise InputError("seed", f"must be zero or more, got {seed}", "pass a seed such as 42")
        self.batch_size, self.repeat, self.seed = batch_size, repeat, seed
        self.steps_per_execution = steps_per_execution
        self._splits: dict[str, Split] = {}
        self._loader: TrainLoader | None = None
        self.run_seed: int | None = None
        self._order_seed: int | None = None
        self._start = Position()

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
            InputError: If the file is missing or damaged, or its hyperparameters are not plain values for arguments
                of this class.
        """
        check_loading(hparams_file, weights_only)
        with opened(checkpoint_path) as (file, checkpoint):
            check_signature(cls, checkpoint.get("datamodule_hyper_parameters", {}), str(checkpoint_path), set())
            return super().load_from_checkpoint(file, map_location, weights_only=True, **kwargs)

    def load(self) -> dict[str, Split]:
        """The splits ``train``, ``val`` and ``test``, on the CPU; the latter two may be empty. The same each time."""
        raise NotImplementedError(f"{type(self).__name__} must implement load")

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

    def stored(self, split: str, rows: Tensor) -> Tensor:
        """Inputs of some ``rows`` of a split as they are stored, which is what :meth:`prepare` takes."""
        x = self.splits[split].x
        return x[rows.to(x.device)]

    @property
    def train_steps(self) -> tuple[int, int]:
        """Optimizer steps of one pass and of one Trainer epoch, under the Trainer's limits."""
        order = self._order()
        steps = order.steps_per_pass * self.repeat
        limit = self.trainer.limit_train_batches if self.trainer else None
        return order.steps_per_pass, min(steps, limit) if isinstance(limit, int) else steps

    def counts_towards_epoch(self) -> bool:
        """Whether the batch just handed out lies in the last pass of its epoch, whose means are the epoch's."""
        assert self._loader is not None
        last_step = self._loader.plan.last_step(self._loader.position.epoch)
        if self.trainer is not None:
            last_step = min(last_step, int(self.trainer.num_training_batches))  # where a share of them is walked
        return self._loader.position.steps > last_step - self._loader.order.steps_per_pass

    def step_share(self) -> float:
        """What the batch just handed out counts in the mean over several processes; 1 with one."""
        assert self._loader is not None
        order = self._loader.order
        return order.share((self._loader.position.steps - 1) % order.steps_per_pass)

    def check_training(self) -> None:
        """Refuses splits that nothing can be learned from.

        Raises:
            InputError: Naming what is wrong with them.
        """
        num_samples, processes = len(self.splits["train"].y), self._place()[1]
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
            self._order_seed, self._start = self.run_seed, Position()
            if self.steps_per_execution > 1 and self.trainer is not None:
                check_trainer(self.trainer)

    def train_dataloader(self) -> TrainLoader:
        """Executions, or ordinary ``(x, y)`` batches where ``steps_per_execution`` is 1."""
        x, y = self._resident("train")
        trainer = self.trainer
        periods = _periods(trainer) if trainer is not None else []
        max_steps = trainer.max_steps if trainer is not None else -1
        plan = Plan(self.train_steps[1], self.steps_per_execution, periods, max_steps, self._start)
        draw = self.draw_augmentation if self.augments else None
        self._loader = TrainLoader(
            x, y, self._order(), plan, self.prepare, self.augment if self.augments else None, draw
        )
        return self._loader

    def count_batches(self) -> None:
        """Makes the Trainer of a resumed fit, once it has its state, count batches as they are cut now."""
        if self._loader is None or self.trainer is None or not self._start.steps:
            return
        count_batches(self.trainer, self._loader.plan.done)

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

    def state_dict(self) -> dict[str, Any]:
        """The seed of the order of samples, and how far the fit has come in them."""
        position = self._loader.position if self._loader is not None else self._start
        if self.trainer is not None and self.trainer.current_epoch > position.epoch:
            position = Position(self.trainer.current_epoch)
        return {"order_seed": self._run_seed(), **position._asdict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Makes a resumed fit keep the order of samples and go on with the very next mini-batch."""
        self._order_seed = int(state_dict["order_seed"])
        self._start = Position(*(state_dict[name] for name in Position._fields))

    def _run_seed(self) -> int:
        if self._order_seed is None:
            self._order_seed = int(os.environ.get("PL_GLOBAL_SEED", self.seed))
        return self._order_seed

    def _order(self) -> PassOrder:
        rank, world_size = self._place()
        num_samples = len(self.splits["train"].y)
        return PassOrder(num_samples, self.batch_size or num_samples, self._run_seed(), rank, world_size)

    def _place(self) -> tuple[int, int]:
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)

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

    @cached_property
    def preparation(self) -> Preparation | None:
        """How raw inputs become those of the network: rows of numbers as they are, with columns x1, x2, ...

        None where they are no such rows, or are changed by a :meth:`prepare` of one's own: a trained model then takes
        no raw inputs, unless the subclass has a preparation too.
        """
        if len(self.input_shape) != 1 or type(self).prepare is not InMemoryDataModule.prepare:
            return None
        return ArrayPreparation([f"x{number + 1}" for number in range(self.input_shape[0])])


def _periods(trainer: Any) -> list[int]:
    """Numbers of steps after which a checkpoint, a log or a look of a callback is due."""
    periods = [trainer.log_every_n_steps] if trainer.loggers and trainer.log_every_n_steps > 1 else []
    for callback in trainer.callbacks:
        if isinstance(callback, ModelCheckpoint):
            periods.append(steps_between_checkpoints(callback))
        elif isinstance(period := getattr(callback, "every_n_train_steps", None), int):
            periods.append(period)
    return periods
