import torch

from litclf.engines.execution import Execution, Steps


def make(counted_from=0):
    return Execution(torch.arange(10.0).reshape(5, 2), torch.arange(5), Steps([(0, 2), (2, 4), (4, 5)], counted_from))


def test_mini_batches_are_views_in_order():
    execution = make()
    batches = list(execution.batches())
    assert [y.tolist() for _, y in batches] == [[0, 1], [2, 3], [4]]
    assert torch.equal(torch.cat([x for x, _ in batches]), execution.x)
    assert batches[1][0].data_ptr() == execution.x[2:].data_ptr()


def test_steps_may_share_rows():
    execution = Execution(torch.zeros(3, 1), torch.arange(3), Steps([(0, 3)] * 4))
    assert [y.tolist() for _, y in execution.batches()] == [[0, 1, 2]] * 4
    assert len(execution.steps) == 4


def test_counted_targets_are_those_of_the_last_steps():
    assert [make(first).counted().tolist() for first in (0, 1, 2)] == [[0, 1, 2, 3, 4], [2, 3, 4], [4]]


def test_an_execution_moves_to_a_device_with_its_steps():
    execution = make(1)
    moved = Execution(execution.x.to("meta"), execution.y.to("meta"), execution.steps)
    assert moved.steps.rows == [(0, 2), (2, 4), (4, 5)]
    assert (moved.x.device.type, moved.steps.counted_from) == ("meta", 1)
