"""Decision: from logits to probabilities and classes, by a temperature and a threshold.

Here alone it is asked whether logits are one a sample, of shape ``(N,)``, which tells two classes apart, or one for
each of C classes, of shape ``(N, C)``. What comes out has a place for each class either way.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from litclf.models.rules import Rule
from litclf.runs.history import calibration_text
from litclf.utilities.errors import InputError


@dataclass(frozen=True)
class Calibration:
    """How logits become probabilities and classes, and what that did to the expected calibration error.

    Attributes:
        temperature: What logits are divided by, positive; 1 changes nothing.
        threshold: Probability of class 1 above which a binary model predicts it, in (0, 1).
        rule: How the threshold was chosen: ``0.5`` as it is; ``youden`` for the largest sum of sensitivity and
            specificity; ``f1`` for the largest F1 score of the positive class.
        num_samples: Validation samples that temperature and threshold were chosen on.
        ece_before: Expected calibration error in 15 bins on these samples, at temperature 1; None without samples.
        ece_after: The same at ``temperature``.
        test_ece_before: The same on the test split, which nothing is chosen by; None without one.
        test_ece_after: The same at ``temperature``.
        positive_class: Name of the class that the rule is of; empty where it chooses nothing.
        note: Why the temperature was left at 1, or stands at the end of its range; empty otherwise.
    """

    temperature: float = 1.0
    threshold: float = 0.5
    rule: Rule = "0.5"
    num_samples: int = 0
    ece_before: float | None = None
    ece_after: float | None = None
    test_ece_before: float | None = None
    test_ece_after: float | None = None
    positive_class: str = ""
    note: str = ""

    @classmethod
    def from_dict(cls, stored: Any) -> Calibration:
        """The calibration that a checkpoint holds.

        Raises:
            InputError: If it holds none that can be applied.
        """
        names = {field.name for field in fields(cls)}
        if not isinstance(stored, dict) or not stored.keys() <= names:
            raise InputError("calibration", f"must hold {', '.join(sorted(names))}, got {stored}", "fit again")
        calibration = cls(**stored)
        for name, low, high in (("temperature", 0.0, math.inf), ("threshold", 0.0, 1.0)):
            value = getattr(calibration, name)
            if not isinstance(value, float) or not low < value < high:
                raise InputError("calibration", f"its {name} must lie in ({low}, {high}), got {value}", "fit again")
        return calibration

    def decision(self) -> Decision:
        """What temperature and threshold make of logits."""
        return Decision(self.temperature, self.threshold)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, for a checkpoint."""
        return asdict(self)

    def __str__(self) -> str:
        """One line for the terminal."""
        return calibration_text(self.to_dict())


def probabilities_of(logits: Tensor) -> Tensor:
    """Probability of each class, shape ``(N, C)``, of ``logits`` of shape ``(N,)`` or ``(N, C)``.

    Example:
        >>> probabilities_of(torch.tensor([0.0, 2.0]))
        tensor([[0.5000, 0.5000],
                [0.1192, 0.8808]])
    """
    return torch.stack([(-logits).sigmoid(), logits.sigmoid()], dim=1) if logits.ndim == 1 else logits.softmax(dim=-1)


def log_probabilities_of(logits: Tensor) -> Tensor:
    """Logarithms of :func:`probabilities_of`, finite where these are too small for a number."""
    if logits.ndim == 1:
        return torch.stack([F.logsigmoid(-logits), F.logsigmoid(logits)], dim=1)
    return logits.log_softmax(dim=-1)


def classes_of(logits: Tensor, border: float = 0.0) -> Tensor:
    """Class of each sample, int64 of shape ``(N,)``: the one of the largest logit, or 1 where the only one is larger.

    Args:
        logits: Of shape ``(N,)`` or ``(N, C)``.
        border: What the only logit of a sample has to exceed.

    Example:
        >>> classes_of(torch.tensor([-1.0, 2.0])), classes_of(torch.tensor([[0.0, 1.0, 2.0]]))
        (tensor([0, 1]), tensor([2]))
    """
    if logits.ndim == 1:
        return (logits > border).long()
    # Without keepdim ONNX Runtime gives the classes of no samples the shape (0, C).
    return logits.argmax(dim=-1, keepdim=True).flatten()


class Decision(nn.Module):
    """Probabilities and classes of logits.

    Args:
        temperature: What logits are divided by, positive.
        threshold: Probability of class 1 above which it is predicted, in (0, 1); for one logit only.

    Example:
        >>> probabilities, indexes = Decision(temperature=2.0)(torch.tensor([0.0, 2.0]))
        >>> probabilities[:, 1], indexes
        (tensor([0.5000, 0.7311]), tensor([0, 1]))
    """

    def __init__(self, temperature: float = 1.0, threshold: float = 0.5) -> None:
        super().__init__()
        self.temperature, self.threshold = temperature, threshold
        # On the scale of logits one half is exactly zero, as in training.
        self.border = temperature * math.log(threshold / (1 - threshold))

    def forward(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities of shape ``(N, C)`` and classes, int64 of shape ``(N,)``.

        Args:
            logits: One a sample, shape ``(N,)``, of two classes; or one for each class, shape ``(N, C)``.
        """
        return probabilities_of(logits / self.temperature), classes_of(logits, self.border)
