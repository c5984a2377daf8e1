"""Engine contract: what carries out the optimizer steps of executions is given, and gives back.

A stranger's engine is any object with this ``run``; ``tests/engines/contract.py`` says what else must hold of it.
Nothing here knows a Trainer: what counts steps, asks hooks and tells callbacks stands outside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from litclf.engines.execution import Execution, Sums, Tell


@dataclass(frozen=True)
class Watch:
    """What must see every step of a fit: hooks, gradient clipping, mixed precision, several processes.

    Attributes:
        reason: Why single steps must be seen, which no compiled engine can serve.
        before_zero_grad: Called before the gradients of a step are cleared.
        backward: Adds the gradients of a loss to those there are.
        step: Updates the weights by their gradients.
    """

    reason: str
    before_zero_grad: Callable[[], None]
    backward: Callable[[Tensor], None]
    step: Callable[[], Any]


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
        own_loss: Why the loss is not the mean cross-entropy of ``network(x)`` (binary for one output, of softmax for
            several) over int64 classes from 0 on, which compiled engines compute themselves; None where it is.
        watch: What must see every step; None where nothing must.
    """

    network: nn.Module
    step: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
    correct: Callable[[Tensor, Tensor], Tensor | None]
    optimizer: Optimizer
    schedules: Sequence[LRScheduler] = ()
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    own_loss: str | None = "the model computes its loss in a way of its own"
    watch: Watch | None = None


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
