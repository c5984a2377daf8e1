"""Dead units of members: counted when a fit ends, for who asks why a member has fallen behind."""

from __future__ import annotations

from typing import Any, cast

from lightning.pytorch import Callback, LightningModule, Trainer

from litclf.data.base import InMemoryDataModule
from litclf.data.loading.loader import EvalLoader
from litclf.models.classifier import Classifier
from litclf.models.members import Members
from litclf.models.networks.dead_units import Layer, dead_units
from litclf.models.networks.ensemble import members_of
from litclf.utilities.data_spec import data_of
from litclf.utilities.threads import side_by_side, using_threads

_MOST = 4_000
"""Samples that are looked at: 60 000 of MNIST took as long as an epoch of its steps, 10 000 a twentieth of a fit."""


class DeadUnits(Callback):
    """Counts the dead units of each member over the training split; of a large one, over every so-manyth sample.

    What is counted of samples is then that many times as much.

    Attributes:
        facts: What was counted of each layer of each member, which the run keeps in ``metrics.json``; None of a member
            that has diverged.

    Example:
        >>> DeadUnits().facts
        {}
    """

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Counts them."""
        module, data = cast(Classifier, pl_module), cast(InMemoryDataModule, data_of(trainer))
        members, networks = cast(Members, module.members), members_of(module.network)
        x, y = data.splits["train"]
        each = max(1, -(-len(y) // _MOST))
        batches = EvalLoader(x[::each], y[::each], data.eval_batch_size, data.prepare)

        def count(number: int) -> list[Layer]:
            layers = dead_units(networks[number], batches)
            return [own | {"silent": own["silent"] * each, "lost": own["lost"] * each} for own in layers]

        with using_threads(1):
            counted = dict(zip(members.alive, side_by_side(count, members.alive, members.threads), strict=True))
        self.facts["dead_units"] = [counted.get(number) for number in range(members.seeds.count)]
