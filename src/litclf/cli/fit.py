"""Command ``litclf fit``: trains, tests the best checkpoint, and leaves a run folder."""

from __future__ import annotations

from pathlib import Path

from litclf.cli.arguments import Arguments
from litclf.cli.configs import ckpt_path, found
from litclf.cli.lightning import CLI
from litclf.cli.results import print_result
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.versions import runs_folder
from litclf.training.run import run
from litclf.utilities.errors import InputError


def main(args: list[str]) -> int:
    """``litclf fit -c PRESET_OR_FILE [SETTINGS]``, or ``litclf fit --ckpt_path RUN`` to go on with a run.

    Args:
        args: The arguments, without the command.

    Returns:
        The exit code, 0.

    Raises:
        InputError: If something given cannot be used; nothing has been written then.
        RunError: If the fit failed.
        SystemExit: For ``--help``.
    """
    given = Arguments("fit", tuple(args))
    path = ckpt_path(given)
    return train(given, None if path is None else _checkpoint(path, given))


def train(given: Arguments, checkpoint: Checkpoint | None) -> int:
    """Trains by the settings that were given, from ``checkpoint`` on where there is one, and prints what came out."""
    with CLI.opened(given, checkpoint) as cli:
        print_result(run(cli.plan(checkpoint)))
    return 0


def _checkpoint(path: str, given: Arguments) -> Checkpoint:
    """The checkpoint that ``path`` means: a file, the latest of a run, or that of the newest of its name."""
    preset, name = given.value("-c", "--config"), given.value("--name")
    root = given.value("--trainer.default_root_dir")
    parent = runs_folder(root, name or (Path(preset).stem if preset else "run"))
    checkpoint = found(Checkpoint.latest, path, parent)
    if name is not None and checkpoint.folder.resolve().parent.name != name:
        raise InputError("--name", f"is {name}, but {checkpoint.path} goes on in its own folder", "drop it")
    return checkpoint
