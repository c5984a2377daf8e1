import time

import pytest
import torch

from litclf.engines.execution import Execution, Steps, batches_in_pieces, pieces


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
    assert moved.steps.rows.tolist() == [[0, 2], [2, 4], [4, 5]]
    assert (moved.x.device.type, moved.steps.counted_from) == ("meta", 1)


def of_steps(number):
    return Execution(torch.zeros(1, 1), torch.zeros(1), Steps([(0, 1)] * number))


def test_an_execution_is_one_piece_where_nobody_listens(monkeypatch):
    monkeypatch.setattr(time, "monotonic", None)  # not even the time is taken
    assert list(pieces(of_steps(1000), None)) == [(0, 1000)]


@pytest.mark.parametrize(
    ("seconds", "sizes"),
    [
        (0.0, [1, 4, 16, 64, 256, 659]),
        (0.003, [1, 4, 16, 64, *[66] * 13, 57]),
        (0.3, [1] * 1000),
    ],
)
def test_pieces_grow_to_a_fifth_of_a_second(seconds, sizes, monkeypatch):
    now, told = [5.0], []
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    met = []
    for start, end in pieces(of_steps(1000), told.append):
        met.append((start, end))
        now[0] += (end - start) * seconds
    assert [end - start for start, end in met] == sizes
    assert [start for start, _ in met] == [0, *[end for _, end in met[:-1]]]
    assert told == [end for _, end in met]


def test_pieces_shrink_where_steps_get_slower(monkeypatch):
    now, sizes = [0.0], []
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    for start, end in pieces(of_steps(1000), lambda _: None):
        sizes.append(end - start)
        now[0] += (end - start) * (1 / 256 if start < 85 else 1 / 64)
    assert sizes == [1, 4, 16, 51, 51, 51, *[12] * 68, 10]


def test_mini_batches_in_pieces_are_those_of_the_execution():
    execution, told = make(), []
    met = [(number, y.tolist()) for number, (_, y) in batches_in_pieces(execution, told.append)]
    assert met == [(0, [0, 1]), (1, [2, 3]), (2, [4])]
    assert met == [(number, y.tolist()) for number, (_, y) in batches_in_pieces(execution, None)]
    assert told == [1, 3]
