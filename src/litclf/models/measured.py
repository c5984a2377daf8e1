"""Measured module: a module of logits whose validation and test measure classes, of one network or of many members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import Tensor
from torchmetrics import MetricCollection

from litclf.engines.execution import MemberBatches
from litclf.models.decision import classes_of, probabilities_of
from litclf.models.member_module import MemberModule
from litclf.models.member_scores import MemberScores
from litclf.models.metrics import ClassMetrics, was_updated
from litclf.models.optimizers import Recipe
from litclf.utilities.lightning_logging import log_row


class MeasuredModule(MemberModule):
    """Validates and tests what its network says of classes; a subclass makes ``val_metrics`` and ``test_metrics``."""

    def __init__(self, recipe: Recipe, engine: str = "eager") -> None:
        super().__init__(recipe, engine)
        self._targets: Tensor | None = None
        self._scores: MemberScores | None = None

    def shaped(self, outputs: Tensor) -> Tensor:
        """Logits as ``forward`` returns them, of a network's ``outputs``."""
        return outputs

    def train_loss(self, logits: Tensor, y: Tensor) -> Tensor:
        """The :meth:`loss` that is trained by: with the data's class weights and label smoothing, if any."""
        if self._targets is None:
            return self.loss(logits, y)
        self._targets = self._targets.to(logits.device)
        return self.loss(logits, y, self._targets[y])

    def loss(self, logits: Tensor, y: Tensor, targets: Tensor | None = None) -> Tensor:
        """Mean loss of ``logits`` for ``y``, shape ``(N,)``, or for what each class counts, ``targets``, ``(N, C)``."""
        raise NotImplementedError(f"{type(self).__name__} must implement loss")

    def probabilities(self, logits: Tensor) -> Tensor:
        """Probability of each class, shape ``(N, C)``, summing to 1 for each sample."""
        return probabilities_of(logits)

    def classes(self, logits: Tensor) -> Tensor:
        """The most probable class of each sample, int64 of shape ``(N,)``."""
        return classes_of(logits)

    def scores(self, logits: Tensor) -> Tensor:
        """The probabilities that :meth:`metrics` take: of class 1, ``(N,)``, or of each class, ``(N, C)``."""
        probabilities = self.probabilities(logits)
        return probabilities[:, 1] if self.binary else probabilities

    def metrics(self, num_classes: int) -> ClassMetrics | MetricCollection:
        """The metrics of validation and test, given the :meth:`scores`; a subclass may have others, by name."""
        return ClassMetrics(num_classes, self.binary)

    def correct(self, outputs: Tensor, y: Tensor) -> Tensor:
        """How many samples the logits ``outputs`` give their class ``y``."""
        return (self.classes(outputs) == y).sum()

    def validation_step(self, batch: Sequence[Tensor], batch_idx: int) -> None:
        """Counts an ``(x, y)`` batch into the validation metrics."""
        self._evaluate("val", batch)

    def test_step(self, batch: Sequence[Tensor], batch_idx: int) -> dict[str, Tensor]:
        """Counts an ``(x, y)`` batch into the test metrics; returns its ``logits``, for callbacks."""
        return {"logits": self._evaluate("test", batch)}

    def on_validation_epoch_end(self) -> None:
        """Logs the validation metrics."""
        self._log_metrics("val")

    def on_test_epoch_end(self) -> None:
        """Logs the test metrics."""
        self._log_metrics("test")

    def _evaluate(self, stage: str, batch: Sequence[Tensor] | MemberBatches) -> Tensor:
        if self.members is not None:
            self._scores = self._scores or MemberScores(self, self.members, stage)
            return self._scores.update(self, batch)
        x, y = cast(Sequence[Tensor], batch)
        logits: Tensor = self(x)
        processes = self.trainer.world_size
        # A process without a sample in the last batch still takes part in what all processes do together.
        loss = self.loss(logits, y) if len(y) else logits.new_zeros(())
        # Times the number of processes, by which Lightning divides the samples of all of them in whole numbers.
        samples = len(y) * processes
        log_row(self, {f"{stage}/loss": loss}, samples, sync_dist=processes > 1, on_step=False, on_epoch=True)
        getattr(self, f"{stage}_metrics").update(self.scores(logits), y.long())
        return logits

    def _log_metrics(self, stage: str) -> None:
        if self._scores is not None:
            self._scores.log(self)
            self._scores = None
            return
        collection: ClassMetrics | MetricCollection = getattr(self, f"{stage}_metrics")
        if was_updated(collection):  # else a step of one's own measures by itself
            # Computed over all processes already; Lightning wants to hear it all the same.
            values = {f"{stage}/{name}": value for name, value in collection.compute().items() if not value.isnan()}
            log_row(self, values, batch_size=1, sync_dist=self.trainer.world_size > 1)
            collection.reset()
