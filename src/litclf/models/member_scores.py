"""Scores of members: what validation and test measure of each member, and of all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

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
from litclf.utilities.threads import side_by_side

TOGETHER = "ensemble"
"""What the metrics of the mean probability are logged under, beside a stage's, which are means over the members."""

_MUCH = 1e6
"""Multiply-adds of a batch from which members take turns on several threads: less is done before a thread begins."""


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
        # Of each member that is alive.
        self._scores: list[list[Tensor]] = [[] for _ in self._alive]
        self._targets: list[list[Tensor]] = [[] for _ in self._alive]
        self._losses = [0.0] * len(self._alive)
        self._loss, self._samples = 0.0, 0

    def update(self, module: MemberTask, batch: Sequence[Tensor] | MemberBatches) -> Tensor:
        """Counts an ``(x, y)`` batch of all members, or batches of each.

        Returns:
            The logits of the mean probability, or those of each member, one after the other.
        """
        if isinstance(batch, MemberBatches):
            self._together = None  # of rows that each has its own of, they say nothing together
            each = self._count(module, [list(batch.each[number]) for number in self._alive])
            return torch.cat([module.shaped(logits) for own in each for logits in own])
        x, y = batch
        each = self._count(module, [[(x, y)]] * len(self._alive))
        together = module.shaped(mean_logits([logits for own in each for logits in own], module.binary))
        if self._together is not None:
            self._together.update(module.scores(together), y.long())
            self._loss += float(module.loss(together, y)) * len(y)
            self._samples += len(y)
        return together

    def _count(self, module: MemberTask, batches: Sequence[Sequence[tuple[Tensor, Tensor]]]) -> list[list[Tensor]]:
        """Counts the batches of each member; returns what their networks make of them."""
        networks = cast(Ensemble, module.network).members

        @torch.no_grad()  # each thread has a mode of its own
        def count(place: int) -> list[Tensor]:
            made = []
            for x, y in batches[place]:
                logits = networks[self._alive[place]](x)
                shaped = module.shaped(logits)
                self._losses[place] += float(module.loss(shaped, y)) * len(y)
                self._scores[place].append(module.scores(shaped).cpu())
                self._targets[place].append(y.long().cpu())
                made.append(logits)
            return made

        threads = self.members.threads if _gains(networks[self._alive[0]], batches[0]) else 1
        return side_by_side(count, range(len(batches)), threads)

    def log(self, module: MemberTask) -> None:
        """Logs the means over the members, and what they are worth together."""
        samples = [sum(map(len, own)) for own in self._targets]
        scores, targets = (torch.cat([part for own in kept for part in own]) for kept in (self._scores, self._targets))
        measured = {
            "loss": torch.tensor(self._losses, dtype=torch.float64) / torch.tensor(samples),
            **self._measured(scores, targets, samples),
        }
        table = torch.full((len(measured), self.members.seeds.count), torch.nan, dtype=torch.float64)
        table[:, self._alive] = torch.stack(list(measured.values()))
        values = {f"{self.stage}/{name}": own for name, own in zip(measured, table, strict=True)}
        trainer = module.trainer
        fits = trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking
        means = self.members.note(values, When(trainer.global_step, trainer.current_epoch) if fits else None)
        if self._together is not None:
            means[f"{TOGETHER}/loss"] = torch.tensor(self._loss / self._samples)
            means |= {f"{TOGETHER}/{name}": value for name, value in self._together.compute().items()}
        device = trainer.strategy.root_device
        known = {key: value.float().to(device) for key, value in means.items() if not value.isnan()}
        log_row(cast(LightningModule, module), known, batch_size=1)

    def _measured(self, scores: Tensor, targets: Tensor, samples: list[int]) -> dict[str, Tensor]:
        """The metrics of each member that is alive, float64 of shape ``(M,)``, by name."""
        if isinstance(self._like, ClassMetrics):
            return self._like.measure(scores, targets, samples)
        values: dict[str, list[Tensor]] = {}
        for own, theirs in zip(torch.split(scores, samples), torch.split(targets, samples), strict=True):
            metrics = self._like.clone()  # of a class of one's own
            metrics.update(own, theirs)
            for name, value in metrics.compute().items():
                values.setdefault(name, []).append(value.double())
        return {name: torch.stack(own) for name, own in values.items()}


def _gains(network: torch.nn.Module, batches: Sequence[tuple[Tensor, Tensor]]) -> bool:
    """Whether several threads take less time for batches of several members, and round as one does."""
    x, _ = batches[0]
    alone = x.device.type == "cpu" and torch.get_num_threads() == 1 and not torch.is_autocast_enabled("cpu")
    return alone and len(x) * sum(own.numel() for own in network.parameters()) >= _MUCH
