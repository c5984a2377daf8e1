"""Commands: one row each, the usage made from them, and how they end: an exit code, and one line for each error."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litclf.cli.arguments import Arguments
from litclf.cli.early import refuse_early
from litclf.cli.first_words import announce
from litclf.cli.help import helped
from litclf.cli.short_names import told_as_typed, written_out
from litclf.utilities import signals
from litclf.utilities.errors import InputError, RunError, nearest
from litclf.utilities.memory import lack_of_resources
from litclf.utilities.terminal import check_printed, painted, terminal
from litclf.utilities.version import __version__


@dataclass(frozen=True)
class Command:
    """A command of ``litclf``.

    Attributes:
        name: Its name.
        module: The module that has its ``main``, which is given the arguments behind the name, returns the exit code,
            and is imported when the command is asked for.
        lines: What it does, each with an example of it.
        saves: Whether it answers signals by saving what it has done.
    """

    name: str
    module: str
    lines: tuple[tuple[str, str], ...]
    saves: bool = False

    def run(self, args: list[str]) -> int:
        """Runs the command; PyTorch is loaded here, by what needs it, once nothing is known to be wrong."""
        typed = Arguments(self.name, tuple(args))
        of_part = self.name == "fit" and typed.named("--model.help", "--data.help")
        if of_part or typed.named("-h", "--help", "--help-all"):
            return self._help(typed)
        with told_as_typed(typed):
            given = written_out(typed)
            refuse_early(given)
            announce(given)
            return self._run(list(given.words))

    def _help(self, given: Arguments) -> int:
        """Prints the help of the command; that of a fit is of the model and the data that are named beside."""
        if given.named("--help-all"):
            return helped(f"{self.name}-all", lambda: self._run(["--help-all"]))
        if self.name == "fit":
            from litclf.cli.fit_help import fit_help  # for it alone

            print(fit_help(written_out(given)))
            return 0
        return helped(self.name, lambda: self._run(["--help"]))

    def _run(self, args: list[str]) -> int:
        with signals.handled() if self.saves else nullcontext():
            try:
                main: Callable[[list[str]], int] = _imported(self.module).main
            except signals.Interrupted as stop:
                print(f"stopped by {stop}; nothing was trained yet: start anew", file=sys.stderr, flush=True)
                raise
            return main(args)


def _imported(name: str) -> Any:
    """A module, imported without the garbage collector: it looks through all there is again and again, for a fifth of
    the time, and what is imported stays."""
    collects = gc.isenabled() and name not in sys.modules
    if collects:
        gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        if collects:
            gc.freeze()
            gc.enable()


COMMANDS = (
    Command(
        "check-data", "litclf.cli.check_data", (("look at data before training", "litclf check-data flowers.csv"),)
    ),
    Command("init", "litclf.cli.init", (("draft a config for your data", "litclf init flowers.csv"),)),
    Command("fit", "litclf.cli.fit", (("train, then test the best checkpoint", "litclf fit -c circles"),), saves=True),
    Command("cv", "litclf.cli.cv", (("cross-validate a preset, config or file", "litclf cv flowers.csv"),), saves=True),
    Command("resume", "litclf.cli.resume", (("go on with a run that was stopped", "litclf resume RUN"),), saves=True),
    Command(
        "validate",
        "litclf.cli.validate",
        (("validate a checkpoint", "litclf validate --ckpt_path RUN/checkpoints/best.ckpt"),),
        saves=True,
    ),
    Command(
        "test",
        "litclf.cli.test",
        (
            ("test a checkpoint", "litclf test --ckpt_path RUN/checkpoints/best.ckpt"),
            ("or score it on new labelled data", "litclf test --ckpt_path RUN --input new.csv"),
        ),
        saves=True,
    ),
    Command(
        "predict",
        "litclf.cli.predict",
        (
            ("predict the test data of a checkpoint", "litclf predict --ckpt_path RUN/checkpoints/best.ckpt"),
            ("or a file, a folder of images, a point", "litclf predict --ckpt_path RUN --input more.csv"),
        ),
    ),
    Command(
        "export",
        "litclf.cli.export",
        (("write a model for other programs", "litclf export --ckpt_path RUN --format onnx"),),
    ),
    Command("serve", "litclf.cli.serve", (("answer predictions over HTTP", "litclf serve --ckpt_path RUN"),)),
    Command(
        "report", "litclf.cli.report", (("write report.html of a run again", "litclf report lightning_logs/circles"),)
    ),
    Command(
        "compare",
        "litclf.cli.compare",
        (("put runs side by side", "litclf compare --presets circles-linear circles"),),
    ),
    Command("dashboard", "litclf.cli.dashboard", (("show runs in TensorBoard", "litclf dashboard lightning_logs"),)),
    Command("presets", "litclf.cli.presets", (("list the presets that -c takes", ""),)),
    Command("schema", "litclf.cli.schema", (("a JSON schema of configs, for editors", "litclf schema > litclf.json"),)),
    Command(
        "completion", "litclf.cli.completion", (("complete by the tabulator", 'eval "$(litclf completion bash)"'),)
    ),
)
"""In the order of the usage. What a user meets first comes first."""

_BY_NAME = {command.name: command for command in COMMANDS}


def usage() -> str:
    """What ``litclf --help`` prints."""
    width = 2 + max(len(what) for command in COMMANDS for what, example in command.lines if example)
    rows = []
    for command in COMMANDS:
        for number, (what, example) in enumerate(command.lines):
            told = f"{f'{what}:':{width}}{example}" if example else what
            rows.append(f"  {'' if number else command.name:10} {told}")
    return _USAGE.format(commands="\n".join(rows))


_USAGE = """\
usage: litclf {{check-data,init}} FILE_OR_FOLDER [options]
       litclf cv PRESET_CONFIG_OR_DATA [options]
       litclf {{fit,validate,test,predict}} [-c PRESET_OR_FILE] [options]
       litclf {{predict,export,serve}} --ckpt_path RUN [options]
       litclf {{report,compare,dashboard}} RUN [RUN ...]
       litclf {{presets,schema}}
       litclf completion SHELL

