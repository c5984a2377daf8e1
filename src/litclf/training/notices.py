"""Notices of Lightning and PyTorch that are kept back, each with its reason."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_turn = threading.RLock()


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Keeps back Lightning's notices that are not for the user: hardware found, products to install, loops ended.

    Log levels, warnings, random numbers, threads of PyTorch and its traces are the process's: who is in here has them
    alone, and a fit of another thread waits for its turn.
    """
    with _turn:
        yield from _quietly()


def _quietly() -> Iterator[None]:
    levels = {name: logging.getLogger(name).level for name in ("lightning.pytorch", "lightning.fabric")}
    for name in levels:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            # Lightning 2.6 calls a name that PyTorch 2.14 has deprecated.
            warnings.filterwarnings("ignore", message=".*LeafSpec.*")
            # With executions a checkpoint is always of the weights after a step, as its name says.
            warnings.filterwarnings("ignore", message="Using ModelCheckpoint with manual optimization")
            # Resuming needs no callback that the run does not have any more.
            warnings.filterwarnings("ignore", message="Be aware that when using `ckpt_path`")
            # Nothing held out means no validation, which the results show.
            warnings.filterwarnings("ignore", message="Total length of `list` across ranks is zero")
            warnings.filterwarnings("ignore", message="You defined a `validation_step` but have no `val_dataloader`")
            # Losses by epoch are logged however short the epoch is.
            warnings.filterwarnings("ignore", message="The number of training batches .* is smaller than the logging")
            # A resumed run goes on in its own folder.
            warnings.filterwarnings("ignore", message="Checkpoint directory .* exists and is not empty")
            # Resident tensors need no workers.
            warnings.filterwarnings("ignore", message=".*does not have many workers")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
