"""Signals: a run that is told to stop ends soon, with its work saved and the exit code that its caller expects."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR1") if hasattr(signal, name))
"""What is handled; SIGUSR1 is what SLURM sends before the time of a job is over, when asked by ``--signal=USR1@60``."""

_ALARM = (signal.SIGALRM,) if hasattr(signal, "SIGALRM") and hasattr(signal, "setitimer") else ()
"""What ends work that goes on too long; a system without alarms lets it end by itself."""

_SECONDS = 4.5
"""Time after which a run that is still busy is left as it is, with the checkpoint it has."""


_PR_SET_PDEATHSIG = 1
"""Linux's number for `prctl`."""

PARENT = "LITCLF_PARENT"
"""Environment variable by which the processes of a run know the one that starts them."""


class Interrupted(BaseException):
    """A signal ended the run.

    Args:
        signum: The signal.

    Example:
        >>> Interrupted(15).code, str(Interrupted(15))
        (143, 'SIGTERM')
    """

    def __init__(self, signum: int) -> None:
        super().__init__(signal.Signals(signum).name)
        self.signum = signum

    @property
    def asks_for_more_time(self) -> bool:
        """Whether it is the one that SLURM sends before the time of a job is over."""
        return self.signum == getattr(signal, "SIGUSR1", None)

    @property
    def code(self) -> int:
        """Exit code of a process that the signal ended."""
        return 128 + self.signum


class _Signals:
    """The signal that this process was sent, and whether it waits until work is saved."""

    def __init__(self) -> None:
        self.received: int | None = None
        self.waits = False
        self.process = 0

    def handle(self, signum: int, frame: FrameType | None) -> None:
        """Ends the run, now or when it has saved; a second SIGINT leaves at once."""
        if os.getpid() != self.process:  # a worker that was forked; its parent ends it
            os._exit(128 + signum)
        if self.received is not None:
            if signum == signal.SIGINT:
                os._exit(128 + signum)
            return
        self.received = signum
        _alarm(_SECONDS)
        if not self.waits:
            raise Interrupted(signum)


_signals = _Signals()


@contextmanager
def handled() -> Iterator[None]:
    """Handles the signals of :data:`STOPPING` while it is open; in another than the main thread it does nothing.

    Raises:
        Interrupted: From within, when a signal comes.
    """
    if threading.current_thread() is not threading.main_thread() or _signals.process == os.getpid():
        yield
        return
    before: dict[int, Any] = {signum: signal.getsignal(signum) for signum in (*STOPPING, *_ALARM)}
    _signals.received, _signals.waits, _signals.process = None, False, os.getpid()
    listen()
    starts = os.environ.get("LOCAL_RANK", "0") == "0"
    if starts:
        os.environ[PARENT] = str(os.getpid())
    else:
        _end_with_parent()
    try:
        yield
    finally:
        if starts:
            os.environ.pop(PARENT, None)
        _alarm(0)
        _signals.process = 0
        for signum, handler in before.items():
            signal.signal(signum, signal.SIG_DFL if handler is None else handler)


@contextmanager
def as_python_ends() -> Iterator[None]:
    """Makes :class:`Interrupted` what a program expects: ``KeyboardInterrupt``, or ``SystemExit`` with its code."""
    try:
        yield
    except Interrupted as stop:
        if stop.signum == signal.SIGINT:
            raise KeyboardInterrupt from stop
        raise SystemExit(stop.code) from stop


def listen() -> None:
    """Sets the handlers (again, where Lightning has put its own in their place)."""
    if _signals.process != os.getpid() or threading.current_thread() is not threading.main_thread():
        return
    for signum in STOPPING:
        signal.signal(signum, _signals.handle)
    for signum in _ALARM:
        signal.signal(signum, _leave)


def wait_for_save(waits: bool) -> None:
    """Whether a signal only asks to stop, which the fit does at its next chance: see :func:`requested`."""
    _signals.waits = waits and _signals.process == os.getpid()


def requested() -> int | None:
    """The signal that this process was sent; None where there was none."""
    return _signals.received if _signals.process == os.getpid() else None


def take_your_time() -> None:
    """Lets work that must not be cut off, such as a save, take as long as it takes."""
    _alarm(0)


def requeue() -> None:
    """Has SLURM start the job again, where this is one."""
    job = os.environ.get("SLURM_JOB_ID")
    if job:
        with suppress(OSError):
            subprocess.run(["scontrol", "requeue", job], check=False, timeout=10, stdout=subprocess.DEVNULL)


def _end_with_parent() -> None:
    """Has Linux end this process when the one that started it ends, however that does: it would wait for it in vain."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = str(os.getppid())
    if os.environ.get(PARENT, parent) != parent:  # it had ended before Linux was asked
        os._exit(128 + signal.SIGKILL)


def _alarm(seconds: float) -> None:
    if _ALARM:
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _leave(_signum: int, _frame: FrameType | None) -> None:
    if _signals.received is not None:
        print("left without saving what was done since the last checkpoint", file=sys.stderr, flush=True)
        os._exit(128 + _signals.received)
