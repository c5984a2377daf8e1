"""Cross-validation: folds times repeats as members of one fit, each tested on rows that it never saw."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from importlib.util import find_spec
from statistics import median
from typing import Any, cast

import numpy as np
import yaml
from lightning.pytorch import LightningModule

from litclf.data.base import ClassificationDataModule
from litclf.data.folds import FoldsDataModule
from litclf.models.classifier import Classifier
from litclf.models.members import Members
from litclf.models.seeds import Seeds
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.record import described, is_plain
from litclf.studies.folds import OutOfFold, fold_table, out_of_fold, write_tables
from litclf.studies.importance import importance
from litclf.studies.label_errors import label_errors
from litclf.studies.learning_curve import learning_curve
from litclf.studies.shown_rows import shown_rows
from litclf.studies.sides import Sides
from litclf.studies.slices import slices
from litclf.training.notices import quiet_lightning
from litclf.training.plan import Plan
from litclf.training.run import RunResult, run, seeded
from litclf.training.trainer_args import check_names
from litclf.utilities import signals
from litclf.utilities.checks import whole
from litclf.utilities.errors import InputError
from litclf.utilities.files import write_json
from litclf.utilities.notes import tell
from litclf.visualization.report.folds import MOST_DOUBTFUL
from litclf.visualization.report.page import write_report


@dataclass(frozen=True)
class CrossValidated:
    """What a cross-validation leaves.

    Attributes:
        run: The fit of all folds: its folder, and metrics whose ``members`` holds mean and interval of each.
        out_of_fold: What each row was taken for by models that it was held out of.
        final: The fit on all rows; None where it was not asked for.
    """

    run: RunResult
    out_of_fold: OutOfFold
    final: RunResult | None = None


def cross_validate(
    model: LightningModule,
    data: ClassificationDataModule,
    *,
    folds: int = 5,
    repeats: int = 1,
    groups: str | None = None,
    order_by: str | None = None,
    final: bool = False,
    learning_curve: bool = False,
    pictures: bool = False,
    name: str | None = None,
    seed: int = 42,
    threads: int | None = None,
    **trainer_args: Any,
) -> CrossValidated:
    """Trains a network for each fold of the rows, side by side, and tests each on the rows it was held out of.

    The rows of all splits are folded, without those of a test file or test split that came with the data. Classes have
    the same shares in each fold. Where the data has a validation split, as large a share of each fold's training rows
    is its own, by which its best epoch is chosen. What prepares the inputs is learned from the training rows of each
    fold alone.

    Args:
        model: The model; takes its sizes from ``data``.
        data: The data, in memory.
        folds: Parts of the rows, at least 2 and at most the rows of the rarest class.
        repeats: How often the rows are parted anew, at least 1.
        groups: Column of a table by which rows of one value are on one side of a fold, and of its validation.
        order_by: Column of a table of numbers or times: each fold is trained on what comes before its test. The first
            rows are then never tested on.
        final: Whether a model is trained on all rows afterwards, for the median of the folds' best epochs.
        learning_curve: Whether folds are trained on growing shares of their rows afterwards, which takes two or three
            times as long again.
        pictures: Whether to write ``report.html``.
        name: Name of the run's folder below ``lightning_logs``, which gets ``_cv`` behind it; None takes the data's
            class. The final model has the name as it is.
        seed: Seed of the first member, which the others count on from. The rows are parted by the data's own seed.
        threads: Threads that train; None takes as many as there are processors.
        trainer_args: Arguments of :class:`lightning.pytorch.Trainer`.

    Raises:
        InputError: If something was given that cannot be used; nothing has been written then.
        RunError: If all folds diverge.

    Example:
        >>> import tempfile
        >>> from litclf import BlobsDataModule, MulticlassClassifier
        >>> settings = {"max_epochs": 2, "enable_progress_bar": False, "default_root_dir": tempfile.mkdtemp()}
        >>> found = cross_validate(MulticlassClassifier(), BlobsDataModule(num_samples=100), folds=3, **settings)
        >>> sorted(path.name for path in found.run.folder.glob("*.csv"))
        ['classes.csv', 'cv.csv', 'importance.csv', ..., 'oof.csv', 'slices.csv']
    """
    check_names(trainer_args)
    whole("seed", seed, 0, 2**32, example=42)
    with quiet_lightning(), signals.as_python_ends(), seeded(seed):
        config = {"seed_everything": seed, "model": described(model), "data": described(data)}
        config["trainer"] = {key: value for key, value in trainer_args.items() if is_plain(value)}
        plan = Plan(
            model,
            data,
            name or type(data).__name__,
            config=yaml.safe_dump(config, sort_keys=False, allow_unicode=True),
            seed=seed,
            trainer_args=trainer_args,
            threads=threads,
            pictures=pictures,
        )
        return run_folds(plan, Sides(folds, repeats, groups, order_by), final, learning_curve)


def run_folds(
    plan: Plan, sides: Sides, final: bool, curve: bool = False, checkpoint: Checkpoint | None = None
) -> CrossValidated:
    """Cross-validates what ``plan`` would train once; see :func:`cross_validate`.

    Args:
        plan: What would be trained once, from the start.
        sides: How the rows are parted.
        final: Whether a model is trained on all rows afterwards.
        curve: Whether folds are trained on growing shares of their rows.
        checkpoint: Of this cross-validation, to go on from; None starts anew.

    Raises:
        InputError: If it cannot be; nothing has been written then.
    """
    data, last = plan.data, deepcopy(plan.model)
    if not isinstance(data, ClassificationDataModule) or not isinstance(plan.model, Classifier):
        rule = f"needs a classifier and data of litclf, got {type(plan.model).__name__} on {type(data).__name__}"
        raise InputError("data", rule, "pass those, such as TableDataModule")
    if plan.members is not None:
        raise InputError("members", "are the folds and repeats of a cross-validation", "drop it")
    rows = sides.of(data)
    folded = FoldsDataModule(data, rows, {**vars(sides), "seed": data.seed, "final": final})
    _check_trainer(plan.trainer_args, folded)
    members = Seeds(len(rows), plan.seed)
    tell(*data.notes)
    result = run(
        replace(plan, data=folded, name=f"{plan.name}_cv", members=members, pictures=False, checkpoint=checkpoint)
    )
    held = out_of_fold(plan.model, folded, data, rows, sides.repeats)
    if result.folder is not None:
        tables = {"cv": fold_table(plan.model, sides.repeats, rows), "oof": held.table(), "classes": held.classes()}
        tables |= {"slices": slices(held, data), "importance": importance(plan.model, folded, data.seed)}
        if find_spec("cleanlab"):
            tables["label_errors"] = label_errors(held)
            doubtful = tables["label_errors"].index[:MOST_DOUBTFUL].tolist()
            write_json(result.folder / "samples.json", shown_rows(data, doubtful), indent=None)
        if curve:
            tables["learning_curve"] = learning_curve(replace(plan, model=deepcopy(last)), rows)
        write_tables(result.folder, tables)
        if plan.pictures:
            write_report(result.folder)
    return CrossValidated(result, held, _train_final(plan, last, plan.model) if final else None)


def _check_trainer(trainer_args: dict[str, Any], data: FoldsDataModule) -> None:
    """Refuses settings by which folds of other numbers of steps would not be trained alike.

    Raises:
        InputError: Naming the setting.
    """
    for setting in ("limit_val_batches", "limit_test_batches"):
        if trainer_args.get(setting) not in (None, 1.0):
            rule = f"cannot be {trainer_args[setting]} where each fold has rows of its own to measure"
            raise InputError(f"trainer.{setting}", rule, "drop it")
    if trainer_args.get("max_steps") not in (None, -1) and len({own.train_steps for own in data.member_data}) > 1:
        rule = "cannot end folds that have different numbers of steps in an epoch"
        raise InputError("trainer.max_steps", rule, "pass --trainer.max_epochs")


def _train_final(plan: Plan, model: LightningModule, folds: LightningModule) -> RunResult:
    """Trains on all rows, for as long as the folds found best."""
    members, data = cast(Members, cast(Classifier, folds).members), cast(ClassificationDataModule, plan.data)
    best = [one.epoch + 1 for number in members.alive if (one := members.best[number]) is not None]
    rows = np.arange(len(data.drawn_targets))
    everything = data.with_rows({"train": rows, "val": rows[:0]})
    epochs = round(median(best)) if best else plan.trainer_args.get("max_epochs")
    return run(replace(plan, model=model, data=everything, trainer_args=plan.trainer_args | {"max_epochs": epochs}))
