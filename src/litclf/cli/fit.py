"""The command line: a LightningCLI over the runs of :mod:`litclf.training.run`, with one line for each error."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from jsonargparse import Namespace
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from litclf.cli.commands import FITS, TOOLS, exit_code
from litclf.cli.parser import Parser, with_config
from litclf.data import blobs, circles, images, mnist, restoration, table  # noqa: F401
from litclf.models import auto, binary, multiclass  # noqa: F401
from litclf.models import restoration as image_restoration  # noqa: F401
from litclf.models.decision import Calibration, Rule
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.find import run_folder
from litclf.runs.folder import runs_folder

# Imported for their short names: `--model BinaryClassifier` finds every class that is loaded.
from litclf.training.callbacks import embeddings, gallery, histograms  # noqa: F401
from litclf.training.evaluation import evaluate, predict
from litclf.training.notices import quiet_lightning
from litclf.training.plan import Plan
from litclf.training.run import RunResult
from litclf.training.run import run as run_plan
from litclf.utilities.errors import InputError, nearest
from litclf.utilities.files import replacing
from litclf.utilities.text import aligned


class CLI(LightningCLI):
    """``litclf fit|validate|test|predict``.

    Args:
        args: The arguments, with presets replaced by their files.
        name: Name of new run folders.
    """

    def __init__(self, args: list[str], name: str) -> None:
        self.name = name
        super().__init__(
            args=args,
            seed_everything_default=42,
            trainer_defaults={"num_sanity_val_steps": 0, "enable_model_summary": False},
            parser_class=Parser,
            parser_kwargs={
                "allow_abbrev": False,
                **{command: {"allow_abbrev": False} for command in self.subcommands()},
            },
            save_config_callback=None,
            auto_configure_optimizers=False,
            load_from_checkpoint_support=False,
        )

    @staticmethod
    def subcommands() -> dict[str, set[str]]:
        """The subcommands, and the Trainer's arguments that they do not take."""
        ours = {"verbose", "weights_only", "return_predictions"}
        return {command: skipped | ours for command, skipped in LightningCLI.subcommands().items()}

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Adds what a run has beside model, data and Trainer."""
        parser.add_argument("--name", type=str | None, help="Name of the run's folder; default: the preset's name.")
        parser.add_argument("--pictures", type=bool, default=True, help="Whether a fit draws pictures and a report.")
        parser.add_argument(
            "--threshold_rule",
            type=Rule,
            default="0.5",
            help="How a fit of two classes chooses the probability of class 1 above which it is predicted.",
        )
        parser.add_argument("--threads", type=int | None, help="Threads of PyTorch; default: by the size of the work.")

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parses the arguments that were given, whatever the process was started with."""
        self.config = parser.parse_args(args)
        seed = self.config[self.config.subcommand].seed_everything
        if isinstance(seed, bool):
            raise InputError(
                "--seed_everything", f"must be a number, got {str(seed).lower()}", "pass a seed such as 42"
            )
        if not 0 <= int(seed) < 2**32:
            raise InputError("--seed_everything", f"must be in [0, 2**32), got {seed}", "pass a seed such as 42")

    def _parse_ckpt_path(self) -> None:
        """Lets nothing from a checkpoint override the user's flags; conflicts are refused by name instead."""

    def instantiate_classes(self) -> None:
        """Builds data and model; what their constructors refuse is told by its flag.

        Raises:
            InputError: If a constructor refused an argument.
        """
        try:
            # Not by Lightning's own, which calls what jsonargparse has deprecated.
            self.config_init = self.parser.instantiate(self.config)
            self.datamodule, self.model = self._get(self.config_init, "data"), self._get(self.config_init, "model")
        except ValueError as error:
            # jsonargparse wraps an exception of a constructor into lines of its own.
            found = re.search(r"^(?:\s*- )?(?:.*?: )??([\w.-]+): (.*); fix: (.*)$", str(error), re.MULTILINE)
            if not found:
                raise
            raise self._by_flag(InputError(*found.groups())) from error

    def _by_flag(self, error: InputError) -> InputError:
        """The error with the name of its argument as the flag that sets it."""
        if error.where.startswith(
            ("model.", "data.", "trainer.", "ckpt_path", "threads", "threshold_rule", "name", "seed_everything")
        ):
            return InputError(f"--{error.where}", error.what, error.fix)
        settings = self.config[self.config.subcommand]
        for part in ("model", "data"):
            if error.where in (settings.get(f"{part}.init_args") or {}):
                return InputError(f"--{part}.{error.where}", error.what, error.fix)
        return error

    def _run_subcommand(self, subcommand: str) -> None:
        try:
            self._execute(subcommand, self.config_init[subcommand])
        except InputError as error:
            raise self._by_flag(error) from error

    def _execute(self, subcommand: str, settings: Namespace) -> None:
        if subcommand != "fit" and not settings.ckpt_path:
            way_out = f"litclf {subcommand} --ckpt_path lightning_logs/NAME/version_N/checkpoints/best.ckpt"
            raise InputError("ckpt_path", f"{subcommand} needs the checkpoint of a trained model", way_out)
        if self.datamodule is None:
            raise InputError("--data", "is missing", "pass -c PRESET, or --data CirclesDataModule")
        # The run's config is that of a new run, also where this one is resumed.
        fresh = self.config[subcommand].clone()
        fresh.ckpt_path = None
        config = self._parser(subcommand).dump(fresh, skip_unset=False)
        name = self.name if settings.name is None else settings.name
        plan = Plan(
            self.model,
            self.datamodule,
            name,
            config,
            seed=int(settings.seed_everything),
            trainer_args=dict(settings.trainer.items()),
            threads=settings.threads,
            checkpoint=None if settings.ckpt_path is None else Checkpoint.read(Path(settings.ckpt_path)),
            pictures=settings.pictures,
            threshold_rule=settings.threshold_rule,
        )
        if subcommand == "fit":
            _print_result(run_plan(plan))
        elif subcommand == "predict":
            _write_predictions(plan)
        else:
            metrics = evaluate(plan, subcommand)
            _print_table(metrics)
            print(f"\nwritten     {run_folder(Path(settings.ckpt_path)) / subcommand}.json")


