"""Evaluation of a checkpoint on a split, without a run of its own."""

from __future__ import annotations

from typing import cast

from lightning.pytorch import Trainer

from litclf.runs.checkpoint import Checkpoint
from litclf.runs.record import plain
from litclf.training.plan import Plan
from litclf.training.trainer import hand, make_trainer
from litclf.utilities.errors import InputError
from litclf.utilities.files import write_json
from litclf.utilities.threads import using_threads

_QUIET = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "callbacks": None}


def evaluate(plan: Plan, stage: str) -> dict[str, float]:
    """Runs the checkpoint of ``plan`` over a split and writes ``<stage>.json`` into its run folder.

    Args:
        plan: What is to be evaluated on what.
        stage: ``validate`` or ``test``.

    Returns:
        The metrics, under their log keys.

    Raises:
        InputError: If there is nothing to evaluate.
    """
    trainer, checkpoint = _evaluator(plan)
    if not plan.spec.has("val" if stage == "validate" else stage):
        raise InputError("data", f"has nothing to {stage}", "hold samples out, for example by --data.holdout 0.2")
    run = trainer.validate if stage == "validate" else trainer.test
    with using_threads(plan.num_threads):
        evaluated = run(plan.model, plan.data, ckpt_path=checkpoint.path, verbose=False, weights_only=True)
    if not evaluated:
        raise InputError("trainer", f"its limits leave nothing to {stage}", "raise the limit")
    metrics = plain(evaluated[0])
    write_json(checkpoint.folder / f"{stage}.json", metrics)
    return metrics


def _evaluator(plan: Plan) -> tuple[Trainer, Checkpoint]:
    checkpoint = cast(Checkpoint, plan.checkpoint)
    trainer = make_trainer({**plan.trainer_args, **_QUIET})
    hand(trainer, checkpoint)
    return trainer, checkpoint
