"""Entrance of the process: ``litclf`` and ``python -m litclf``."""

from __future__ import annotations

import atexit
import os
import sys
from typing import NoReturn

from litclf.cli.main import main


def entrance() -> NoReturn:
    """Runs the command line, and ends the process when all that asked to be told of its end was.

    Nothing is taken apart before: of PyTorch and its libraries that takes a third of a second, and touches a tenth of
    the memory again.
    """
    _hold_standard_streams()
    codes: list[int] = []

    def leave() -> None:
        if codes:  # else it ends by a traceback
            for stream in filter(None, (sys.stdout, sys.stderr)):
                stream.flush()
            os._exit(codes[0])

    atexit.register(leave)  # the first, which is called last
    codes.append(main())
    sys.exit(codes[0])


def _hold_standard_streams() -> None:
    """Opens those that are closed, into nowhere: else the first files of a run have their place, and libraries that
    print at a lower level than Python write into them."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # which takes the lowest place that is free


if __name__ == "__main__":
    entrance()
