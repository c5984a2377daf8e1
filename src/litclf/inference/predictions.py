"""Predictions: what a model says of its inputs, and how far its members disagree about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from litclf.models.decision import Decision, classes_of, probabilities_of
from litclf.utilities.text import listed

DISAGREEMENT = ("agreement", "deviation", "mutual_information")
"""What tells how far members disagree: attributes of :class:`Predictions`."""


@dataclass(frozen=True)
class Predictions:
    """What a model says of N inputs.

    The last three are None where the model has no members. They are of the members' own probabilities, before the
    temperature, which is that of their mean.

    Attributes:
        classes: Name of the predicted class of each input.
        probabilities: Probability of each of the C classes, float64 of shape ``(N, C)``; rows sum to 1.
        indexes: Number of the predicted class of each input, int64 of shape ``(N,)``, in [0, C).
        agreement: Share of the members that give each input its predicted class, by the same threshold, ``(N,)``.
        deviation: Standard deviation over the members of the probability of the predicted class, ``(N,)``.
        mutual_information: Entropy of the members' mean probabilities less the mean of their entropies, in nats,
            ``(N,)``: the part of the uncertainty that is disagreement; zero where all say the same.

    Example:
        >>> sure, other = torch.tensor([4.0, 4.0]), torch.tensor([4.0, -4.0])
        >>> said = decided([sure, other], torch.tensor([4.0, 0.1]), Decision(), ("no", "yes"))
        >>> said.classes, said.agreement.tolist(), said.deviation.round(2).tolist()
        (['yes', 'yes'], [1.0, 0.5], [0.0, 0.48])
        >>> said
        Predictions(2 inputs: yes, yes)
    """

    classes: list[str]
    probabilities: NDArray[np.float64]
    indexes: NDArray[np.int64]
    agreement: NDArray[np.float64] | None = None
    deviation: NDArray[np.float64] | None = None
    mutual_information: NDArray[np.float64] | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.classes)} inputs: {listed(self.classes, most=5)})"

    @property
    def disagreement(self) -> dict[str, NDArray[np.float64]]:
        """The last three by name; empty where the model has no members."""
        own = {name: getattr(self, name) for name in DISAGREEMENT}
        return {name: values for name, values in own.items() if values is not None}

    def split(self, sizes: Sequence[int]) -> list[Predictions]:
        """The predictions of so many inputs after the other."""
        ends = np.cumsum([0, *sizes])
        return [
            Predictions(
                self.classes[start:end],
                self.probabilities[start:end],
                self.indexes[start:end],
                **{name: values[start:end] for name, values in self.disagreement.items()},
            )
            for start, end in pairwise(ends)
        ]


def joined(parts: Sequence[Predictions]) -> Predictions:
    """One after the other, of one model."""
    return Predictions(
        [name for part in parts for name in part.classes],
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.indexes for part in parts]),
        **{name: np.concatenate([part.disagreement[name] for part in parts]) for name in parts[0].disagreement},
    )


def decided(members: Sequence[Tensor], logits: Tensor, decision: Decision, class_names: Sequence[str]) -> Predictions:
    """What is predicted by logits, of shape ``(N,)`` for one that tells two classes apart, or ``(N, C)``.

    Args:
        members: The logits of each member; empty where there are none.
        logits: The logits that decide.
        decision: Makes probabilities and classes of them.
        class_names: Names of the C classes.
    """
    probabilities, indexes = decision(logits.double())
    told = _disagreement(members, indexes, decision.border) if members else {}
    return Predictions(
        [class_names[index] for index in indexes.tolist()], probabilities.numpy(), indexes.numpy(), **told
    )


def _disagreement(members: Sequence[Tensor], indexes: Tensor, border: float) -> dict[str, NDArray[np.float64]]:
    """The last three attributes of :class:`Predictions`; of the members' probabilities one at a time is in memory."""
    chosen, agreeing, entropies, mean = [], torch.zeros(len(indexes)), torch.zeros(len(indexes)), torch.zeros(())
    for logits in members:
        own = probabilities_of(logits.double())
        agreeing = agreeing + (classes_of(logits.double(), border) == indexes)
        entropies = entropies + torch.special.entr(own).sum(dim=1)
        mean = mean + own / len(members)
        chosen.append(own[torch.arange(len(indexes)), indexes])
    information = torch.special.entr(mean).sum(dim=1) - entropies / len(members)
    return {
        "agreement": (agreeing.double() / len(members)).numpy(),
        "deviation": torch.stack(chosen).numpy().std(axis=0),
        "mutual_information": information.clamp(min=0.0).numpy(),  # below zero by rounding alone
    }
