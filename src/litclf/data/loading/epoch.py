"""Epoch: how a fit walks the training samples, how far it has come, and what of that a checkpoint keeps."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Literal, cast

from lightning.pytorch import LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from litclf.data.loading.limits import check_trainer, reason_against, sensible_steps
from litclf.data.loading.loader import TrainLoader
from litclf.data.loading.order import PassOrder
from litclf.data.loading.plan import Plan, Position
from litclf.utilities.checks import positive, whole
from litclf.utilities.errors import InputError
from litclf.utilities.hyperparameters import PlainHyperparameters
from litclf.utilities.lightning_internals import count_batches, steps_between_checkpoints
from litclf.utilities.notes import tell


class EpochDataModule(PlainHyperparameters, LightningDataModule):
    """A DataModule whose order of samples and place in it are functions of its settings and of what a fit has done.

    A subclass says how many samples there are, and makes the loader.

    Args:
        batch_size: Samples of a mini-batch on each device; None makes each pass one full-batch step.
        repeat: Passes over the training set in one Trainer epoch, at least 1.
        steps_per_execution: Most optimizer steps that run as one Trainer batch, at least 1. With 1, batches are
            ordinary ``(x, y)`` pairs for any LightningModule; more is many times faster for small models. ``auto``
            takes as many as their samples have room for, and 1 where the model or the Trainer needs ordinary batches.
        seed: Seed of the data: what is drawn, and how it is split; at least 0. The order of samples follows the seed
            of the run where there is one, and this one otherwise.

    Attributes:
        asked_steps: The ``steps_per_execution`` that was asked for; ``auto`` leaves it to each fit.
        run_seed: Seed of the run, which a run sets; None takes that of ``seed_everything`` where it was called.
        member_seeds: Seed of the order of each member of a fit, which a run sets; empty for one network.
        member_data: The data of each member, where members differ in it; empty where all have the same.

    Raises:
        InputError: If an argument is out of range; the message names it and the value.
    """

    def __init__(
        self, batch_size: int | None, repeat: int, steps_per_execution: int | Literal["auto"], seed: int
    ) -> None:
        super().__init__()
        if batch_size is not None:
            positive("batch_size", batch_size, 32)
        positive("repeat", repeat, 1)
        _check_steps(steps_per_execution)
        whole("seed", seed, 0, 2**32, example=42)
        self.batch_size = batch_size
        self.repeat = repeat
        self.asked_steps = steps_per_execution
        self._steps = 1
        self.seed = seed
        self.run_seed: int | None = None
        self.member_seeds: Sequence[int] = ()
        self.member_data: Sequence[EpochDataModule] = ()
        self._loader: TrainLoader | None = None
        self._order_seed: int | None = None
        self._start = Position()

    @property
    def num_train_samples(self) -> int:
        """Samples that a pass walks, on all processes together."""
        raise NotImplementedError(f"{type(self).__name__} must implement num_train_samples")

    @property
    def steps_per_execution(self) -> int:
        """Most optimizer steps that run as one Trainer batch, now; with ``auto`` it is 1 outside of a fit."""
        return self._steps if self.asked_steps == "auto" else self.asked_steps

    @property
    def bytes_per_step(self) -> int:
        """Memory that a mini-batch takes within an execution; 0 where nothing is copied for it."""
        raise NotImplementedError(f"{type(self).__name__} must implement bytes_per_step")

    def choose_steps(self, trainer: Trainer, module: LightningModule | None) -> str | None:
        """Settles how many steps an execution of a fit has at most, and refuses what they cannot do.

        Args:
            trainer: The Trainer of the fit.
            module: What it trains; None where that is not known yet.

        Returns:
            Why ``auto`` came to ordinary batches; None where it did not, or a number was asked for.

        Raises:
            InputError: If a number above 1 was asked for beside a setting that executions would falsify.
        """
        if self.asked_steps == "auto":
            reason = reason_against(trainer, module)
            self._steps = 1 if reason else sensible_steps(self.bytes_per_step)
            return reason
        if self.asked_steps > 1:
            check_trainer(trainer, module)
        return None

    def teardown(self, stage: str) -> None:
        """Ends a fit: a loader that is asked for by hand gives ordinary batches again."""
        if stage == "fit":
            self._steps = 1

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

    def count_batches(self) -> None:
        """Makes the Trainer of a resumed fit, once it has its state, count batches as they are cut now."""
        if self._loader is None or self.trainer is None or not self._start.steps:
            return
        count_batches(self.trainer, self._loader.plan.done)

    def state_dict(self) -> dict[str, Any]:
        """The seed of the order of samples, and how far the fit has come in them."""
        position = self._loader.position if self._loader is not None else self._start
        if self.trainer is not None and self.trainer.current_epoch > position.epoch:
            position = Position(self.trainer.current_epoch)
        return {"order_seed": self._seed_of_order(), **position._asdict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Makes a resumed fit keep the order of samples and go on with the very next mini-batch."""
        self._order_seed = int(state_dict["order_seed"])
        self._start = Position(*(state_dict[name] for name in Position._fields))

    def _begin(self) -> None:
        """Begins a fit: at the first mini-batch, in the order of its own seed, unless a checkpoint says otherwise."""
        self._order_seed, self._start = None, Position()
        if self.trainer is None:
            return
        reason = self.choose_steps(self.trainer, self.trainer.lightning_module)
        if reason and self.trainer.is_global_zero:
            tell(f"one step at a time, which takes a small model several times as long: {reason}")

    def _seed_of_order(self) -> int:
        if self._order_seed is None:
            seed = os.environ.get("PL_GLOBAL_SEED", self.seed) if self.run_seed is None else self.run_seed
            self._order_seed = int(seed)
        return self._order_seed

    def _order(self, seed: int | None = None) -> PassOrder:
        """The order of samples by ``seed``; None takes that of the run."""
        rank, world_size = self._place()
        num_samples = self.num_train_samples
        seed = self._seed_of_order() if seed is None else seed
        return PassOrder(num_samples, self.batch_size or num_samples, seed, rank, world_size)

    def _plan(self) -> Plan:
        trainer = self.trainer
        periods, max_steps = (_periods(trainer), trainer.max_steps) if trainer else ([], -1)
        return Plan(self.train_steps[1], self.steps_per_execution, periods, max_steps, self._start)

    def _place(self) -> tuple[int, int]:
        """This process, and the number of processes."""
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)


def _check_steps(steps: object) -> None:
    if isinstance(steps, str) and steps != "auto":
        raise InputError("steps_per_execution", f"must be auto or a whole number, got {steps!r}", "pass auto")
    if not isinstance(steps, str):
        positive("steps_per_execution", cast(Any, steps), 100)


def _periods(trainer: Any) -> list[int]:
    """Numbers of steps after which a checkpoint, a log or a look of a callback is due."""
    periods = [trainer.log_every_n_steps] if trainer.loggers and trainer.log_every_n_steps > 1 else []
    for callback in trainer.callbacks:
        if isinstance(callback, ModelCheckpoint):
            periods.append(steps_between_checkpoints(callback))
        elif isinstance(period := getattr(callback, "every_n_train_steps", None), int):
            periods.append(period)
    return periods
