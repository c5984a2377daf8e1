"""Processes: the mean of the gradients that several of them have taken, each of its own samples, at every step.

The gradients of a small network are a few hundred bytes. Gloo hands them on by threads of its own, in two rounds, which
on a machine of few cores takes some hundred microseconds, ten times the step; a plain socket takes some ten.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, distributed

_MOST = 2**20
"""Numbers that the first process takes from the others at once; beyond, an all-reduce of the group takes no longer."""


def mean_over_processes(gradients: Tensor) -> None:
    """Makes ``gradients`` the mean over the processes of the group, with the same bits on all of them.

    Args:
        gradients: Those of this process, float32 of shape ``(N,)``, on the CPU; changed in place.

    Raises:
        RuntimeError: If another process has ended.
    """
    processes = distributed.get_world_size()
    few = (processes - 1) * gradients.numel() <= _MOST
    others = _connected(distributed.group.WORLD) if few else None
    if others is None:
        distributed.all_reduce(gradients)
        gradients /= processes
        return
    try:
        _add_up(gradients, others, first=distributed.get_rank() == 0)
    except OSError as error:
        raise RuntimeError(f"another process cannot be reached: {error}") from error


def _add_up(gradients: Tensor, others: Sequence[socket.socket], first: bool) -> None:
    """The first process takes what the others send, in their order, and sends back the mean."""
    if not first:
        others[0].sendall(gradients.numpy().data)
        _receive(others[0], gradients)
        return
    theirs = torch.empty_like(gradients)
    for other in others:
        _receive(other, theirs)
        gradients += theirs
    gradients /= len(others) + 1
    for other in others:
        other.sendall(gradients.numpy().data)


def _receive(other: socket.socket, gradients: Tensor) -> None:
    """Overwrites ``gradients`` with what another process has sent."""
    left = memoryview(gradients.numpy().data).cast("B")
    while left:
        received = other.recv_into(left, flags=socket.MSG_WAITALL)
        if not received:
            raise ConnectionError("it has ended")
        left = left[received:]


@lru_cache(maxsize=1)
def _connected(_group: Any) -> Sequence[socket.socket] | None:
    """Sockets of the first process to the others by rank, and of each other to the first; None between machines."""
    rank, processes = distributed.get_rank(), distributed.get_world_size()
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as door:
        told = [str(Path(folder) / "gradients")]
        with suppress(OSError):  # a name too long, or a file system without sockets
            door.bind(told[0])
            door.listen(processes)
        distributed.broadcast_object_list(told)
        own, reached = socket.socket(socket.AF_UNIX), torch.ones(1)
        try:
            own.connect(told[0])
            own.sendall(rank.to_bytes(4, "big"))
        except OSError:
            reached.zero_()
        distributed.all_reduce(reached, distributed.ReduceOp.MIN)
        if not reached:
            own.close()
            return None
        if rank > 0:
            return [own]
        arrived = [door.accept()[0] for _ in range(processes)]
        by_rank = {int.from_bytes(other.recv(4), "big"): other for other in arrived}
        by_rank.pop(0).close()
        own.close()
    return [by_rank[number] for number in range(1, processes)]
