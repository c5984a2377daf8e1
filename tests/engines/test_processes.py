"""Gradients of several processes, against their mean by hand."""

import multiprocessing
import os
import socket
import tempfile
from pathlib import Path

import pytest
import torch
from torch import distributed

from litclf.engines import processes as engine
from litclf.engines.processes import mean_over_processes
from tests.training.test_processes import free_port

WAYS = ("reached", "large", "unreachable")


def of_rank(rank):
    return torch.linspace(-1, 3, 1000) ** 3 * (rank + 0.1)


def take_part(rank, processes, port, folder):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), RANK=str(rank), WORLD_SIZE=str(processes))
    distributed.init_process_group("gloo")
    for way in WAYS:
        if way == "large":
            engine._MOST = 999
        elif way == "unreachable":
            engine._MOST = 10**6
            engine._connected.cache_clear()
            tempfile.tempdir = str(folder / ("long" * 50))  # too long a name for a socket
            Path(tempfile.tempdir).mkdir(exist_ok=True)
        gradients = of_rank(rank)
        for _ in range(2):  # what is handed on once may be handed on again
            mean_over_processes(gradients)
        torch.save(gradients, folder / f"{way} {rank}")
    distributed.destroy_process_group()


# Some seconds: a process group of PyTorch takes two to begin.
@pytest.mark.parametrize("processes", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_all_processes_have_the_mean_to_the_same_bits(processes, tmp_path):
    port, context = free_port(), multiprocessing.get_context("fork")
    children = [context.Process(target=take_part, args=(rank, processes, port, tmp_path)) for rank in range(processes)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert [child.exitcode for child in children] == [0] * processes
    wanted = sum(of_rank(rank).double() for rank in range(processes)) / processes
    for way in WAYS:
        found = [torch.load(tmp_path / f"{way} {rank}") for rank in range(processes)]
        torch.testing.assert_close(found[0].double(), wanted, atol=1e-6, rtol=1e-6)
        for other in found[1:]:
            assert torch.equal(found[0], other)


def test_another_process_that_has_ended_is_an_error_that_lightning_looks_after(monkeypatch):
    own, other = socket.socketpair()
    other.close()
    monkeypatch.setattr(engine, "_connected", lambda _: [own])
    monkeypatch.setattr(distributed, "get_world_size", lambda: 2)
    for rank in (0, 1):
        monkeypatch.setattr(distributed, "get_rank", lambda rank=rank: rank)
        with pytest.raises(RuntimeError, match="another process cannot be reached"):
            mean_over_processes(of_rank(rank))
    own.close()
