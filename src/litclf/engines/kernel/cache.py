"""Kernel cache: compiled kernels, the same code in every process.

Numba's code rounds otherwise in the process that has just compiled it than in those that find it in the cache: there,
functions that several kernels share are taken from where they were compiled first. A run that is resumed would then go
on with other bits. So what is not in the cache is compiled by a process of its own, and always loaded from there.

Numba holds a kernel's cache against the file of that kernel alone. A file beside says of which sources it was made, all
that the kernels are made of, so that a change in what they share is not passed over after an upgrade.
"""

from __future__ import annotations

import hashlib
import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import numpy as np
from numba import typeof

from litclf.engines.kernel.activations import ACTIVATIONS
from litclf.engines.kernel.updates import CLIPS, OPTIMIZERS, STEP
from litclf.utilities.errors import InputError
from litclf.utilities.files import write_text

try:
    import fcntl
except ImportError:  # another system than Unix
    fcntl = None  # type: ignore[assignment]


def load_kernel(name: str) -> Callable[..., int]:
    """The kernel ``narrow`` or ``wide``, compiled for this machine once and for all."""
    module: Any = importlib.import_module(f"litclf.engines.kernel.{name}")
    kernel = getattr(module, f"run_{name}")
    if not kernel.signatures:
        signature = tuple(typeof(argument) for argument in _one_step()[0])
        with _one_at_a_time(Path(module.__file__)):
            # Private, since numba has no public way to ask its cache.
            cache, made_of = kernel._cache, Path(kernel._cache.cache_path) / f"{name}.sources"
            stale = not made_of.is_file() or made_of.read_text(encoding="utf-8") != _sources()
            if stale:
                with suppress(OSError):  # where there is no folder yet, there is nothing in it
                    for part in vars(module).values():  # each holds what it calls as it was when it was compiled
                        if hasattr(part, "_cache"):
                            part._cache.flush()
            if cache.load_overload(signature, kernel.targetctx) is None:
                print("compiling the kernels for this machine, once", flush=True)  # ten seconds or more
                subprocess.run([sys.executable, "-m", __name__, name], check=False, capture_output=True)
            if stale:
                with suppress(OSError, InputError):  # without a folder to write to, nothing is kept
                    write_text(made_of, _sources())
        call_once(kernel)
    return cast("Callable[..., int]", kernel)


def _sources() -> str:
    """Digest of the files that kernels are compiled from."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Of fits that begin together, lets the others wait for what one compiles; without locks, each compiles."""
    with path.open() as file:
        if fcntl is not None:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


def call_once(kernel: Callable[..., int]) -> None:
    """Makes numba compile a kernel, or load it, by a step of a network of one weight."""
    arguments, _memory = _one_step()
    kernel(*arguments)


def _one_step() -> tuple[tuple[Any, ...], Any]:
    """Arguments of a kernel for one step on one sample, and the memory that they point to."""
    memory = np.zeros(1, np.float32)
    batch = (np.zeros((1, 1), np.float32), np.zeros(1, np.int64), np.array([[0, 1]]), 0)
    addresses = np.full((1, 6), memory.ctypes.data)
    network = (np.array([1, 1]), ACTIVATIONS.index("identity"), addresses, np.zeros(2, np.float32))
    zero = np.float32(0)
    loss = (np.ones(2, np.float32), zero)
    rule = (OPTIMIZERS.index("SGD"), CLIPS.index("none"), zero, np.zeros((1, 2, 9), np.float32))
    return (STEP, batch, network, loss, rule, np.zeros(1)), memory


if __name__ == "__main__":
    call_once(getattr(importlib.import_module(f"litclf.engines.kernel.{sys.argv[1]}"), f"run_{sys.argv[1]}"))
