"""Command ``litclf resume``: goes on with a run that was stopped, in its own folder."""

from __future__ import annotations

from litclf.cli.arguments import Arguments, ToolParser
from litclf.cli.configs import found
from litclf.cli.fit import train
from litclf.runs.checkpoint import Checkpoint
from litclf.utilities.errors import InputError


def main(args: list[str]) -> int:
    """``litclf resume RUN [SETTINGS]``: goes on from the latest checkpoint of a run.

    Args:
        args: The run folder, and settings as ``litclf fit`` takes them.

    Returns:
        The exit code, 0.

    Raises:
        InputError: If there is no such run, it has finished, or a setting contradicts it.
    """
    if {"-h", "--help"} & {*args}:
        parser = ToolParser("resume", "Goes on with a run that was stopped, in its own folder, to the same bits.")
        parser.add_argument(
            "run", metavar="RUN", help="the run folder, as `litclf fit` printed it, or that of its versions"
        )
        parser.epilog = (
            "Settings of litclf fit may follow, of which some can be others than before: --epochs, --time and "
            "--trainer.max_steps prolong a run; the model, the data and the seed stay what they were."
        )
        parser.print_help()
        return 0
    if not args or args[0].startswith("-"):
        raise InputError("resume", "needs the run to go on with", "pass its folder, as `litclf fit` printed it")
    given = Arguments("fit", tuple(args[1:]))
    own = ("--name", "--trainer.default_root_dir", "--ckpt_path")
    given.refuse(own, "does nothing for a run that goes on in its own folder")
    checkpoint = found(Checkpoint.latest, args[0])
    if "folds" in checkpoint.data_hparams:
        from litclf.cli.cv import resume  # what tells of folds is loaded for them alone

        return resume(given, checkpoint)
    return train(given, checkpoint)
