"""Processes: what those of one fit tell each other."""

from __future__ import annotations

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
