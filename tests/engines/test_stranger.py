"""An engine of somebody else, who has read `engines/base.py` and inherits the contract."""

import torch

from litclf.engines.execution import Sums, pieces
from tests.engines.contract import EngineContract


class ClosureEngine:
    """PyTorch's idiom of a closure that the optimizer calls; nothing of litclf's but the pieces."""

    def run(self, learner, execution, tell=None):
        losses, right, batches = [], [], list(execution.batches())
        for start, end in pieces(execution, tell):
            for number in range(start, end):
                x, y = batches[number]
                loss, outputs = self.step(learner, x, y, execution.steps.share(number))
                losses.append(loss)
                if number >= execution.steps.counted_from:
                    size = execution.steps.sizes[number]
                    right.append(learner.correct(outputs[:size], y[:size]))
        return Sums(torch.stack(losses), None if not right or right[0] is None else torch.stack(right).sum())

    def step(self, learner, x, y, share):
        seen = []

        def closure():
            loss, outputs = learner.step(x, y)
            if learner.watch is not None:
                learner.watch.before_zero_grad()
            learner.optimizer.zero_grad()
            (learner.watch.backward if learner.watch else torch.Tensor.backward)(loss if share == 1 else loss * share)
            if learner.clip is not None:
                learner.clip.apply(learner.parameters)
            seen.extend((loss.detach(), outputs.detach()))

        if learner.watch is None:
            learner.optimizer.step(closure)
        else:
            closure()
            learner.watch.step()
        for schedule in learner.schedules:
            schedule.step()
        return seen


class TestClosureEngine(EngineContract):
    def make(self):
        return ClosureEngine()
