"""Memory: how much of it a process may take."""

from __future__ import annotations

import os


def memory_limit() -> int:
    """Bytes that this process may take at most, by the machine and by what it was started with.

    Example:
        >>> memory_limit() > 2**20
        True
    """
    try:
        import resource
    except ImportError:  # another system than Unix
        return 2**33
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return machine if limit == resource.RLIM_INFINITY else min(machine, limit)