def run(args: Sequence[str]) -> int:
    """Runs a subcommand; returns 0, or prints one line and returns 2 for a wrong request, 1 for a failure."""
    return exit_code(_run, args)


def _run(args: list[str]) -> int:
    if args[0] not in FITS:
        near = nearest(args[0], [*FITS, *TOOLS, "presets"])
        raise InputError(args[0], "is no command of litclf", f"did you mean {near}?" if near else "see litclf --help")
    args, name = with_config(_from_run(args))
    try:
        with quiet_lightning():
            CLI(args, name)
    except MisconfigurationException as error:
        raise InputError(
            "trainer", " ".join(str(error).split()), "change that setting, see litclf fit --help"
        ) from error
    return 0


_OF_FITS = (
    *("--name", "--pictures", "--threshold_rule", "--trainer.default_root_dir", "--trainer.enable_progress_bar"),
    *("--trainer.enable_checkpointing", "--trainer.max_epochs", "--trainer.max_steps", "--trainer.max_time"),
    *("--trainer.min_epochs", "--trainer.min_steps", "--trainer.gradient_clip_val", "--trainer.limit_train_batches"),
    *("--trainer.accumulate_grad_batches", "--trainer.log_every_n_steps", "--trainer.val_check_interval"),
)
"""Settings that only a fit follows; as flags of another command they would do nothing."""


