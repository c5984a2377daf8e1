"""Cross-validation: folds times repeats as members of one fit, each tested on rows that it never saw."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any, cast

import pandas as pd
from lightning.pytorch import LightningModule

from litclf.data.base import ClassificationDataModule
from litclf.data.folds import FoldsDataModule
from litclf.models.classifier import Classifier
from litclf.models.members import Members
from litclf.models.seeds import MOST, Seeds
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.record import described, is_plain
from litclf.studies.final import train_final
from litclf.studies.folds import OutOfFold, fold_table, out_of_fold, write_tables
from litclf.studies.importance import importance
from litclf.studies.label_errors import label_errors
from litclf.studies.learning_curve import SHARES, learning_curve, parts_of
from litclf.studies.shown_rows import shown_rows
from litclf.studies.sides import Sides
from litclf.studies.slices import slices
from litclf.training.callbacks.picture import Picture
from litclf.training.notices import quiet_lightning
from litclf.training.plan import Plan
from litclf.training.run import RunResult, run, seeded
from litclf.training.trainer_args import check_names
from litclf.utilities import signals
from litclf.utilities.checks import whole
from litclf.utilities.errors import InputError
from litclf.utilities.files import write_json
from litclf.utilities.notes import tell
from litclf.utilities.text import plain_yaml
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
        learning_curve: Whether folds are trained on growing shares of their rows afterwards, which takes about as long
            again and a half.
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
            config=plain_yaml(config, sort_keys=False, allow_unicode=True),
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
    data = plan.data
    if not isinstance(data, ClassificationDataModule) or not isinstance(plan.model, Classifier):
        rule = f"needs a classifier and data of litclf, got {type(plan.model).__name__} on {type(data).__name__}"
        raise InputError("data", rule, "pass those, such as TableDataModule")
    if plan.members is not None:
        raise InputError("members", "are the folds and repeats of a cross-validation", "drop it")
    fits = sides.folds * (1 + curve * len(SHARES))
    whole("repeats", sides.repeats, 1, max(MOST // fits, 1) + 1, example=2)
    model, before = plan.model, _copy(plan)
    plan = replace(plan, trainer_args=_without_pictures(plan.trainer_args))
    rows = sides.of(data)
    settings = {**vars(sides), "seed": data.seed, "final": final, "learning_curve": curve}
    folded = FoldsDataModule(data, rows, settings)
    parts = _copy(plan, data=parts_of(data, rows, plan.seed)) if curve else None
    _check_trainer(plan.trainer_args, folded)
    members, name = Seeds(len(rows), plan.seed), f"{plan.name}_cv"
    tell(*data.notes)
    result = run(replace(plan, data=folded, name=name, members=members, pictures=False, checkpoint=checkpoint))
    trained = cast(Members, model.members)
    held = out_of_fold(model, folded, data, rows, sides.repeats)
    if result.folder is not None:
        write_tables(result.folder, _tables(held, data, folded, model))
        if find_spec("cleanlab"):
            doubtful = label_errors(held)
            shown = shown_rows(data, doubtful.index[:MOST_DOUBTFUL].tolist())
            write_json(result.folder / "samples.json", shown, indent=None)
            write_tables(result.folder, {"label_errors": doubtful})
        if parts is not None:
            told = ", ".join(f"{share:.0%}" for share in SHARES)
            tell(f"learning curve: the folds again, on {told} of their training rows")
            write_tables(result.folder, {"learning_curve": learning_curve(parts, folded, trained, result.folder)})
        # Without this table, which is the last, the run has not finished.
        write_tables(result.folder, {"cv": fold_table(model, sides.repeats, rows)})
        if plan.pictures:
            write_report(result.folder)
    return CrossValidated(result, held, train_final(before, data, trained) if final else None)


def _tables(
    held: OutOfFold, data: ClassificationDataModule, folded: FoldsDataModule, model: Classifier
) -> dict[str, pd.DataFrame]:
    """What rows were taken for by models that never saw them, and what that tells of classes, slices and columns."""
    told = {"oof": held.table(), "classes": held.classes(), "slices": slices(held, data)}
    return told | {"importance": importance(model, folded, data.seed)}


def _copy(plan: Plan, **changes: Any) -> Plan:
    """The plan with a model and callbacks of its own, which another fit does not change."""
    args = plan.trainer_args
    if args.get("callbacks"):
        args = args | {"callbacks": deepcopy(args["callbacks"])}
    return replace(plan, model=deepcopy(plan.model), trainer_args=args, **changes)


def _without_pictures(trainer_args: dict[str, Any]) -> dict[str, Any]:
    """Arguments of the Trainer without callbacks that draw one network on its data; says which are left out."""
    given = trainer_args.get("callbacks") or []
    callbacks = given if isinstance(given, list) else [given]
    drawn = [own for own in callbacks if isinstance(own, Picture)]
    if not drawn:
        return trainer_args
    tell(f"folds are trained without {' and '.join(type(own).__name__ for own in drawn)}: pictures of one network")
    return trainer_args | {"callbacks": [own for own in callbacks if own not in drawn]}


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
