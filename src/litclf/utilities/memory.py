"""Memory: how much of it a process may take, and what is said where there is not enough of it, or of threads."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from litclf.utilities.errors import RunError

_OF_CONTAINERS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where Linux tells the limit of a container, in its second and its first version; a word stands for none."""


def memory_limit() -> int:
    """Bytes that this process may take at most, by the machine, its container and what it was started with.

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
    limits = [machine] if limit == resource.RLIM_INFINITY else [machine, limit]
    for path in _OF_CONTAINERS:
        with suppress(OSError, ValueError):
            limits.append(int(path.read_text(encoding="ascii")))
    return min(limits)


def lack_of_resources(error: BaseException) -> RunError | None:
    """What an error of Python, NumPy or PyTorch says of memory or threads that were not there; None for other errors.

    Example:
        >>> str(lack_of_resources(MemoryError("Unable to allocate 381. MiB for an array")))
        'memory: does not hold 381. MiB more; fix: lower --data.batch_size, or take less data or a smaller network'
    """
    text = str(error)
    if "can't start new thread" in text:
        rule = "cannot be started: the system allows no more"
        return RunError("threads", rule, "end other processes, or raise the limit of ulimit -u")
    of_torch = type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in text
    if not isinstance(error, MemoryError) and not of_torch:
        return None
    size = re.search(r"allocate ([\d.]+ [A-Za-z]+)", text)
    rule = f"does not hold {size[1]} more" if size else "is used up"
    return RunError("memory", rule, "lower --data.batch_size, or take less data or a smaller network")
