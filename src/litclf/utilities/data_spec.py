"""DataSpec: what models, callbacks and records ask of a DataModule, told once, of ours and of anyone's alike."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, cast, runtime_checkable

from lightning.pytorch import LightningDataModule, Trainer

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class DataSpec:
    """Sizes, names and counts of a DataModule; what it does not tell is left at the default.

    Splits are read when their samples are first counted, so that data that does not fit a model is refused before.

    Attributes:
        kind: Name of its class.
        input_shape: Shape of one input.
        num_classes: Number of classes; None where there are none, or it does not tell.
        class_names: Names of the classes, in the order of the targets.
        class_weights: What the loss of each class is multiplied by; None for 1 each.
        preparation: How raw inputs become those of the network, as plain values; None where that is not known.
        batch_size: Samples of a mini-batch; None for full batches, or where it does not tell.
        data: The DataModule; None where there is none.

    Example:
        >>> from litclf import CirclesDataModule
        >>> spec = DataSpec.of(CirclesDataModule(num_samples=100))
        >>> spec.input_shape, spec.num_classes, spec.num_samples["train"], spec.has("val")
        ((2,), 2, 80, True)
        >>> DataSpec.of(None).has("test")
        False
    """

    kind: str = "no data"
    input_shape: tuple[int, ...] = ()
    num_classes: int | None = None
    class_names: tuple[str, ...] = ()
    class_weights: tuple[float, ...] | None = None
    preparation: dict[str, Any] | None = None
    batch_size: int | None = None
    data: LightningDataModule | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, data: LightningDataModule | None) -> DataSpec:
        """What ``data`` tells."""
        if data is None:
            return cls()
        told: Any = data
        shape = getattr(told, "input_shape", None) or getattr(told, "in_features", None) or ()
        weights, preparation = getattr(told, "class_weights", None), getattr(told, "preparation", None)
        return cls(
            kind=type(data).__name__,
            input_shape=(shape,) if isinstance(shape, int) else tuple(shape),
            num_classes=getattr(told, "num_classes", None),
            class_names=tuple(getattr(told, "class_names", ())),
            class_weights=None if weights is None else tuple(weights),
            preparation=None if preparation is None else preparation.to_dict(),
            batch_size=getattr(told, "batch_size", None),
            data=data,
        )

    @classmethod
    def of_trainer(cls, trainer: Trainer) -> DataSpec:
        """What the DataModule of ``trainer`` tells; there is none where it was given loaders."""
        return cls.of(data_of(trainer))

    @classmethod
    def of_members(cls, data: LightningDataModule | None) -> list[DataSpec]:
        """What the data of each member of a fit tells, where members differ in it; none where they do not."""
        return [cls.of(own) for own in getattr(data, "member_data", ())]

    @cached_property
    def in_memory(self) -> bool:
        """Whether the DataModule holds its splits, so that samples of them can be looked at."""
        return isinstance(getattr(self.data, "splits", None), dict)

    @cached_property
    def num_samples(self) -> Mapping[str, int | None]:
        """Samples of ``train``, ``val`` and ``test``: 0 where there is no such split, None where it is not told."""
        told: Any = self.data
        if told is None:
            return dict.fromkeys(SPLITS, 0)
        if self.in_memory:
            return {name: len(told.splits[name].y) for name in SPLITS}
        # Of data that is not ours it is known only which loaders it has.
        loaders = {name: f"{name}_dataloader" for name in SPLITS}
        return {
            name: 0 if getattr(type(told), loader) is getattr(LightningDataModule, loader) else None
            for name, loader in loaders.items()
        }

    @cached_property
    def class_counts(self) -> tuple[int, ...] | None:
        """Training samples of each class; None where they are not told, or are of no classes."""
        if not self.in_memory or not self.num_classes:
            return None
        y = cast(Any, self.data).splits["train"].y
        counts = tuple(int((y == number).sum()) for number in range(self.num_classes))
        return counts if sum(counts) == len(y) else None

    def has(self, split: str) -> bool:
        """Whether there are samples in ``split``, as far as is known."""
        return self.num_samples[split] != 0

    @property
    def is_image(self) -> bool:
        """Whether inputs are images: channels, height and width."""
        return len(self.input_shape) == 3 and self.input_shape[0] in (1, 3)

    @property
    def steps_per_execution(self) -> int:
        """Most optimizer steps that run as one Trainer batch, as a fit has chosen; 1 for data that is not litclf's."""
        return int(getattr(self.data, "steps_per_execution", 1))

    @property
    def steps_per_epoch(self) -> int | None:
        """Mini-batches of a Trainer epoch, under a limit that is a number of them; None where it is not told."""
        steps = getattr(self.data, "train_steps", None)
        return None if steps is None else int(steps[1])

    @property
    def steps_at_once(self) -> int:
        """Optimizer steps that a Trainer batch has, as a fit has chosen."""
        return min(self.steps_per_execution, self.steps_per_epoch or self.steps_per_execution)


@runtime_checkable
class Walked(Protocol):
    """A DataModule of litclf, which knows the mini-batch that it handed out last."""

    def count_batches(self) -> None:
        """Makes the Trainer of a resumed fit, once it has its state, count batches as they are cut now."""

    def counts_towards_epoch(self) -> bool:
        """Whether the mini-batch lies in the last pass of its epoch, whose means are the epoch's."""

    def step_share(self) -> float:
        """What the mini-batch counts in the mean over several processes; 1 with one."""


def data_of(trainer: Trainer) -> LightningDataModule | None:
    """The DataModule of ``trainer``; None where it was given loaders."""
    data: LightningDataModule | None = getattr(trainer, "datamodule", None)  # which Lightning sets and does not declare
    return data


def total_steps(trainer: Trainer, spec: DataSpec | None = None) -> float:
    """Optimizer steps of the whole fit, with those before a resumed one; infinite where it has no end.

    Ordinary batches count as a step each, or a share of one where gradients are accumulated: a module that optimizes by
    hand may make more of them.

    Args:
        trainer: A Trainer with its module and data; the loaders of anyone's data are made for it where they are not.
        spec: What the data tells that is trained on, such as that of a member; None takes that of ``trainer``.
    """
    spec = spec or DataSpec.of_trainer(trainer)
    steps = spec.steps_per_epoch
    if steps is None:
        estimated = trainer.estimated_stepping_batches
        return math.inf if estimated == -1 else estimated  # of a loader without a length
    if spec.steps_per_execution == 1:
        limit = trainer.limit_train_batches
        batches = int(steps * limit) if isinstance(limit, float) else steps
        steps = math.ceil(batches / trainer.accumulate_grad_batches)
    ends = [] if trainer.max_epochs in (None, -1) else [steps * max(trainer.max_epochs, 1)]
    ends += [] if trainer.max_steps == -1 else [trainer.max_steps]
    return min(ends, default=math.inf)
