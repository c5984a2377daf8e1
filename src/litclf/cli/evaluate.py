"""Evaluation of a checkpoint, for the commands ``validate`` and ``test``."""

from __future__ import annotations

from litclf.cli.arguments import CKPT_HELP, MEMBER_HELP, Arguments, ToolParser, needs_checkpoint
from litclf.cli.configs import ckpt_path, found
from litclf.cli.lightning import CLI, FIT_ONLY
from litclf.cli.metric_tables import print_metrics
from litclf.cli.signatures import OWN
from litclf.cli.trained import file_name
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.folder import is_first_process
from litclf.training import evaluation
from litclf.utilities.terminal import say


def evaluate(command: str, args: list[str]) -> int:
    """Runs a checkpoint over a split of its data, prints its metrics and writes them into its run folder.

    Args:
        command: ``validate`` or ``test``.
        args: The arguments: ``--ckpt_path CKPT``, ``--member N``, and settings of the data and the Trainer.

    Returns:
        The exit code, 0.

    Raises:
        InputError: If something given cannot be used; nothing has been written then.
        SystemExit: For ``--help``.
    """
    given = Arguments(command, tuple(args))
    if given.named("-h", "--help"):
        _parser(command).print_help()
        return 0
    given.refuse(FIT_ONLY, f"does nothing for {command}")
    path = ckpt_path(given)
    checkpoint = found(Checkpoint.tested, path) if path is not None else None
    if checkpoint is None and not given.named("--help-all", "--print_config"):
        raise needs_checkpoint(command)
    with CLI.opened(given, checkpoint) as cli:
        assert checkpoint is not None  # what else was asked has been answered
        checkpoint = checkpoint if cli.settings.member is None else checkpoint.of_member(cli.settings.member)
        plan, split = cli.plan(checkpoint), "val" if command == "validate" else "test"
        name = file_name(cli.settings, command, ".json")
        metrics = evaluation.evaluate(plan, command, name)
        limit = plan.trainer_args.get(f"limit_{split}_batches")
        if is_first_process():
            count = plan.spec.num_samples[split] if limit in (None, 1.0) else None
            print_metrics(metrics, {f"num_{split}": count})
            say("written", str(checkpoint.folder / name))
    return 0


def _parser(command: str) -> ToolParser:
    """What tells of the command; the settings themselves are read by that of all settings."""
    split = "validation" if command == "validate" else "test"
    parser = ToolParser(command, f"Runs a checkpoint over the {split} split of its data, and prints its metrics.")
    parser.add_argument("--ckpt_path", metavar="CKPT", help=CKPT_HELP)
    parser.add_argument("--member", metavar="N", help=MEMBER_HELP)
    if command == "test":
        parser.add_argument("--input", metavar="PATH", help="new labelled data: a table, or a folder of images")
        parser.add_argument("--target", metavar="COLUMN", help="its column of classes; default: that of the training")
    parser.add_argument("--threads", metavar="N", help=OWN["threads"].words)
    parser.epilog = (
        "--data.NAME VALUE changes where the data of the checkpoint lies, --trainer.NAME VALUE what the Trainer does; "
        f"litclf {command} --help-all has them all."
    )
    return parser