Train, watch, check and ship classifiers with Lightning.

commands:
{commands}

options:
  -h, --help     this text, or that of a command; `litclf fit -c circles --help` has the settings of circles
  --version      the version
  --debug        show the traceback of an error

Results lie in lightning_logs/NAME/version_N: report.html, pictures, metrics.csv, checkpoints.
"""


def main(args: Sequence[str] | None = None) -> int:
    """Runs the command line.

    Args:
        args: The arguments; None takes those of the process.

    Returns:
        The exit code: 0, or 2 for what was asked or given wrongly, or 1 for what failed; 130 after SIGINT, 143 after
        SIGTERM, once the fit is saved.

    Example:
        >>> main(["--version"])
        litclf ...
        0
    """
    args = list(sys.argv[1:] if args is None else args)
    with terminal(as_notes="--debug" not in args):
        return max(_answer(args), exit_code(_printed, args))


def _answer(args: list[str]) -> int:
    if not args or args[0] in ("-h", "--help"):
        print(usage(), end="")
        return 0 if args else 2
    if args == ["--version"]:
        print(f"litclf {__version__}")
        return 0
    return exit_code(_run, args)


def _printed(_args: list[str]) -> int:
    check_printed()
    return 0


def _run(args: list[str]) -> int:
    name, *rest = args
    if name not in _BY_NAME:
        near = nearest(name, _BY_NAME)
        raise InputError(name, "is no command of litclf", f"did you mean {near}?" if near else "see litclf --help")
    return _BY_NAME[name].run(rest)


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
    except signals.Interrupted as stop:
        return stop.code
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except (InputError, RunError, OSError, KeyboardInterrupt) as error:
        if debug:
            raise
        return _told(error)
    except (MemoryError, RuntimeError) as error:
        lack = lack_of_resources(error)
        if debug or lack is None:
            raise
        return _told(lack)


def _told(error: BaseException) -> int:
    """Prints what a user can mend in one line; returns the exit code."""
    if isinstance(error, KeyboardInterrupt):
        return 130
    text = str(error)
    if isinstance(error, OSError):
        text = f"{error.filename or _place()}: {error.strerror or error}; fix: mend that, and run again"
    # Line breaks alone: a name with two spaces is to be found as it is told.
    line = " ".join(filter(None, map(str.strip, text.splitlines())))
    print(f"{painted('error:', 'red', sys.stderr)} {line}", file=sys.stderr)
    return 2 if isinstance(error, InputError) else 1


def _place() -> str:
    """Where an error of the system lies that names no file."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return "the working folder"
    return "system"
