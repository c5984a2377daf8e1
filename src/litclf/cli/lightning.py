"""LightningCLI of litclf: settings become a model, its data and a run; the commands do the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, cast

import torch
from jsonargparse import Namespace
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import LightningDataModule, LightningModule, Trainer
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

from litclf.cli.arguments import MEMBER_HELP, Arguments
from litclf.cli.configs import CONFIG, with_config
from litclf.cli.parser import Parser, words_for
from litclf.cli.refusals import refusal
from litclf.cli.signatures import OWN, setting_types
from litclf.cli.sketches import default_of
from litclf.cli.trust import FLAG, allow_classes, check_kinds
from litclf.data.registry import DATAMODULES
from litclf.models.registry import MODELS
from litclf.models.seeds import Seeds
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.hparams import count_members

# Imported for their short names: `--trainer.callbacks+=Embeddings` finds every class that is loaded.
from litclf.training.callbacks import embeddings, gallery, histograms  # noqa: F401
from litclf.training.members import read_marks
from litclf.training.notices import quiet_lightning
from litclf.training.plan import Plan
from litclf.utilities.data_spec import DataSpec
from litclf.utilities.errors import InputError, part

FIT_ONLY = (
    *("--name", "--pictures", "--threshold_rule", "--save_every", "--trainer.default_root_dir"),
    *("--members", "--members_from", "--vary", "--mark"),
    *("--trainer.enable_progress_bar", "--trainer.enable_checkpointing", "--trainer.max_epochs", "--trainer.max_steps"),
    *("--trainer.max_time", "--trainer.min_epochs", "--trainer.min_steps", "--trainer.gradient_clip_val"),
    *("--trainer.limit_train_batches", "--trainer.accumulate_grad_batches", "--trainer.log_every_n_steps"),
    *("--trainer.val_check_interval", "--trainer.callbacks", "--trainer.logger"),
)
"""Settings that only a fit follows; as flags of another command they would do nothing."""


_PACKAGES = {
    "CometLogger": "comet-ml",
    "MLFlowLogger": "mlflow",
    "RichModelSummary": "rich",
    "RichProgressBar": "rich",
    "WandbLogger": "wandb",
}
"""What loggers and callbacks of Lightning need beside it; their errors name a module, if anything."""


class CLI(LightningCLI):
    """What a command that runs a Trainer is given: see :meth:`opened`.

    Args:
        given: The arguments, with presets replaced by their files.

    Raises:
        InputError: If something given cannot be used.
    """

    def __init__(self, given: Arguments) -> None:
        self.given = given
        self.refusal: InputError | None = None
        self.failure: InputError | None = None
        # Short names are found among the classes that are loaded.
        for registry in (DATAMODULES, MODELS):
            registry.load_all()
        super().__init__(
            args=[given.command, *words_for(given)],
            seed_everything_default=42,
            trainer_defaults={"num_sanity_val_steps": 0, "enable_model_summary": False},
            parser_class=Parser,
            parser_kwargs={
                "prog": "litclf",
                "allow_abbrev": False,
                given.command: {"allow_abbrev": False},
            },
            save_config_callback=None,
            auto_configure_optimizers=False,
            load_from_checkpoint_support=False,
        )

    @classmethod
    @contextmanager
    def opened(cls, given: Arguments, checkpoint: Checkpoint | None) -> Iterator[CLI]:
        """Model, data and run for the arguments of a command; errors within are told by the flag that caused them.

        Args:
            given: The arguments as they were given.
            checkpoint: The checkpoint they name. It is no setting: nothing in it overrides the user's flags.

        Raises:
            InputError: If something given cannot be used; its ``where`` is the flag or file.
        """
        allow_classes(flag.value or "" for flag in given.named(FLAG))
        if given.named("--help-all"):
            given = replace(given, words=("--help",))
        given = with_config(given.without(FLAG), checkpoint).without("--ckpt_path")
        for flag in given.named("--model"):
            if flag.value == "auto":
                given = given.with_value(flag, "AutoClassifier")
        with quiet_lightning():
            try:
                cli = cls(given)
                try:
                    yield cli
                except InputError as error:
                    raise cli.by_flag(error) from error
            except MisconfigurationException as error:
                reason = " ".join(str(error).split())
                raise InputError("trainer", reason, "change that setting, see litclf fit --help-all") from error

    @property
    def settings(self) -> Any:
        """The settings of the command, with what classes they name built."""
        return self.config_init[self.given.command]

    def plan(self, checkpoint: Checkpoint | None) -> Plan:
        """What the run is to do; its config is that of a new one, also where this one goes on from ``checkpoint``."""
        if self.datamodule is None:
            raise InputError("--data", "is missing", "pass -c PRESET, or --data CirclesDataModule")
        settings, preset, members = self.settings, self.given.value(*CONFIG), self._members(checkpoint)
        return Plan(
            self.model,
            self.datamodule,
            settings.name if settings.name is not None else Path(preset).stem if preset else "run",
            self.subparser.dump(_writable(self.config[self.given.command]), skip_unset=False),
            seed=int(settings.seed_everything),
            trainer_args=dict(settings.trainer.items()),
            threads=settings.threads,
            checkpoint=checkpoint,
            pictures=settings.pictures,
            threshold_rule=settings.threshold_rule,
            save_every=settings.save_every,
            members=members,
            marks=self._marks(members),
        )

    def _members(self, checkpoint: Checkpoint | None) -> Seeds | None:
        """The seeds that a fit asks for; what evaluates has the members that its checkpoint has."""
        settings = self.settings
        if self.given.command == "fit" or checkpoint is None:
            first = settings.seed_everything if settings.members_from is None else settings.members_from
            return Seeds.of(settings.members, int(first), settings.vary)
        count = count_members(checkpoint.content, checkpoint.path)
        return Seeds(**checkpoint.hparams["members"]) if count else None

    def _marks(self, members: Seeds | None) -> dict[str, float]:
        """The marks that were typed; of those that a config names, such that this fit can be held against."""
        marks = read_marks(self.settings.mark or "")
        if self.given.named("--mark"):
            return marks
        spec = DataSpec.of(self.datamodule)
        return {key: value for key, value in marks.items() if members is not None and spec.has(key.partition("/")[0])}

    def by_flag(self, error: InputError) -> InputError:
        """The error with the flag that sets what it is about as its ``where``; files stay what they are."""
        known = [*OWN, "member", "model", "data", "trainer", "ckpt_path", "seed_everything"]
        if error.where.partition(".")[0] in known and error.where not in ("model", "data", "trainer"):
            return InputError(f"--{error.where}", error.what, error.fix)
        arguments = self.config[self.given.command].get(f"{error.part}.init_args") if error.part else None
        if error.where in (arguments or {}):
            return InputError(f"--{error.part}.{error.where}", error.what, error.fix)
        return error

    # What follows is LightningCLI's way to be extended.

    def subcommands(self) -> dict[str, set[str]]:  # type: ignore[override] # Lightning's is static, and asked of self
        """The command that was given alone: a parser for each takes half of the time of a refusal."""
        ours = {"verbose", "weights_only", "return_predictions"}
        return {self.given.command: LightningCLI.subcommands()[self.given.command] | ours}

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Adds what a run has beside model, data and Trainer."""
        self.subparser = parser  # Lightning makes one, of the command
        for name, own in OWN.items():
            parser.add_argument(f"--{name}", type=own.hint, default=default_of(own), help=own.words)
        if self.given.command != "fit":
            parser.add_argument("--member", type=int | None, help=MEMBER_HELP)

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parses the arguments that were given, whatever the process was started with."""
        try:
            self.config = parser.parse_args(args)
        except InputError as error:
            raise refusal(self.given, setting_types()) or error from error
        settings = self.config[self.given.command]
        check_kinds(settings)
        # The checkpoint was found before, also where a config names it.
        settings.ckpt_path = None
        seed = settings.seed_everything
        if isinstance(seed, bool):
            rule = f"must be a number, got {str(seed).lower()}"
            raise InputError("--seed_everything", rule, "pass a seed such as 42")
        if not 0 <= int(seed) < 2**32:
            raise InputError("--seed_everything", f"must be in [0, 2**32), got {seed}", "pass a seed such as 42")

    def instantiate_classes(self) -> None:
        """Builds data and model; the Trainer is left to the run, which chooses its folder first.

        Raises:
            InputError: If a constructor refused an argument.
        """
        builders = [(LightningModule, "model"), (LightningDataModule, "data"), (object, "")]
        instantiators = [(partial(self._build, name), kind, True) for kind, name in builders]
        try:
            # Not by Lightning's own, which calls what jsonargparse has deprecated.
            self.config_init = self.parser.instantiate(self.config, instantiators=instantiators)
        except ValueError as error:
            # jsonargparse makes one error of all that a value might have been.
            if self.refusal is None:  # a null, say, which the parser hands to constructors as it is
                raise refusal(self.given, setting_types()) or self.failure or error from error
            raise self.by_flag(self.refusal) from error
        self.model, self.datamodule = self.settings.get("model"), self.settings.get("data")
        self.trainer = cast(Trainer, Trainer)

    def _build(self, name: str, kind: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        try:
            with part(name):
                return kind(*args, **kwargs)
        except InputError as error:
            self.refusal = error
            raise
        except Exception as error:  # of a callback or logger of others: a package that is missing, a value
            if name:
                raise
            who, reason = getattr(kind, "__name__", str(kind)), f"cannot be made: {' '.join(str(error).split())}"
            self.failure = InputError(who, reason, "mend its arguments, or leave it out")
            if isinstance(error, ModuleNotFoundError) and (package := _PACKAGES.get(who, error.name)):
                rule = f"needs the package {package}, which is not installed"
                self.failure = InputError(who, rule, f"pip install {package}, or leave it out")
            raise

    def fit(self, **_: Any) -> None:
        """What LightningCLI runs by itself: nothing, for it is the commands that know what to print and write."""

    validate = test = predict = fit


def _writable(value: Any) -> Any:
    """Settings with their devices and choices as text: a config holds what it can be read from again."""
    if isinstance(value, Namespace):
        return Namespace({key: _writable(inner) for key, inner in vars(value).items()})  # type: ignore[no-untyped-call]
    if isinstance(value, list):
        return [_writable(inner) for inner in value]
    if isinstance(value, Enum):  # such as that of Timer's interval, which a parser reads by its name
        return value.name
    return str(value) if isinstance(value, torch.device) else value
