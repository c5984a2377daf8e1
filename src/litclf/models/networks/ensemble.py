"""Ensemble: networks of one architecture side by side, whose mean probability is what they say together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Ensemble(nn.Module):
    """The members of a fit as one network: its logits are those of the mean of the members' probabilities.

    Args:
        members: Networks that return logits of shape ``(N, C)``, or ``(N, 1)``.
        binary: Whether two classes are told apart by one logit.

    Attributes:
        left: Numbers of the members that do not count.

    Example:
        >>> sure, unsure = nn.Linear(1, 1), nn.Linear(1, 1)
        >>> for linear, logit in ((sure, 2.0), (unsure, 0.0)):
        ...     _ = nn.init.zeros_(linear.weight), nn.init.constant_(linear.bias, logit)
        >>> mean = Ensemble([sure, unsure], binary=True)(torch.zeros(1, 1)).sigmoid()
        >>> bool(torch.isclose(mean, (torch.tensor(2.0).sigmoid() + 0.5) / 2))
        True
    """

    def __init__(self, members: Sequence[nn.Module], binary: bool) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.binary = binary
        self.left: set[int] = set()

    @classmethod
    def like(cls, network: nn.Module, count: int, binary: bool) -> Ensemble:
        """As many members as ``count``, all with the weights of ``network``."""
        return cls([deepcopy(network) for _ in range(count)], binary)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of the mean probability for inputs ``x``, shape ``(N, C)``, or ``(N, 1)``."""
        logits = [member(x) for number, member in enumerate(self.members) if number not in self.left]
        return mean_logits(logits, self.binary)

    def leave(self, number: int) -> None:
        """Leaves a member out of the mean, with weights of zero: what has diverged is worth nothing."""
        self.left.add(number)
        with torch.no_grad():
            for value in self.members[number].state_dict().values():
                value.zero_()


def mean_logits(logits: Sequence[Tensor], binary: bool) -> Tensor:
    """Logits of the mean of probabilities that are given as logits.

    Args:
        logits: Of each member, shape ``(N, C)``; of two classes told apart by one logit, any shape.
        binary: Whether they are of two classes told apart by one.

    Returns:
        The same shape; log-probabilities where there are several, which are logits of themselves.
    """
    stacked = torch.stack(list(logits))
    if binary:
        return torch.logsumexp(F.logsigmoid(stacked), 0) - torch.logsumexp(F.logsigmoid(-stacked), 0)
    return torch.logsumexp(F.log_softmax(stacked, -1), 0) - math.log(len(logits))


def members_of(network: nn.Module | None) -> list[nn.Module]:
    """The members of an ensemble; any other network is its own only one; none where there is no network."""
    if isinstance(network, Ensemble):
        return list(network.members)
    return [] if network is None else [network]
