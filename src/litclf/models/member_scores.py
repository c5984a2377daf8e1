"""Scores of members: what validation and test measure of each member, and of all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor
from torchmetrics import MetricCollection

from litclf.models.member_curves import When
from litclf.models.members import Members, MemberTask
from litclf.models.metrics import ClassMetrics
from litclf.models.networks.ensemble import Ensemble, mean_logits
from litclf.utilities.lightning_logging import log_row

TOGETHER = "ensemble"
"""What the metrics of the mean probability are logged under, beside a stage's, which are means over the members."""


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
        self._scores: list[Tensor] = []
        self._targets: list[Tensor] = []
        self._losses = torch.zeros(members.seeds.count, dtype=torch.float64)
        self._loss = 0.0

    def update(self, module: MemberTask, batch: Sequence[Tensor]) -> Tensor:
        """Counts an ``(x, y)`` batch; returns the logits of the mean probability."""
        x, y = batch
        networks = cast(Ensemble, module.network).members
        logits = [networks[number](x) for number in self._alive]
        shaped = [module.shaped(own) for own in logits]
        losses = torch.stack([module.loss(own, y) for own in shaped])
        self._losses[self._alive] += losses.double().cpu() * len(y)
        self._scores.append(torch.stack([module.scores(own) for own in shaped]).cpu())
        self._targets.append(y.long().cpu())
        together = module.shaped(mean_logits(logits, module.binary))
        if self._together is not None:
            self._together.update(module.scores(together), y.long())
            self._loss += float(module.loss(together, y)) * len(y)
        return together

    def log(self, module: MemberTask) -> None:
        """Logs the means over the members, and what they are worth together."""
        targets = torch.cat(self._targets)
        values = {f"{self.stage}/loss": self._losses / len(targets)}
        for name, own in self._measured(torch.cat(self._scores, dim=1), targets).items():
            values[f"{self.stage}/{name}"] = torch.full_like(self._losses, torch.nan)
            values[f"{self.stage}/{name}"][self._alive] = own
        trainer = module.trainer
        fits = trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking
        means = self.members.note(values, When(trainer.global_step, trainer.current_epoch) if fits else None)
        if self._together is not None:
            means[f"{TOGETHER}/loss"] = torch.tensor(self._loss / len(targets))
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
