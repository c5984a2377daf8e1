"""Run of a fit: its stages over one plan; shared by the command line and scripted fits."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningDataModule, LightningModule, Trainer, seed_everything
from torch.utils.data import DataLoader

from litclf.data.loaders import data_of_loaders
from litclf.models.rules import Rule
from litclf.models.seeds import Seeds, Vary
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.folder import RunFolder, removed_if_refused
from litclf.runs.lock import locked
from litclf.runs.record import described, is_plain
from litclf.runs.versions import runs_folder
from litclf.training import stages
from litclf.training.callbacks.saves import SAVE_EVERY
from litclf.training.notices import quiet_lightning
from litclf.training.plan import Plan
from litclf.training.resume import tells_how_to_go_on
from litclf.training.shown import html_of, line_of
from litclf.training.trainer_args import check_names
from litclf.utilities import signals
from litclf.utilities.checks import whole
from litclf.utilities.files import naming
from litclf.utilities.text import plain_yaml
from litclf.utilities.threads import using_threads


@dataclass(frozen=True)
class RunResult:
    """What a fit leaves.

    Attributes:
        folder: The run folder; None where nothing is kept (``fast_dev_run``).
        metrics: Final train and val metrics and the best checkpoint's test metrics, under their log keys, with
            ``global_step`` and ``fit_seconds``; the content of ``metrics.json``.
        model: The model, with the weights of the best checkpoint where one was kept.
        trainer: The Trainer that was used.
    """

    folder: Path | None
    metrics: dict[str, Any]
    model: LightningModule
    trainer: Trainer

    def __repr__(self) -> str:
        return f"{type(self).__name__}({line_of(self.folder, self.metrics)})"

    def _repr_html_(self) -> str:
        """What a notebook shows of it."""
        return html_of(self.folder, self.metrics, self.model, self.trainer)


def fit(
    model: LightningModule,
    data: LightningDataModule | DataLoader[Any] | Mapping[str, DataLoader[Any]],
    *,
    name: str | None = None,
    seed: int = 42,
    threads: int | None = None,
    ckpt_path: str | Path | None = None,
    pictures: bool = False,
    threshold_rule: Rule = "0.5",
    save_every: float = SAVE_EVERY,
    members: int = 1,
    members_from: int | None = None,
    vary: Vary = "both",
    marks: Mapping[str, float] | None = None,
    **trainer_args: Any,
) -> RunResult:
    """Trains, validates, checkpoints and tests, as ``litclf fit`` does, in one call.

    Args:
        model: The model; takes its sizes from ``data``.
        data: The data: a DataModule; or loaders of ``(x, y)`` batches of one's own, one of the training samples, or by
            ``train``, ``val`` and ``test``, for which the model is told its ``input_shape`` and ``num_classes``.
        name: Name of the run's folder below ``lightning_logs``; None takes the data's class.
        seed: Seed of the order of samples, and of the weights where the model takes its sizes from ``data``.
        threads: Threads of PyTorch; None takes one for small models and PyTorch's default for others.
        ckpt_path: Checkpoint to resume from, in its own run folder; a run folder, whose latest checkpoint is taken; or
            ``last``, for that of the newest run of this name. None starts anew.
        pictures: Whether to draw what fits the data, and to write ``report.html``.
        threshold_rule: How the probability above which a binary classifier predicts class 1 is chosen on the validation
            split: ``0.5`` as it is, ``youden`` or ``f1``. It counts in prediction and export, not in the metrics.
        save_every: Seconds from one write of ``best.ckpt`` and ``last.ckpt`` to the next, at least; 0 writes at every
            epoch. The last epoch and a signal write whatever the time. A ModelCheckpoint that is given goes by its own
            settings.
        members: Networks that are trained side by side, from 1 to 10 000, each as a fit of its own by its seed would.
            Every metric is then a mean with its interval, and what the model says is their mean probability.
        members_from: Seed of the first member, which the others count on from; None takes ``seed``.
        vary: What differs between members: their initial ``weights``, the ``order`` of their samples, or ``both``.
        marks: Log keys and the value of each that the share of members that reach it is told of, such as
            ``{"test/accuracy": 0.99}``.
        trainer_args: Arguments of :class:`lightning.pytorch.Trainer`; callbacks and loggers given here replace the
            default ones of their kind.

    A fit that is sent SIGINT or SIGTERM saves ``last.ckpt`` at the end of its execution before it ends. The number of
    threads and the variables that Lightning keeps its seed in are afterwards what they were.

    Raises:
        InputError: If something was given that cannot be used; nothing has been written then.
        RunError: If the training loss is infinite or not a number; the last good checkpoint stays.
        KeyboardInterrupt: After SIGINT, once it is saved; ``SystemExit(143)`` after SIGTERM.

    Example:
        >>> import tempfile
        >>> from litclf import BinaryClassifier, CirclesDataModule
        >>> data = CirclesDataModule(batch_size=None, repeat=10, steps_per_execution=10)
        >>> root = tempfile.mkdtemp()
        >>> result = fit(BinaryClassifier(), data, max_epochs=1, enable_progress_bar=False, default_root_dir=root)
        >>> result.metrics["global_step"], sorted(path.name for path in result.folder.iterdir())[:3]
        (10, ['checkpoints', 'config.yaml', 'events.out...'])
    """
    check_names(trainer_args)
    data = data if isinstance(data, LightningDataModule) else data_of_loaders(data)
    whole("seed", seed, 0, 2**32, example=42)
    seed = int(seed)  # with one of NumPy no checkpoint is read
    with quiet_lightning(), signals.as_python_ends(), seeded(seed):
        config = {"seed_everything": seed, "model": described(model), "data": described(data)}
        config["trainer"] = {key: value for key, value in trainer_args.items() if is_plain(value)}
        seeds = Seeds.of(members, seed if members_from is None else members_from, vary)
        if seeds is not None:
            config |= {"members": seeds.count, "members_from": seeds.first, "vary": vary}
        name, root = name or type(data).__name__, trainer_args.get("default_root_dir")
        plan = Plan(
            model,
            data,
            name,
            config=plain_yaml(config, sort_keys=False, allow_unicode=True),
            seed=seed,
            trainer_args=trainer_args,
            threads=threads,
            checkpoint=None if ckpt_path is None else Checkpoint.latest(ckpt_path, runs_folder(root, name)),
            pictures=pictures,
            threshold_rule=threshold_rule,
            save_every=save_every,
            members=seeds,
            marks=marks or {},
        )
        return run(plan)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seeds the process, and puts back the variables by which Lightning tells its other processes."""
    names = ("PL_GLOBAL_SEED", "PL_SEED_WORKERS")
    before = {name: os.environ.pop(name) for name in names if name in os.environ}
    seed_everything(seed, verbose=False)
    try:
        yield
    finally:
        for name in names:
            os.environ.pop(name, None)
        os.environ.update(before)


