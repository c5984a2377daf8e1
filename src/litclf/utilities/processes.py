"""Processes: what those of one fit tell each other, and whether one of them has ended."""

from __future__ import annotations

import os
import select
import socket
from typing import Any

import torch


def gathered(own: Any) -> list[Any]:
    """What each process of a fit has of its own, in their order; all of them have to ask.

    Example:
        >>> gathered(3)
        [3]
    """
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return [own]
    found: list[Any] = [None] * torch.distributed.get_world_size()
    torch.distributed.all_gather_object(found, own)
    return found


class Others:
    """The other processes of a fit on this machine; all of them have to make one.

    Python has handles of processes on Linux; elsewhere, and of processes on other machines, nothing is known.

    Example:
        >>> Others().ended(within=0)
        False
    """

    def __init__(self) -> None:
        here, own = socket.gethostname(), os.getpid()
        numbers = [number for host, number in gathered((here, own)) if host == here and number != own]
        # Not by their numbers: a process that has ended keeps its own until its parent asks, and another may get it.
        self._handles = [os.pidfd_open(number) for number in numbers] if hasattr(os, "pidfd_open") else []

    def ended(self, within: float) -> bool:
        """Whether one of them has ended, or does ``within`` seconds: its connections close a moment before."""
        return bool(select.select(self._handles, [], [], within)[0])

    def forget(self) -> None:
        """Gives the handles back."""
        while self._handles:
            os.close(self._handles.pop())
