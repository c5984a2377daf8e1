"""Member pictures: how many members of a fit are worth how much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from lightning.pytorch import LightningModule, Trainer

from litclf.models.classifier import Classifier
from litclf.models.member_scores import TOGETHER
from litclf.models.members import Members
from litclf.training.callbacks.picture import Picture
from litclf.training.members import reached, values_of
from litclf.utilities.data_spec import DataSpec


class MemberPictures(Picture):
    """Draws ``members.png``, the members by test accuracy and by what there are marks of.

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
        """Draws the members of a fit that is followed by no test."""
        if not DataSpec.of_trainer(trainer).has("test"):
            self._draw(trainer, _members(pl_module))

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
