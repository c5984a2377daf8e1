"""Scores of members: what validation and test measure of each member, and of all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor
from torchmetrics import MetricCollection

from litclf.engines.execution import MemberBatches
from litclf.models.member_curves import When
from litclf.models.members import Members, MemberTask
from litclf.models.metrics import ClassMetrics
from litclf.models.networks.ensemble import Ensemble, mean_logits
from litclf.utilities.lightning_logging import log_row

TOGETHER = "ensemble"
"""What the metrics of the mean probability are logged under, beside a stage's, which are means over the members."""


class _Seen(NamedTuple):
    """What was seen of members that were given the same batches: their scores, the targets, sums of their losses."""

    scores: list[Tensor]
    targets: list[Tensor]
    losses: Tensor


class MemberScores:
    """Metrics of each member over a validation or test, and of their mean probability outside of a fit.

    Args:
        module: The module, which makes the metrics.
        members: Its members.
        stage: ``val`` or ``test``.
    """

    def __init__(self, module: MemberTask, members: Members, stage: str) -> None:
        self.members, self.stage = members, stage
        self._alive = members.alive
        self._like = cast(ClassMetrics | MetricCollection, getattr(module, f"{stage}_metrics"))
        self._together = None if module.trainer.state.fn == TrainerFn.FITTING else self._like.clone()
        self._seen: dict[tuple[int, ...], _Seen] = {}
        self._loss, self._samples = 0.0, 0

    def update(self, module: MemberTask, batch: Sequence[Tensor] | MemberBatches) -> Tensor:
        """Counts an ``(x, y)`` batch of all members, or batches of each.

        Returns:
            The logits of the mean probability, or those of each member, one after the other.
        """
        if isinstance(batch, MemberBatches):
            self._together = None  # of rows that each has its own of, they say nothing together
            each = [(number, own) for number in self._alive for own in batch.each[number]]
            return torch.cat([module.shaped(self._count(module, (number,), *own)[0]) for number, own in each])
        x, y = batch
        logits = self._count(module, tuple(self._alive), x, y)
        together = module.shaped(mean_logits(logits, module.binary))
        if self._together is not None:
            self._together.update(module.scores(together), y.long())
            self._loss += float(module.loss(together, y)) * len(y)
            self._samples += len(y)
        return together

    def _count(self, module: MemberTask, numbers: tuple[int, ...], x: Tensor, y: Tensor) -> list[Tensor]:
        """Counts a batch of some members; returns what their networks make of it."""
        networks = cast(Ensemble, module.network).members
        logits = [networks[number](x) for number in numbers]
        shaped = [module.shaped(own) for own in logits]
        seen = self._seen.setdefault(numbers, _Seen([], [], torch.zeros(len(numbers), dtype=torch.float64)))
        seen.losses.add_(torch.stack([module.loss(own, y) for own in shaped]).double().cpu() * len(y))
        seen.scores.append(torch.stack([module.scores(own) for own in shaped]).cpu())
        seen.targets.append(y.long().cpu())
        return logits

    def log(self, module: MemberTask) -> None:
        """Logs the means over the members, and what they are worth together."""
        values: dict[str, Tensor] = {}
        for numbers, seen in self._seen.items():
            targets = torch.cat(seen.targets)
            measured = {"loss": seen.losses / len(targets), **self._measured(torch.cat(seen.scores, dim=1), targets)}
            for name, own in measured.items():
                nothing = torch.full((self.members.seeds.count,), torch.nan, dtype=torch.float64)
                values.setdefault(f"{self.stage}/{name}", nothing)[list(numbers)] = own
        trainer = module.trainer
        fits = trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking
        means = self.members.note(values, When(trainer.global_step, trainer.current_epoch) if fits else None)
        if self._together is not None:
            means[f"{TOGETHER}/loss"] = torch.tensor(self._loss / self._samples)
            means |= {f"{TOGETHER}/{name}": value for name, value in self._together.compute().items()}
        device = trainer.strategy.root_device
        known = {key: value.float().to(device) for key, value in means.items() if not value.isnan()}
        log_row(cast(LightningModule, module), known, batch_size=1)

    def _measured(self, scores: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """The metrics of each member that is alive, float64 of shape ``(M,)``, by name."""
        if isinstance(self._like, ClassMetrics):
            return self._like.measure(scores, targets)
        values: dict[str, list[Tensor]] = {}
        for own in scores:  # metrics of a class of one's own
            metrics = self._like.clone()
            metrics.update(own, targets)
            for name, value in metrics.compute().items():
                values.setdefault(name, []).append(value.double())
        return {name: torch.stack(own) for name, own in values.items()}
