"""Evaluation of a checkpoint, for the commands ``validate`` and ``test``."""

from __future__ import annotations

from litclf.cli.arguments import Arguments, needs_checkpoint
from litclf.cli.configs import ckpt_path, found
from litclf.cli.lightning import CLI, FIT_ONLY
from litclf.cli.metric_tables import print_metrics
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.folder import is_first_process
from litclf.training import evaluation
from litclf.utilities.terminal import say


def evaluate(command: str, args: list[str]) -> int:
    """Runs a checkpoint over a split of its data, prints its metrics and writes them into its run folder.

    Args:
        command: ``validate`` or ``test``.
        args: The arguments: ``--ckpt_path CKPT``, and settings of the data and the Trainer.

    Returns:
        The exit code, 0.

    Raises:
        InputError: If something given cannot be used; nothing has been written then.
        SystemExit: For ``--help``.
    """
    given = Arguments(command, tuple(args))
    given.refuse(FIT_ONLY, f"does nothing for {command}")
    path = ckpt_path(given)
    checkpoint = found(Checkpoint.tested, path) if path is not None else None
    if checkpoint is None and not given.named("-h", "--help", "--print_config"):
        raise needs_checkpoint(command)
    with CLI.opened(given, checkpoint) as cli:
        assert checkpoint is not None  # what else was asked has been answered
        plan, split = cli.plan(checkpoint), "val" if command == "validate" else "test"
        metrics = evaluation.evaluate(plan, command)
        limit = plan.trainer_args.get(f"limit_{split}_batches")
        if is_first_process():
            count = plan.spec.num_samples[split] if limit in (None, 1.0) else None
            print_metrics(metrics, {f"num_{split}": count})
            say("written", f"{checkpoint.folder / command}.json")
    return 0
