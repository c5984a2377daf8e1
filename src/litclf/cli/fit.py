"""Command ``litclf fit``: trains, tests the best checkpoint, and leaves a run folder."""

from __future__ import annotations

from pathlib import Path

from litclf.cli.arguments import Arguments
from litclf.cli.configs import ckpt_path, found
from litclf.cli.lightning import CLI
from litclf.cli.metric_tables import print_metrics
from litclf.models.decision import Calibration
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.read import read_folder
from litclf.runs.versions import runs_folder
from litclf.training.run import RunResult, run
from litclf.utilities.errors import InputError
from litclf.utilities.text import shell_word
from litclf.visualization.report.member_reading import read_troubles


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
        _print_result(run(cli.plan(checkpoint)))
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


def _print_result(result: RunResult) -> None:
    """The end of a fit: a table of results, the run folder and the line that opens it in TensorBoard."""
    if not result.trainer.is_global_zero:
        return
    print_metrics(result.metrics)
    seconds, steps = result.metrics["fit_seconds"], result.metrics["global_step"]
    if "best" in result.metrics:
        of = "averaged weights" if result.metrics["best"]["path"] == "averaged.ckpt" else "best"
        one = f"train and val of the last epoch, test of the {of}"
        print(one if "members" not in result.metrics else "each member when it was best")
    for trouble in _troubles(result.folder):
        print(trouble)
    if result.trainer.progress_bar_callback is None:  # else it has said so
        print(f"\nfit         {steps} steps in {seconds:.2f} s")
    at_once = result.metrics["steps_per_execution"]
    print(f"engine      {result.metrics['engine']}{f', {at_once} steps at once' if at_once > 1 else ''}")
    if "calibration" in result.metrics:
        print(f"calibration {Calibration.from_dict(result.metrics['calibration'])}")
    if result.folder is not None:
        print(f"run folder  {result.folder}")
        report = result.folder / "report.html"
        if report.is_file():
            print(f"report      {report}")
        print(f"dashboard   litclf dashboard {shell_word(result.folder)}")


def _troubles(folder: Path | None) -> list[str]:
    """Which members have diverged or fallen behind, as the page of the run has it."""
    run = None if folder is None else read_folder(folder)
    return [] if run is None or run.members is None else read_troubles(run.history, run.members)