def run(plan: Plan, goes_on_in: Path | None = None) -> RunResult:
    """Runs the stages of a fit, one after the other: open, train, test, calibrate, record, report.

    Args:
        plan: What to do.
        goes_on_in: The run folder to go on with after a signal; None for its own.

    Raises:
        InputError: If ``plan`` cannot be fitted.
        RunError: If the fit fails on its way.
    """
    plan.check_fit()
    with signals.handled(), using_threads(plan.num_threads):
        folder = _folder(plan)
        path = None if folder is None else folder.path
        with (
            locked(folder),
            removed_if_refused(None if plan.checkpoint else folder),
            tells_how_to_go_on(goes_on_in or path),
            naming(path or Path.cwd()),
        ):
            opened = stages.open_run(plan, path)
            metrics = stages.train(opened)
            tested = stages.read_tested(opened)
            metrics |= stages.test(opened, tested)
            metrics |= stages.compare_members(opened)
            if calibration := stages.calibrate(opened, tested):
                metrics["calibration"] = calibration.to_dict()
            metrics = stages.record(opened, metrics)
            stages.report(opened)
    return RunResult(path, metrics, plan.model, opened.trainer)


def _folder(plan: Plan) -> RunFolder | None:
    """The run folder: that of the checkpoint to go on from, or a new one."""
    if plan.trainer_args.get("fast_dev_run"):
        return None
    if plan.checkpoint is not None:
        return RunFolder.at(plan.checkpoint.folder)
    return RunFolder.new(runs_folder(plan.trainer_args.get("default_root_dir"), plan.name))
