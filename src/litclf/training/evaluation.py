"""Evaluation of a checkpoint on a split: at the end of a fit, or without a run of its own."""

from __future__ import annotations

from typing import Any, cast

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import BatchSizeFinder
from lightning.pytorch.callbacks.spike import SpikeDetection

from litclf.models.classifier import Classifier
from litclf.models.positive import Positive
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.record import plain
from litclf.training.members import summary
from litclf.training.plan import Plan
from litclf.training.trainer import hand, make_trainer
from litclf.utilities.errors import InputError
from litclf.utilities.files import write_json
from litclf.utilities.threads import using_threads

_QUIET = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "callbacks": None}


def evaluate(plan: Plan, stage: str, name: str) -> dict[str, Any]:
    """Runs the checkpoint of ``plan`` over a split and writes the metrics into its run folder.

    Args:
        plan: What is to be evaluated on what.
        stage: ``validate`` or ``test``.
        name: Name of the file that they are written to.

    Returns:
        The metrics, under their log keys, the class that some of them are of, and what they are over members.

    Raises:
        InputError: If there is nothing to evaluate.
    """
    trainer, checkpoint = make_trainer({**plan.trainer_args, **_QUIET}), cast(Checkpoint, plan.checkpoint)
    split = "val" if stage == "validate" else stage
    if not plan.spec.has(split):
        share = next((name for name in ("holdout", f"{split}_size") if name in plan.data.hparams), "holdout")
        if plan.data.hparams.get("path") is not None:  # the other is of rows that are given
            share = f"{split}_size"
        rule = f"has nothing to {stage}, all of it was trained on"
        raise InputError("data", rule, f"fit again with samples held out, for example by --data.{share} 0.2")
    with using_threads(plan.num_threads):
        evaluated = run_checkpoint(trainer, plan, checkpoint, stage)
    if not evaluated:
        raise InputError("trainer", f"its limits leave nothing to {stage}", "raise the limit")
    metrics = plain(evaluated[0]) | measured_class(plan.model)
    members = plan.model.members if isinstance(plan.model, Classifier) else None
    if members is not None:
        metrics["members"] = summary(members, plan.marks, split)
    write_json(checkpoint.folder / name, metrics)
    return metrics


def measured_class(model: LightningModule) -> dict[str, Any]:
    """Of which of two classes F1, precision and recall are; nothing where they are means over the classes."""
    told = isinstance(model, Classifier) and model.positive is not None
    return {"positive_class": cast(Positive, cast(Classifier, model).positive).to_dict()} if told else {}


def run_checkpoint(trainer: Trainer, plan: Plan, checkpoint: Checkpoint, stage: str) -> list[Any]:
    """Runs the weights that a checkpoint holds over a split, whatever callbacks do to those of the model.

    Args:
        trainer: The Trainer, of the fit or of its own.
        plan: What tells model and data; the model has the checkpoint's weights afterwards.
        checkpoint: The checkpoint.
        stage: ``validate`` or ``test``.

    Returns:
        What the Trainer returns: the metrics of each loader.
    """
    callbacks: list[Callback] = cast(Any, trainer).callbacks
    # A finder would look for a size of batches in each stage anew; spikes are of training, and their state only there.
    kept = [callback for callback in callbacks if not isinstance(callback, BatchSizeFinder | SpikeDetection)]
    callbacks[:], before = [*kept, _Weights(checkpoint)], list(callbacks)
    hand(trainer, checkpoint)
    run = trainer.validate if stage == "validate" else trainer.test
    try:
        return list(run(plan.model, plan.data, ckpt_path=checkpoint.path, verbose=False, weights_only=True))
    finally:
        callbacks[:] = before


class _Weights(Callback):
    """Has a checkpoint's weights be those that are evaluated, after all that other callbacks do before.

    Callbacks that average weights load those that the fit would go on from, or swap them as a stage begins.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._content = checkpoint.content

    def on_validation_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        if batch_idx == dataloader_idx == 0:
            self._load(trainer, pl_module)

    on_test_batch_start = on_validation_batch_start

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._load(trainer, pl_module)

    def _load(self, trainer: Trainer, module: LightningModule) -> None:
        trainer.strategy.load_model_state_dict(self._content, strict=module.strict_loading)
