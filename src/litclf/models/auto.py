"""Automatic classifier: one logit for two classes, a logit each for more."""

from __future__ import annotations

from collections.abc import Sequence

from litclf.models.binary import BinaryClassifier
from litclf.models.classifier import Classifier
from litclf.models.multiclass import MulticlassClassifier


class AutoClassifier(Classifier):
    """Becomes a BinaryClassifier for two classes and a MulticlassClassifier for more.

    It does so as soon as it knows their number, which is when it meets its data. For the arguments see
    :class:`~litclf.models.classifier.Classifier`.

    Example:
        >>> type(AutoClassifier(input_shape=[2], num_classes=2)).__name__
        'BinaryClassifier'
        >>> type(AutoClassifier(input_shape=[2], num_classes=3)).__name__
        'MulticlassClassifier'
    """

    def _build(self, input_shape: list[int], num_classes: int, class_names: Sequence[str]) -> None:
        # The two differ in what they do, not in what they hold.
        self.__class__ = BinaryClassifier if num_classes == 2 else MulticlassClassifier  # type: ignore[assignment]
        self.save_hyperparameters({"model_class": type(self).__name__})
        self._build(input_shape, num_classes, class_names)
