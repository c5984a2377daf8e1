"""Gradients of several processes, against their mean by hand."""

import multiprocessing
import os

import pytest
import torch
from torch import distributed

from litclf.engines.processes import mean_over_processes
from tests.training.test_processes import free_port


def of_rank(rank):
    return torch.linspace(-1, 3, 1000) ** 3 * (rank + 0.1)


def take_part(rank, processes, port, folder):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), RANK=str(rank), WORLD_SIZE=str(processes))
    distributed.init_process_group("gloo")
    gradients = of_rank(rank)
    for _ in range(2):  # what is handed on once may be handed on again
        mean_over_processes(gradients)
    torch.save(gradients, folder / str(rank))
    distributed.destroy_process_group()


# Some seconds: a process group of PyTorch takes two to begin.
@pytest.mark.parametrize("processes", [2, 3])  # of two by messages that cross, of more by an all-reduce
def test_all_processes_have_the_mean_to_the_same_bits(processes, tmp_path):
    port, context = free_port(), multiprocessing.get_context("fork")
    arguments = [(rank, processes, port, tmp_path) for rank in range(processes)]
    children = [context.Process(target=take_part, args=own) for own in arguments]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0] * processes
    found = [torch.load(tmp_path / str(rank)) for rank in range(processes)]
    wanted = sum(of_rank(rank).double() for rank in range(processes)) / processes
    torch.testing.assert_close(found[0].double(), wanted, atol=1e-6, rtol=1e-6)
    for other in found[1:]:
        assert torch.equal(found[0], other)
