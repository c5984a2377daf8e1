"""Plan of a run: what it is to do, settled and checked before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningDataModule, LightningModule
from torch import Tensor, nn

from litclf.data.base import InMemoryDataModule
from litclf.data.loading.epoch import EpochDataModule
from litclf.models.classifier import Classifier
from litclf.models.networks.ensemble import members_of
from litclf.models.rules import Rule
from litclf.models.seeds import Seeds
from litclf.runs.checkpoint import Checkpoint
from litclf.training.calibration import check_rule
from litclf.training.callbacks.saves import SAVE_EVERY
from litclf.training.members import check_marks
from litclf.training.resume import check_same_run, check_unfinished
from litclf.training.trainer_args import check_last_batch, check_trainer_args
from litclf.utilities.checks import not_negative, whole
from litclf.utilities.data_spec import DataSpec
from litclf.utilities.errors import InputError
from litclf.utilities.threads import threads_for


@dataclass(frozen=True)
class Plan:
    """What a run is to do; model, data and checkpoint fit together.

    Attributes:
        model: The model; takes its sizes from ``data``.
        data: The data.
        name: Name of the folder below ``lightning_logs`` that new run folders are made in.
        config: The text of ``config.yaml``.
        seed: Seed of the order of samples.
        trainer_args: Arguments of :class:`lightning.pytorch.Trainer`, as the user gave them.
        threads: Threads of PyTorch; None chooses by the size of the work.
        checkpoint: The checkpoint to go on from or to evaluate; None starts anew.
        pictures: Whether a fit draws what fits the data, and writes ``report.html``.
        threshold_rule: How the threshold of a binary classifier is chosen.
        save_every: Seconds between two saves at least.
        members: Seeds of the networks that are trained side by side; None trains one.
        marks: Values by log key that the share of members that reach them is told of: the least, of a loss the most.

    Raises:
        InputError: If something was given that cannot be used; nothing has been written then.

    Example:
        >>> from litclf import BinaryClassifier, CirclesDataModule
        >>> plan = Plan(BinaryClassifier(), CirclesDataModule(num_samples=100), "circles", config="", seed=1)
        >>> plan.spec.num_samples["train"], plan.num_threads
        (80, 1)
    """

    model: LightningModule
    data: LightningDataModule
    name: str
    config: str
    seed: int
    trainer_args: dict[str, Any] = field(default_factory=dict)
    threads: int | None = None
    checkpoint: Checkpoint | None = None
    pictures: bool = False
    threshold_rule: Rule = "0.5"
    save_every: float = SAVE_EVERY
    members: Seeds | None = None
    marks: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name in ("", "..") or Path(self.name).name != self.name:
            raise InputError("name", f"must be the name of a folder, got {self.name!r}", "pass a name without slashes")
        if self.threads is not None:
            whole("threads", self.threads, 1, 2**16, example=1)
        attach = getattr(self.model, "attach", None)
        if attach is not None:
            attach(self.data)
        self._begin_members()
        not_negative("save_every", self.save_every, 1.0)
        check_rule(self.threshold_rule, self.model, self.spec.num_classes)
        if self.checkpoint is not None:
            check_same_run(self.checkpoint, self.model, self.data)
        if self.spec.in_memory:  # read now, so that missing files are found before anything is written
            check_last_batch(self.model, self.spec.num_samples["train"] or 0, self.spec.batch_size)
        check_trainer_args(self.trainer_args)

    def _begin_members(self) -> None:
        """Has model and data be those of a fit with members, or of one network."""
        data = self.data if isinstance(self.data, EpochDataModule) else None
        if data is not None:
            data.member_seeds = () if self.members is None else self.members.of_order
        check_marks(self.marks, self.members, self.model, self.spec)
        if self.members is None:
            return
        if data is None or not isinstance(self.model, Classifier):
            rule = (
                f"need a classifier and data of litclf, got {type(self.model).__name__} on {type(self.data).__name__}"
            )
            raise InputError("members", rule, "train one network, without members")
        self.model.begin(self.members, self.threads, DataSpec.of_members(data))

    def check_fit(self) -> None:
        """Refuses data that cannot be trained on, and a checkpoint that a fit cannot go on from.

        Raises:
            InputError: Naming the data, the setting or the checkpoint.
        """
        if isinstance(self.data, InMemoryDataModule):
            self.data.check_training()
        if self.threshold_rule != "0.5" and (
            not self.spec.has("val") or self.trainer_args.get("limit_val_batches") == 0
        ):
            rule = f"{self.threshold_rule} goes by validation samples, and there are none"
            raise InputError("threshold_rule", rule, "keep samples for validation, or drop it")
        if self.checkpoint is not None:
            check_unfinished(self.checkpoint, self.spec, self.seed, self.trainer_args, self.pictures)

    @cached_property
    def spec(self) -> DataSpec:
        """Sizes, names and counts of the data."""
        return DataSpec.of(self.data)

    @cached_property
    def num_threads(self) -> int:
        """The threads that were asked for; else one where a step is little work, PyTorch's default otherwise."""
        if self.threads is not None:
            return self.threads
        network = next(iter(members_of(getattr(self.model, "network", None))), None)  # members work one by one
        example = self.model.example_input_array
        batch_size = self.spec.batch_size or 1000
        if isinstance(network, nn.Module) and isinstance(example, Tensor):
            return threads_for(network, example, batch_size)
        return threads_for(self.model, None, batch_size)
