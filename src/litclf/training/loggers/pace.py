"""Pace of a logger: when what waits is worth writing, so that a fit of tiny epochs does not wait for its logs."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

_SHARE = 0.01
"""Part of the time that writing may take."""

_SECONDS = 0.05
"""Shortest time between two writes: what a person sees at once, and what a thread that writes is woken for."""


class Pace:
    """Is due at first, and again when the latest write is a hundred times its length ago, and a twentieth of a second.

    Example:
        >>> pace = Pace()
        >>> with pace.writing():
        ...     pass
        >>> pace.is_due
        False
    """

    def __init__(self) -> None:
        self._due_at = -math.inf

    @property
    def is_due(self) -> bool:
        """Whether it is time to write."""
        return time.monotonic() >= self._due_at

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Takes the time of a write."""
        begin = time.monotonic()
        yield
        end = time.monotonic()
        self._due_at = end + max((end - begin) / _SHARE, _SECONDS)
