"""Calibration: the temperature and the threshold of a trained model, chosen on validation data."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from lightning.pytorch import LightningModule
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.metrics import precision_recall_curve, roc_curve
from torch import Tensor
from torch.nn import functional as F
from torchmetrics.classification import BinaryCalibrationError, MulticlassCalibrationError

from litclf.models.classifier import Classifier
from litclf.models.decision import Calibration, classes_of, log_probabilities_of
from litclf.models.outputs import outputs
from litclf.models.positive import Positive
from litclf.models.rules import RULES, Rule
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.checkpoint_file import save
from litclf.utilities.checks import one_of
from litclf.utilities.data_spec import DataSpec
from litclf.utilities.errors import InputError

MIN_SAMPLES = 100
"""Validation samples below which the temperature stays 1: fewer change the calibration error more by chance."""

_LARGEST = 20.0
"""Temperatures are looked for in [1/20, 20]."""

_BINS = 15
"""Bins of the calibration error, as of the metric of that name."""


def check_rule(rule: Rule, model: LightningModule, num_classes: int | None) -> None:
    """Refuses a rule that is unknown, or that chooses between two classes where no one logit tells two apart.

    Raises:
        InputError: Naming ``threshold_rule``.
    """
    one_of("threshold_rule", rule, RULES)
    if rule != "0.5" and num_classes != 2:
        what = f"{rule} chooses between two classes, the data has {num_classes}"
        raise InputError("threshold_rule", what, "drop it: the most probable class is predicted")
    if rule != "0.5" and not (isinstance(model, Classifier) and model.binary):
        what = f"{rule} chooses what one logit has to exceed, which {type(model).__name__} has none of"
        raise InputError("threshold_rule", what, "train a BinaryClassifier, or drop it")


def calibrate(model: Classifier, data: Any, rule: Rule = "0.5") -> Calibration:
    """Chooses temperature and threshold on the validation split of ``data``; the weights stay as they are.

    Args:
        model: A trained model.
        data: Its DataModule.
        rule: How the threshold of a binary model is chosen: ``0.5``, ``youden`` or ``f1``.

    Raises:
        InputError: If the rule is unknown, or it is not ``0.5`` and the model does not tell two classes by one logit.

    Source: Guo et al., On Calibration of Modern Neural Networks, 2017.

    Example:
        >>> from litclf import BinaryClassifier, CirclesDataModule
        >>> data = CirclesDataModule(num_samples=100)
        >>> model = BinaryClassifier(input_shape=[2], num_classes=2)
        >>> calibrate(model, data).note
        'temperature left at 1: 10 validation samples are fewer than 100'
    """
    check_rule(rule, model, model.hparams["num_classes"])
    logits, y = split_logits(model, data, "val")
    temperature, note = _temperature(logits, y)
    before, after = _errors(model, logits, y, temperature)
    test_before, test_after = _errors(model, *split_logits(model, data, "test"), temperature)
    threshold, name = 0.5, ""
    if rule != "0.5":
        positive = model.positive or Positive.of(None, DataSpec.of(data))
        scores = model.probabilities(logits / temperature)[:, positive.index].numpy()
        threshold, reason = _threshold(scores, (y == positive.index).long().numpy(), rule)
        # Of class 1, as everywhere: the other is predicted where its probability is not above this.
        threshold = threshold if positive.index else 1 - threshold
        name, note = positive.name, "; ".join(filter(None, (note, reason)))
    return Calibration(temperature, threshold, rule, len(y), before, after, test_before, test_after, name, note)


def calibrate_checkpoint(checkpoint: Checkpoint, model: Classifier, data: Any, rule: Rule = "0.5") -> Calibration:
    """Calibrates a checkpoint and stores the result in its file, as its entry ``calibration``.

    Args:
        checkpoint: The checkpoint; its file is replaced at once, never seen half written.
        model: The model it is of; has its weights afterwards, and predicts as calibrated.
        data: Its DataModule.
        rule: How the threshold of a binary model is chosen: ``0.5``, ``youden`` or ``f1``.

    Raises:
        InputError: As :func:`calibrate` does.
        OSError: If the file cannot be written; it is then as it was.
    """
    model.load_state_dict(checkpoint.weights)
    calibration = calibrate(model, data, rule)
    save({**checkpoint.content, "calibration": calibration.to_dict()}, checkpoint.path)
    model.decision = calibration.decision()
    return calibration


def split_logits(model: Classifier, data: Any, split: str) -> tuple[Tensor, Tensor]:
    """Logits in float64 and targets in int64 of a whole split, on the CPU; empty where there is none.

    Args:
        model: The model; evaluated as in prediction.
        data: A DataModule, whose Trainer is not asked: one process sees all samples, whatever the fit ran on.
        split: ``val`` or ``test``.
    """
    trainer, data.trainer = data.trainer, None
    try:
        logits, y = outputs(model, data.val_dataloader() if split == "val" else data.test_dataloader())
    finally:
        data.trainer = trainer
    return logits.double(), y.long()


def _temperature(logits: Tensor, y: Tensor) -> tuple[float, str]:
    """The temperature of the smallest negative log-likelihood, and why it is 1 where it was not looked for."""
    if not len(y):
        return 1.0, "temperature left at 1: there is no validation split"
    if len(y) < MIN_SAMPLES:
        return 1.0, f"temperature left at 1: {len(y)} validation samples are fewer than {MIN_SAMPLES}"
    if bool((classes_of(logits) == y).all()):
        # The likelihood then grows for ever as the temperature falls, up to probabilities of exactly 0 and 1.
        return 1.0, f"temperature left at 1: all {len(y)} validation samples are predicted rightly"

    # Not the model's own loss, which may weigh classes: probabilities are to be those of the data as it is.
    def loss(log_temperature: float) -> float:
        return float(F.nll_loss(log_probabilities_of(logits / math.exp(log_temperature)), y))

    end = math.log(_LARGEST)
    found = float(minimize_scalar(loss, bounds=(-end, end), method="bounded", options={"xatol": 1e-6}).x)
    note = "temperature at the end of its range" if abs(found) > end - 1e-3 else ""
    return math.exp(found), note


def _errors(model: Classifier, logits: Tensor, y: Tensor, temperature: float) -> tuple[float | None, float | None]:
    """The calibration error before and after division by ``temperature``."""
    if not len(y):
        return None, None
    num_classes = model.probabilities(logits[:1]).shape[1]
    metric = BinaryCalibrationError(_BINS) if model.binary else MulticlassCalibrationError(num_classes, _BINS)
    before, after = (float(metric(model.scores(scaled).float(), y)) for scaled in (logits, logits / temperature))
    return before, after


def _threshold(scores: NDArray[np.float64], y: NDArray[np.int64], rule: Rule) -> tuple[float, str]:
    """The threshold of the class 1 of ``y`` that ``rule`` prefers; of equally good ones that nearest to one half."""
    if len(np.unique(y)) < 2:
        return 0.5, "threshold left at 0.5: the validation split does not hold both classes"
    if rule == "youden":
        false_positive_rate, true_positive_rate, at_least = roc_curve(y, scores, drop_intermediate=False)
        values = true_positive_rate - false_positive_rate
    else:
        precision, recall, at_least = precision_recall_curve(y, scores)
        precision, recall = precision[:-1], recall[:-1]
        values = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    # Half way to the next lower score, so that rounding moves no sample across.
    levels = np.concatenate([[0.0], np.unique(scores), [1.0]])
    chosen = np.minimum(at_least[values >= values.max() - 1e-12], 1.0)
    borders = (chosen + levels[np.maximum(np.searchsorted(levels, chosen) - 1, 0)]) / 2
    nearest = borders[np.argmin(np.abs(borders - 0.5))]
    return float(np.clip(nearest, 1e-6, 1 - 1e-6)), ""
