"""Eager engine: plain PyTorch steps with no Trainer between them, which can run everything.

Where nothing watches single steps, a step is forward, backward and ``optimizer.step()`` and nothing else. Otherwise
each goes through what watches. Both give the same weights.
"""

from __future__ import annotations

import torch
from torch import Tensor

from litclf.engines.base import Learner, Watch
from litclf.engines.execution import Execution, Sums, Tell, batches_in_pieces


class EagerEngine:
    """Runs the optimizer steps of an execution one by one in PyTorch.

    Example:
        >>> from litclf.engines.base import Engine
        >>> engine: Engine = EagerEngine()
    """

    def run(self, learner: Learner, execution: Execution, tell: Tell | None = None) -> Sums:
        """One optimizer step for each mini-batch of ``execution``; see :class:`~litclf.engines.base.Engine`."""
        watch = learner.watch or _unwatched(learner)
        parameters = learner.parameters
        steps = execution.steps
        losses, counted = [], []
        for number, (x, y) in batches_in_pieces(execution, tell):
            loss, outputs = learner.step(x, y)
            watch.before_zero_grad()
            for parameter in parameters:
                parameter.grad = None
            watch.backward(loss if steps.shares is None else loss * steps.shares[number])
            if learner.clip is not None:
                learner.clip.apply(parameters)
            watch.step()
            for schedule in learner.schedules:
                schedule.step()
            losses.append(loss.detach())
            if number >= steps.counted_from:
                counted.append(outputs.detach() if steps.share(number) else outputs.detach()[:0])
        correct = learner.correct(torch.cat(counted), execution.counted()) if counted else None
        return Sums(torch.stack(losses), correct)


def _unwatched(learner: Learner) -> Watch:
    """Steps that nothing sees."""
    return Watch("", lambda: None, Tensor.backward, learner.optimizer.step)
