"""Machine: its name, its speed, and the memory of a process."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

import torch


def matmul_rate() -> float:
    """Float32 operations a second of one thread in a large matrix product: the best of ten."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    seconds = []
    for _ in range(10):
        begin = time.perf_counter()
        torch.mm(a, b)
        seconds.append(time.perf_counter() - begin)
    return 2 * 1024**3 / min(seconds)


def hardware() -> str:
    """Name of the processor, with the number of CPUs."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor() or platform.machine()}, {os.cpu_count()} CPUs"


def peak_memory() -> float | None:
    """Largest resident memory of this process so far, in MiB; None where the system does not tell.

    Not ``ru_maxrss``: Linux hands that of the parent down to a process that it starts.
    """
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.is_file() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), None)
