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
        like = cast(ClassMetrics | MetricCollection, getattr(module, f"{stage}_metrics"))
        self._each = {number: like.clone() for number in members.alive}
        self._together = None if module.trainer.state.fn == TrainerFn.FITTING else like.clone()
        self._losses = torch.zeros(members.seeds.count, dtype=torch.float64)
        self._loss, self._samples = 0.0, 0

    def update(self, module: MemberTask, batch: Sequence[Tensor]) -> Tensor:
        """Counts an ``(x, y)`` batch; returns the logits of the mean probability."""
        x, y = batch
        network = cast(Ensemble, module.network)
        logits = {number: network.members[number](x) for number in self._each}
        for number, own in logits.items():
            shaped = module.shaped(own)
            self._losses[number] += float(module.loss(shaped, y)) * len(y)
            self._each[number].update(module.scores(shaped), y.long())
        self._samples += len(y)
        together = module.shaped(mean_logits(list(logits.values()), module.binary))
        if self._together is not None:
            self._together.update(module.scores(together), y.long())
            self._loss += float(module.loss(together, y)) * len(y)
        return together

    def log(self, module: MemberTask) -> None:
        """Logs the means over the members, and what they are worth together."""
        count = self.members.seeds.count
        values = {f"{self.stage}/loss": self._losses / self._samples}
        for number, own in self._each.items():
            for name, value in own.compute().items():
                key = f"{self.stage}/{name}"
                values.setdefault(key, torch.full((count,), torch.nan, dtype=torch.float64))[number] = float(value)
        trainer = module.trainer
        fits = trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking
        means = self.members.note(values, When(trainer.global_step, trainer.current_epoch) if fits else None)
        if self._together is not None:
            means[f"{TOGETHER}/loss"] = torch.tensor(self._loss / self._samples)
            means |= {f"{TOGETHER}/{name}": value for name, value in self._together.compute().items()}
        device = trainer.strategy.root_device
        known = {key: value.float().to(device) for key, value in means.items() if not value.isnan()}
        log_row(cast(LightningModule, module), known, batch_size=1)
