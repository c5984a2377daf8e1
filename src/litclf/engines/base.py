"""Engine contract: what carries out the optimizer steps of executions is given, and gives back.

A stranger's engine is any object with this ``run``; ``tests/engines/contract.py`` says what else must hold of it.
Nothing here knows a Trainer: what counts steps, asks hooks and tells callbacks stands outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from litclf.engines.execution import Execution, Sums, Tell


@dataclass(frozen=True)
class Loss:
    """Mean cross-entropy of ``network(x)``, binary for one output, of softmax for several; int64 classes from 0 on.

    Of a sample it is ``-sum(class_weights[c] * q[c] * log(p[c]))``, with ``p`` the probabilities and ``q`` the target.

    Attributes:
        class_weights: What each class counts; None for 1 each.
        label_smoothing: Share of a target that is spread evenly over all classes, in [0, 1).

    Example:
        >>> Loss((1.0, 3.0), 0.1).targets(2)
        tensor([[0.9500, 0.1500],
                [0.0500, 2.8500]])
    """

    class_weights: tuple[float, ...] | None = None
    label_smoothing: float = 0.0

    def targets(self, num_classes: int) -> Tensor | None:
        """What each class counts for a sample of each class, a row each; None where only its own does, and once."""
        if self == Loss():
            return None
        weights = torch.ones(num_classes) if self.class_weights is None else torch.tensor(self.class_weights)
        return (torch.eye(num_classes) * (1 - self.label_smoothing) + self.label_smoothing / num_classes) * weights


@dataclass(frozen=True)
class Clip:
    """How gradients are clipped before each update.

    Attributes:
        kind: ``norm``, that of all parameters together, or ``value``, each by itself.
        limit: The largest norm or absolute value, above zero.

    Example:
        >>> weight = nn.Parameter(torch.zeros(2))
        >>> weight.grad = torch.tensor([3.0, -4.0])
        >>> Clip("value", 1.0).apply([weight])
        >>> weight.grad
        tensor([ 1., -1.])
    """

    kind: Literal["norm", "value"]
    limit: float

    def apply(self, parameters: Iterable[Tensor]) -> None:
        """Clips the gradients of ``parameters``, as PyTorch does."""
        if self.kind == "norm":
            nn.utils.clip_grad_norm_(parameters, self.limit)
        else:
            nn.utils.clip_grad_value_(parameters, self.limit)


@dataclass(frozen=True)
class Watch:
    """What must see every step of a fit: hooks, mixed precision, several processes.

    Attributes:
        reason: Why single steps must be seen, which no compiled engine can serve.
        before_zero_grad: Called before the gradients of a step are cleared.
        backward: Adds the gradients of a loss to those there are.
        step: Updates the weights by their gradients.
        reduce: Where only several processes are the reason, makes the gradients of a step, laid end to end, the mean
            over all of them, in place. An engine that takes gradients itself may call it instead of all the others.
    """

    reason: str
    before_zero_grad: Callable[[], None]
    backward: Callable[[Tensor], None]
    step: Callable[[], Any]
    reduce: Callable[[Tensor], None] | None = None


@dataclass(frozen=True)
class Learner:
    """A network on its way through a fit: all that an engine needs beside the mini-batches.

    Attributes:
        network: The network, on ``device``.
        step: Mean loss of a mini-batch ``(x, y)``, 0-dimensional, and the outputs that it came from.
        correct: How many of some outputs are right for their targets, 0-dimensional; None for a task without such.
        optimizer: Updates the network's parameters.
        schedules: Learning-rate schedules, all moved after each step.
        device: Where the steps run.
        loss: What ``step`` computes, for engines that compute it themselves; else why it is nothing that they could.
        clip: How gradients are clipped between ``backward`` and update; None where they are not.
        watch: What must see every step; None where nothing must.
    """

    network: nn.Module
    step: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
    correct: Callable[[Tensor, Tensor], Tensor | None]
    optimizer: Optimizer
    schedules: Sequence[LRScheduler] = ()
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    loss: Loss | str = "the model computes its loss in a way of its own"
    clip: Clip | None = None
    watch: Watch | None = None

    @property
    def parameters(self) -> list[Tensor]:
        """What the optimizer updates, in its order: that in which Lightning, too, sums the norms of gradients."""
        return [parameter for group in self.optimizer.param_groups for parameter in group["params"]]


class Engine(Protocol):
    """Carries out the optimizer steps of an execution."""

    def run(self, learner: Learner, execution: Execution, tell: Tell | None = None) -> Sums:
        """One optimizer step for each mini-batch of ``execution``, in order, each followed by one of the schedules.

        Args:
            learner: What is trained; its weights and the state of its optimizer and schedules are changed in place.
                Their shapes stay; how weights and moments lie in memory is the engine's choice, for both alike.
            execution: The mini-batches, on the learner's device.
            tell: Told from time to time how many steps are done, by way of
                :func:`~litclf.engines.execution.pieces`; None where nobody listens.
        """
