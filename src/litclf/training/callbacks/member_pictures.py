"""Member pictures: how many members of a fit are worth how much, and which units of theirs have died."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from lightning.pytorch import LightningModule, Trainer

from litclf.data.loading.loader import EvalLoader
from litclf.models.classifier import Classifier
from litclf.models.member_scores import TOGETHER
from litclf.models.members import Members
from litclf.models.networks.dead_units import Layer, dead_units
from litclf.models.networks.ensemble import members_of
from litclf.training.callbacks.picture import Picture
from litclf.training.members import reached, values_of
from litclf.utilities.data_spec import DataSpec


class MemberPictures(Picture):
    """Draws ``members.png``, the members by test accuracy and by what there are marks of, and counts dead units.

    Without a test split it is by the accuracy of validation, without one by that of training.

    Args:
        marks: Values by log key that the share of members that reach them is told of.

    Example:
        >>> MemberPictures({"test/accuracy": 0.99}).facts
        {}
    """

    def __init__(self, marks: Mapping[str, float]) -> None:
        super().__init__()
        self.marks = marks

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Counts the dead units of each member, over the whole training split."""
        members, data = _members(pl_module), self.data_of(trainer)
        x, y = data.splits["train"]
        found: list[list[Layer] | None] = [None] * members.seeds.count
        for number in members.alive:
            network = members_of(cast(Classifier, pl_module).network)[number]
            found[number] = dead_units(network, EvalLoader(x, y, data.eval_batch_size, data.prepare), pl_module.device)
        self.facts["dead_units"] = found
        if not DataSpec.of(data).has("test"):
            self._draw(trainer, members)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draws the members by what the test has measured."""
        self._draw(trainer, _members(pl_module))

    def _draw(self, trainer: Trainer, members: Members) -> None:
        from litclf.visualization.plots.members import Measured, draw_members

        values, shown = values_of(members), []
        usual = next((name for stage in ("test", "val", "train") if (name := f"{stage}/accuracy") in values), "")
        for key in dict.fromkeys([usual, *self.marks]):
            if key not in values:
                continue
            told = reached(values[key], key, self.marks[key]) if key in self.marks else {}
            words = f"{told['reached']} of {told['of']} reach it" if told else ""
            together = trainer.callback_metrics.get(key.replace("test/", f"{TOGETHER}/")) if "test/" in key else None
            value = None if together is None else float(together)
            shown.append(Measured(key.replace("/", " "), values[key], value, told.get("mark"), words))
        if shown:
            self.show(trainer, "members", draw_members(shown))


def _members(module: LightningModule) -> Members:
    members = cast(Classifier, module).members
    assert members is not None, "drawn of a fit with members"
    return members
