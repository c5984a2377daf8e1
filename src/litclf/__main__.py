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
    codes: list[int] = []

    def leave() -> None:
        if codes:  # else it ends by a traceback
            sys.stdout.flush(), sys.stderr.flush()
            os._exit(codes[0])

    atexit.register(leave)  # the first, which is called last
    codes.append(main())
    sys.exit(codes[0])


if __name__ == "__main__":
    entrance()
