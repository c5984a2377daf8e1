"""Test callbacks: confusion matrix, ROC and precision-recall, reliability."""

from __future__ import annotations

import numpy as np
from lightning.pytorch import Trainer
from sklearn.metrics import confusion_matrix

from litclf.training.callbacks.picture import Evaluation, EvaluationPicture, folder_of
from litclf.training.loggers.tensorboard import RunTensorBoard

_FEW_CLASSES = 10
"""Classes up to which one curve for each can be told apart."""


class ConfusionMatrix(EvaluationPicture):
    """Draws ``confusion_matrix.png`` and writes ``confusion_matrix.csv``: counts and shares of each true class.

    Example:
        >>> ConfusionMatrix().facts
        {}
    """

    def draw(self, trainer: Trainer, evaluation: Evaluation) -> None:
        """Draws and writes the matrix."""
        from litclf.visualization.plots.confusion import draw_confusion, write_confusion

        matrix = confusion_matrix(
            evaluation.targets, evaluation.predicted, labels=np.arange(len(evaluation.class_names))
        )
        self.facts["confusion"] = matrix.tolist()
        self.show(trainer, "confusion_matrix", draw_confusion(matrix, evaluation.class_names))
        write_confusion(folder_of(trainer) / "confusion_matrix.csv", matrix, evaluation.class_names)


class RocCurves(EvaluationPicture):
    """Draws ``roc.png``: ROC and precision-recall curves, one class against the rest; none for many classes.

    TensorBoard shows the precision-recall curves in its own plugin too.

    Example:
        >>> RocCurves().facts
        {}
    """

    def draw(self, trainer: Trainer, evaluation: Evaluation) -> None:
        """Draws the curves."""
        if len(evaluation.class_names) > _FEW_CLASSES:
            return
        from litclf.visualization.plots.roc import draw_roc

        positive = getattr(trainer.lightning_module, "positive", None)
        one = [1 if positive is None else positive.index]
        classes = one if evaluation.binary else range(len(evaluation.class_names))
        figure = draw_roc(evaluation.targets, evaluation.probabilities, evaluation.class_names, classes)
        self.show(trainer, "roc", figure)
        for logger in trainer.loggers:
            if isinstance(logger, RunTensorBoard):
                for number in classes:
                    tag, is_class = f"test/{evaluation.class_names[number]}", evaluation.targets == number
                    step = max(0, trainer.global_step - 1)
                    logger.experiment.add_pr_curve(tag, is_class, evaluation.probabilities[:, number], step)


class Reliability(EvaluationPicture):
    """Draws ``reliability.png``: how often the model is right where it is so and so sure.

    Example:
        >>> Reliability().facts
        {}
    """

    def draw(self, trainer: Trainer, evaluation: Evaluation) -> None:
        """Draws the diagram."""
        from litclf.visualization.plots.reliability import draw_reliability

        figure = draw_reliability(evaluation.targets, evaluation.probabilities, evaluation.binary)
        self.show(trainer, "reliability", figure)