def _from_run(args: list[str]) -> list[str]:
    """The arguments of a fit, with the run or ``last`` that it is to go on from replaced by the checkpoint."""
    command, *rest = args
    if command == "resume":
        if not rest or rest[0].startswith("-"):
            raise InputError("resume", "needs the run to go on with", "pass its folder, as `litclf fit` printed it")
        for flag in ("--name", "--trainer.default_root_dir", "--ckpt_path"):
            if any(arg.partition("=")[0] == flag for arg in rest):
                raise InputError(flag, "does nothing for a run that goes on in its own folder", "drop it")
        return ["fit", "--ckpt_path", str(_checkpoint(rest[0], None)), *rest[1:]]
    if command != "fit":
        for arg in rest:
            if arg.partition("=")[0].rstrip("+") in _OF_FITS or arg.startswith(
                ("--trainer.callbacks", "--trainer.logger")
            ):
                raise InputError(arg.partition("=")[0].rstrip("+"), f"does nothing for {command}", "drop it")
    given = _value(rest, "--ckpt_path") if command == "fit" else None
    if given is None:
        return args
    preset = _value(rest, "-c") or _value(rest, "--config")
    name = _value(rest, "--name") or (Path(preset).stem if preset else "run")
    root = _value(rest, "--trainer.default_root_dir")
    path = str(_checkpoint(given, runs_folder({"default_root_dir": root}, name)))
    own = _value(rest, "--name")
    if own is not None and run_folder(Path(path)).resolve().parent.name != own:
        raise InputError("--name", f"is {own}, but {path} goes on in its own folder", "drop it")
    at = next(i for i, arg in enumerate(args) if arg.partition("=")[0] == "--ckpt_path")
    if "=" in args[at]:
        return [*args[:at], f"--ckpt_path={path}", *args[at + 1 :]]
    return [*args[: at + 1], path, *args[at + 2 :]]


def _checkpoint(given: str, parent: Path | None) -> Path:
    try:
        return Checkpoint.latest(given, parent).path
    except InputError as error:
        raise InputError("--ckpt_path", error.what, error.fix) from error


def _value(args: list[str], flag: str) -> str | None:
    """The last value that ``flag`` was given, as ``FLAG VALUE`` or ``FLAG=VALUE``."""
    found = None
    for number, arg in enumerate(args):
        name, equals, value = arg.partition("=")
        if name == flag:
            found = value if equals else next(iter(args[number + 1 :]), None)
    return found


def _print_result(result: RunResult) -> None:
    """The end of a fit: a table of results, the run folder and the line that opens it in TensorBoard."""
    if not result.trainer.is_global_zero:
        return
    _print_table(result.metrics)
    seconds, steps = result.metrics["fit_seconds"], result.metrics["global_step"]
    if "best" in result.metrics:
        print("train and val of the last epoch, test of the best")
    if result.trainer.progress_bar_callback is None:  # else it has said so
        print(f"\nfit         {steps} steps in {seconds:.2f} s")
    print(f"engine      {result.metrics['engine']}")
    if "calibration" in result.metrics:
        print(f"calibration {Calibration.from_dict(result.metrics['calibration'])}")
    if result.folder is not None:
        print(f"run folder  {result.folder}")
        report = result.folder / "report.html"
        if report.is_file():
            print(f"report      {report}")
        print(f"dashboard   litclf dashboard {result.folder}")


def _print_table(metrics: dict[str, Any]) -> None:
    """Metrics with a row for each stage."""
    cells = {tuple(key.split("/")): value for key, value in metrics.items() if key.count("/") == 1}
    stages = [stage for stage in ("train", "val", "test") if any(row == stage for row, _ in cells)]
    names = list(dict.fromkeys(name for stage, name in cells if stage in stages and not name.endswith("_step")))
    rows = [
        [stage, *(f"{cells[stage, name]:.4f}" if (stage, name) in cells else "" for name in names)] for stage in stages
    ]
    least = [5, *(18 if len(name) > 11 else 11 for name in names)]
    print("", *aligned([["", *names], *rows], between=" ", at_least=least), sep="\n")


def _write_predictions(plan: Plan) -> None:
    """Writes ``predictions.csv`` into the checkpoint's run folder: a row for each sample, in the order of the split."""
    predictions, data, checkpoint = predict(plan), cast(Any, plan.data), cast(Checkpoint, plan.checkpoint)
    names = list(plan.spec.class_names)
    path = checkpoint.folder / "predictions.csv"
    with replacing(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["row", "target", "predicted", *(f"probability of {name}" for name in names)])
        row = 0
        targets = (y for _, y in data.predict_dataloader())
        for (probabilities, classes), y in zip(predictions, targets, strict=False):  # limits may end them early
            for target, predicted, shares in zip(y.tolist(), classes.tolist(), probabilities.tolist(), strict=True):
                writer.writerow([row, names[target], names[predicted], *(f"{share:.6f}" for share in shares)])
                row += 1
    print(f"written     {path}  ({row} rows)")
