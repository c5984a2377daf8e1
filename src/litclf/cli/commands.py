"""The commands, and how they end: an exit code, and one line for each error that a user can cause."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from litclf.utilities.errors import InputError, RunError
from litclf.utilities.signals import Interrupted

FITS = ("fit", "resume", "validate", "test", "predict")
"""Commands that run a Trainer."""

TOOLS = {
    "check-data": "litclf.cli.check_data",
    "init": "litclf.cli.init",
    "report": "litclf.cli.report",
    "compare": "litclf.cli.compare",
    "dashboard": "litclf.cli.dashboard",
    "export": "litclf.cli.export",
    "serve": "litclf.cli.serve",
}
"""Commands that run no Trainer, and the module of each, which has a ``main``."""


class ToolParser(argparse.ArgumentParser):
    """A parser of a tool's arguments that takes no abbreviations, and whose errors are ours.

    Args:
        name: Name of the tool, one of :data:`TOOLS`.
        description: What it does, in a sentence.

    Example:
        >>> ToolParser("report", "Write report.html.").prog
        'litclf report'
    """

    def __init__(self, name: str, description: str) -> None:
        super().__init__(f"litclf {name}", description=description, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Tells what was found wrong in one line.

        Raises:
            InputError: Always.
        """
        raise InputError(self.prog, message, f"see {self.prog} --help")


def exit_code(command: Callable[[list[str]], int], args: Sequence[str]) -> int:
    """Runs ``command`` on ``args``; prints an error as one line, or raises it where ``args`` hold ``--debug``.

    Returns:
        What the command returns; 2 for what was asked or given wrongly, 1 for what failed, 130 and 143 after SIGINT
        and SIGTERM.

    Example:
        >>> exit_code(lambda args: len(args), ["--debug", "x"])
        1
    """
    debug = "--debug" in args
    try:
        return command([arg for arg in args if arg != "--debug"])
    except (InputError, RunError) as error:
        if debug:
            raise
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2 if isinstance(error, InputError) else 1
    except Interrupted as stop:
        return stop.code
    except KeyboardInterrupt:
        if debug:
            raise
        return 130
    except OSError as error:
        if debug:
            raise
        print(
            f"error: {error.filename or 'system'}: {error.strerror or error}; fix: mend that, and run again",
            file=sys.stderr,
        )
        return 1
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
