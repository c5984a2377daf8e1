"""Member module: a stepped module that can train many networks, its members, where it trains one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, cast

import torch
from lightning.pytorch import LightningDataModule, Trainer
from torch import Tensor, nn

from litclf.engines.base import Engine, Learner
from litclf.engines.choice import choose_engine
from litclf.engines.execution import Execution, MemberExecutions
from litclf.models.base import SteppedModule
from litclf.models.member_curves import When
from litclf.models.members import Members, member_learner
from litclf.models.networks.ensemble import Ensemble, members_of
from litclf.models.optimizers import Recipe
from litclf.models.seeds import Seeds
from litclf.runs.hparams import count_members
from litclf.utilities.data_spec import DataSpec, data_of
from litclf.utilities.errors import InputError, part
from litclf.utilities.threads import available_processors

_KEY = "members"
"""Hyperparameter and entry of a checkpoint that tell of the members."""

_ALONE = "train one network, without members"


class MemberModule(SteppedModule):
    """Trains one network by its steps, or one for each member, side by side, once it was given :attr:`members`.

    Attributes:
        binary: Whether one logit tells two classes apart.
        members: What is known of the members; None in a fit of one network.
    """

    binary: ClassVar[bool] = False

    def __init__(self, recipe: Recipe, engine: str = "eager") -> None:
        super().__init__(recipe, engine)
        self.members: Members | None = None
        self.network: nn.Module | None = None
        self._engines: list[Engine] = []

    def begin_members(self, seeds: Seeds, make: Sequence[Callable[[], nn.Module]]) -> None:
        """Trains members from now on, each with a network of its own.

        Args:
            seeds: Their seeds.
            make: Draws the network of each.

        Raises:
            InputError: If the class has steps of its own, which know of one network.
        """
        for name in ("step", "training_step", "validation_step", "test_step", "forward", "configure_optimizers"):
            if not getattr(type(self), name).__module__.startswith("litclf."):
                raise InputError("members", f"cannot be trained by {type(self).__name__}.{name}", _ALONE)
        self.members = Members(seeds)
        self.network = self.members.build(make, self.binary)
        self.save_hyperparameters({_KEY: seeds.to_dict()})

    @part("model")
    def setup(self, stage: str) -> None:
        """Takes executions, of a step or many, where there are members."""
        super().setup(stage)
        if stage == "fit" and self.members is not None:
            self.automatic_optimization = False
            if self.trainer.world_size > 1:
                raise InputError("members", "train in one process, side by side", "pass --trainer.devices 1")

    @part("model")
    def configure_optimizers(self) -> Any:
        """The recipe's optimizer and schedule, one of each for each member."""
        if self.members is None:
            return super().configure_optimizers()
        networks = members_of(self.network)
        data = data_of(self.trainer)
        specs = DataSpec.of_members(data) or [DataSpec.of(data)] * len(networks)
        return [self.optimizer_of(network, spec) for network, spec in zip(networks, specs, strict=True)]

    def choose_engines(self) -> None:
        """Chooses an engine for each member, all of one kind."""
        if self.members is None:
            return super().choose_engines()
        learners = self.members.learners(cast(Any, self))
        learner = next(iter(learners.values()))
        if learner.watch is not None:
            raise InputError("members", f"cannot be trained side by side: {learner.watch.reason}", _ALONE)
        kind, self.engine_choice = choose_engine(self.engine_name, learner)
        self._engines = [kind.make(self.engine_name == kind.name) for _ in range(self.members.seeds.count)]
        if kind.begin is not None:
            for learner in learners.values():
                kind.begin(learner)

    @property
    def training_threads(self) -> int:
        """Threads that the steps of a fit are run by: PyTorch's, or as many as there are for members at once."""
        if self.members is None or not all(getattr(engine, "concurrent", False) for engine in self._engines):
            return torch.get_num_threads()
        return min(self.members.threads or available_processors(), self.members.seeds.count)

    def first_learner(self, trainer: Trainer, data: LightningDataModule) -> Learner:
        """As of one network; of the first member where there are any."""
        if self.members is None:
            return super().first_learner(trainer, data)
        network = members_of(self.network)[0]
        return member_learner(cast(Any, self), trainer, data, network, self.recipe.build(network))

    def training_step(self, batch: Execution | MemberExecutions | Sequence[Tensor], batch_idx: int) -> Tensor:
        """As of one network; of members, all steps of an execution of each."""
        if not isinstance(batch, MemberExecutions):
            return super().training_step(batch, batch_idx)
        assert self.members is not None
        engines = self._engines if self.own_engine is None else [self.own_engine] * len(batch)
        losses, correct = self.members.train(cast(Any, self), engines, batch)
        self._log_training(losses, correct, batch.steps, self.trainer.global_step)
        return losses.mean()

    def on_train_epoch_end(self) -> None:
        """Notes what the epoch was to each member."""
        if self.members is not None:
            self.members.end_epoch(When(self.trainer.global_step, self.trainer.current_epoch))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Saves what is known of the members; of the best ones, which are of different steps, the weights alone."""
        if self.members is not None:
            checkpoint[_KEY] = self.members.state_dict()
            if self.members.keeping_best:
                checkpoint["state_dict"] = self.members.best_weights(checkpoint["state_dict"])
                for name in ("optimizer_states", "lr_schedulers"):
                    checkpoint.pop(name, None)
        super().on_save_checkpoint(checkpoint)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Has as many networks as the checkpoint, and takes up what it knows of them."""
        super().on_load_checkpoint(checkpoint)
        saved = checkpoint["hyper_parameters"].get(_KEY)
        if saved is None:
            return
        count_members(checkpoint, "the file")
        if self.members is None:
            self.members = Members(Seeds(**saved))
            self.network = Ensemble.like(cast(nn.Module, self.network), self.members.seeds.count, self.binary)
            self.save_hyperparameters({_KEY: saved})
        self.members.load_state_dict(checkpoint[_KEY])
        cast(Ensemble, self.network).left = set(self.members.diverged)
