"""An optimizer as the kernels take it, against PyTorch's own steps."""

from litclf.engines.kernel.engine import KernelEngine
from tests.engines.by_hand import by_hand
from tests.engines.contract import EngineContract


class Narrow(EngineContract):
    """Not collected: for its learners only."""

    near = 1e-5

    def make(self):
        return KernelEngine()


def test_parameters_that_were_frozen_for_a_while_have_taken_fewer_steps():
    contract = Narrow()
    fits = []
    for run in (contract.fit, by_hand):
        learner, execution = contract.learner("adam"), contract.execution()
        first = learner.network[0].weight
        first.requires_grad_(False)
        first.grad = None
        by_hand(learner, execution)
        first.requires_grad_(True)
        run(learner, execution)
        fits.append(learner)
    contract.assert_same(*fits)
