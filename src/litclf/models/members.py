"""Members of a fit: networks of one architecture that differ by their seed, or also in their rows, side by side.

A member has the weights of a fit of its own with its seed and rows. What the module logs are means over the members;
what it says, in validation, test and prediction, is the mean of their probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar, Protocol, cast

import torch
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from litclf.engines.base import Engine, Learner, Loss
from litclf.engines.execution import MemberExecutions, Steps
from litclf.engines.members import run_members
from litclf.models.best import Best, packed, unpacked
from litclf.models.execution import count_run, learner_of, teller
from litclf.models.member_curves import MemberCurves, When
from litclf.models.networks.ensemble import Ensemble
from litclf.models.seeds import Seeds
from litclf.utilities.data_spec import data_of
from litclf.utilities.errors import InputError
from litclf.utilities.notes import tell

_FIX = "pass a checkpoint that litclf wrote"


class MemberTask(Protocol):
    """What is asked of the LightningModule that has members."""

    network: nn.Module | None
    binary: ClassVar[bool]

    @property
    def hparams(self) -> Any:
        """The hyperparameters of the module."""

    @property
    def trainer(self) -> Trainer:
        """The Trainer of the fit."""

    def shaped(self, outputs: Tensor) -> Tensor:
        """Logits as the module returns them, of a network's ``outputs``."""

    def loss(self, logits: Tensor, y: Tensor, targets: Tensor | None = None) -> Tensor:
        """Mean loss of logits for targets."""

    def train_loss(self, logits: Tensor, y: Tensor) -> Tensor:
        """The loss that is trained by."""

    def scores(self, logits: Tensor) -> Tensor:
        """The probabilities that metrics take."""


class Members:
    """What a module knows of its members: who is still trained, what each was worth lately, and when it was best.

    Args:
        seeds: Their seeds.

    Attributes:
        seeds: Their seeds.
        threads: Threads that train them; None takes as many as there are processors.
        losses: What each is trained by, where their data differs; empty where all are trained by the module's.
        values: The latest value of each member under its log key, float64 of shape ``(M,)``; not a number where it has
            none.
        curves: The values of each member over the fit.
        best: Of each member, what it was when it was best; None before it was measured.
        diverged: The optimizer step after which a member was left behind, by its number.
        keeping_best: Whether what is saved now is each member when it was best.
    """

    def __init__(self, seeds: Seeds) -> None:
        self.seeds = seeds
        self.threads: int | None = None
        self.losses: Sequence[Loss | None] = ()
        self.values: dict[str, Tensor] = {}
        self.curves = MemberCurves()
        self.best: list[Best | None] = [None] * seeds.count
        self.diverged: dict[int, int] = {}
        self.keeping_best = False
        self._left = False
        self._random: list[Tensor] = []
        self._sums = torch.zeros(seeds.count, 3, dtype=torch.float64)

    @property
    def alive(self) -> list[int]:
        """Numbers of the members that have not diverged."""
        return [number for number in range(self.seeds.count) if number not in self.diverged]

    def build(self, make: Sequence[Callable[[], nn.Module]], binary: bool) -> Ensemble:
        """The networks of all members, each drawn from its own seed by its own ``make``.

        The random numbers of the process stay what they were.
        """
        networks, self._random = [], []
        for seed, draw in zip(self.seeds.of_weights, make, strict=True):
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                networks.append(draw())
                self._random.append(torch.get_rng_state())
        return Ensemble(networks, binary)

    def train(self, module: MemberTask, engines: Sequence[Engine], executions: MemberExecutions) -> tuple[Tensor, Any]:
        """Runs an execution of each member, and counts it in the fit.

        Returns:
            Mean loss of each step and mean number of right answers, over the members that are alive.
        """
        trainer, before = module.trainer, module.trainer.global_step
        learners, steps = self.learners(module), executions.each
        running = {number: (engines[number], own) for number, own in learners.items() if len(steps[number])}
        sums = run_members(
            running, executions, self._random, self.threads, teller(trainer, cast(LightningModule, module))
        )
        count_run(trainer, before + len(executions.steps))
        losses = pad_sequence([own.losses for own in sums.values()], batch_first=True, padding_value=math.nan)
        correct = torch.tensor([float(0 if own.correct is None else own.correct) for own in sums.values()])
        kept = torch.stack([own.losses.sum().isfinite() for own in sums.values()])
        if not kept.any():
            return losses.nanmean(dim=0), correct.mean()
        for number, good in zip(sums, kept.tolist(), strict=True):
            if not good:
                self._leave(module, number)
        self._count(list(sums), losses, correct, [steps[number] for number in sums])
        return losses[kept].nanmean(dim=0), correct[kept].mean()

    def learners(self, module: MemberTask) -> dict[int, Learner]:
        """What an engine is given of each member that is alive."""
        networks, optimizers = cast(Ensemble, module.network).members, module.trainer.optimizers
        trainer = module.trainer
        learner = learner_of(cast(LightningModule, module), trainer, data_of(trainer), optimizers[0])
        losses = self.losses or [None] * len(networks)
        return {
            number: _with(learner, module, networks[number], optimizers[number], losses[number])
            for number in self.alive
        }

    def _leave(self, module: MemberTask, number: int) -> None:
        """Leaves a member behind that has diverged: nothing of it is trained, saved or counted any more."""
        self.diverged[number] = step = module.trainer.global_step
        self._left = True
        cast(Ensemble, module.network).leave(number)
        module.trainer.optimizers[number].state.clear()
        tell(f"the member of seed {self.seeds.all[number]} has diverged before step {step}, and is left behind")

    def _count(self, numbers: list[int], losses: Tensor, correct: Tensor, steps: Sequence[Steps]) -> None:
        """Adds to the sums of the epoch, in which the steps of each member are its own."""
        counted = {own: _counted(own, losses.shape[1]) for own in set(steps)}  # many have the same
        sizes = torch.stack([counted[own] for own in steps])
        summed = (losses.double().cpu().nan_to_num() * sizes).sum(dim=1)
        self._sums[numbers] += torch.stack([summed, correct.cpu(), sizes.sum(dim=1)], dim=1)

    def of_epoch(self) -> dict[str, Tensor]:
        """The means of the epoch so far, over its last pass as the module's are, each of shape ``(M,)``."""
        loss, correct, samples = self._sums.unbind(dim=1)
        return {"train/loss": loss / samples, "train/accuracy": correct / samples}

    def end_epoch(self, when: When) -> None:
        """Makes the means of the epoch the latest values."""
        self.note(self.of_epoch(), when)
        self._sums = torch.zeros_like(self._sums)

    def note(self, values: dict[str, Tensor], when: When | None = None) -> dict[str, Tensor]:
        """Takes the latest values of all members, each of shape ``(M,)``, by log key.

        Args:
            values: The values.
            when: When they were measured; None for what is no part of the curves of a fit.

        Returns:
            The mean of each over the members that have one, 0-dimensional.
        """
        table = torch.stack(list(values.values())).double().cpu()
        table[:, list(self.diverged)] = math.nan
        self.values |= zip(values, table, strict=True)
        if when is not None:
            self.curves.add({key: self.values[key] for key in values}, when)
        return dict(zip(values, table.nanmean(dim=1), strict=True))

    def keep_best(self, module: MemberTask, monitor: str, mode: str) -> bool:
        """Keeps of each member what it is now, where that is its best by the latest value of ``monitor``.

        Returns:
            Whether there is any such member, or one was left behind since.
        """
        sign, found = (1 if mode == "min" else -1), self._left
        trainer = module.trainer
        values = {key: own.tolist() for key, own in self.values.items()}
        for number in self.alive if monitor in values else []:
            score, before = values[monitor][number], self.best[number]
            if math.isfinite(score) and (before is None or sign * score < sign * before.score):
                weights = cast(Ensemble, module.network).members[number].state_dict()
                weights = {name: value.detach().clone() for name, value in weights.items()}
                latest = {key: own[number] for key, own in values.items()}
                self.best[number] = Best(score, trainer.global_step, trainer.current_epoch, latest, weights)
                found = True
        return found

    def best_score(self) -> Tensor:
        """Mean over the members of the score of each when it was best, 0-dimensional."""
        scores = [best.score for number in self.alive if (best := self.best[number]) is not None]
        return torch.tensor(scores, dtype=torch.float64).mean()

    @contextmanager
    def as_best(self) -> Iterator[None]:
        """Within it, a checkpoint is of each member when it was best."""
        self.keeping_best, self._left = True, False
        try:
            yield
        finally:
            self.keeping_best = False

    def best_weights(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        """The weights of a module, with those of each member when it was best."""
        own = dict(state)
        for number, best in enumerate(self.best):
            if best is not None and number not in self.diverged:
                own |= {f"network.members.{number}.{name}": value for name, value in best.weights.items()}
        return own

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps, as plain values and tensors; with the best weights no curves, which go on."""
        return {
            "values": dict(self.values),
            "curves": None if self.keeping_best else self.curves.state_dict(),
            "best": packed(self.best, weights=not self.keeping_best),
            "diverged": dict(self.diverged),
            "random": torch.stack(self._random),
            "sums": self._sums,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes up what :meth:`state_dict` gave.

        Raises:
            InputError: If it is something else, or of other members.
        """
        count = self.seeds.count
        try:
            self.values = dict(state["values"])
            self.best = unpacked(state["best"])
            self.diverged = {int(number): int(step) for number, step in state["diverged"].items()}
            # PyTorch sets a state from where its storage begins, which is another's in a row of a tensor.
            self._random, self._sums = [own.clone() for own in state["random"]], state["sums"]
            if state["curves"] is not None:
                self.curves.load_state_dict(state["curves"])
            shapes = {tuple(own.shape) for own in self.values.values()} | {tuple(self._sums.shape)[:1]}
            shapes |= {tuple(self.curves[key][1].shape)[1:] for key in self.curves}
            fits = shapes <= {(count,)} and len(self.best) == len(self._random) == count
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError("ckpt_path", f"what it keeps of its members is damaged: {error}", _FIX) from error
        if not fits or not set(self.diverged) <= set(range(count)):
            raise InputError("ckpt_path", f"keeps of its {count} members what is of others", _FIX)


def _counted(steps: Steps, length: int) -> Tensor:
    """How many samples each of so many steps counts in the epoch; none where there is no such step."""
    first, sizes = steps.counted_from, steps.sizes
    counted = [0] * first + sizes[first:] + [0] * (length - len(sizes))
    return torch.tensor(counted, dtype=torch.float64)


def member_learner(module: MemberTask, trainer: Trainer, data: Any, network: nn.Module, optimizer: Any) -> Learner:
    """What an engine is given of the member of ``module`` that has ``network``."""
    learner = learner_of(cast(LightningModule, module), trainer, data, optimizer)
    return _with(learner, module, network, optimizer)


def _with(
    learner: Learner, module: MemberTask, network: nn.Module, optimizer: Any, loss: Loss | None = None
) -> Learner:
    """``learner``, which has the schedules of all, with what is a member's own; all else is the same for all."""
    targets = None if loss is None else loss.targets(module.hparams["num_classes"])

    def step(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        logits = module.shaped(network(x))
        if loss is None:
            return module.train_loss(logits, y), logits
        return module.loss(logits, y, None if targets is None else targets.to(y.device)[y]), logits

    own = [schedule for schedule in learner.schedules if schedule.optimizer is optimizer]
    known = loss if loss is not None and isinstance(learner.loss, Loss) else learner.loss
    return replace(learner, network=network, step=step, optimizer=optimizer, schedules=own, loss=known)
