"""Trained models: the arguments of commands on one, and the model that they name."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from litclf.cli.arguments import CKPT_HELP, MEMBER_HELP, ToolParser, needs_checkpoint
from litclf.inference.model import LoadedModel, load
from litclf.runs.find import find_tested, run_folder, told_version
from litclf.utilities.errors import InputError
from litclf.utilities.notes import tell

if TYPE_CHECKING:
    from lightning.pytorch import LightningModule


class ModelParser(ToolParser):
    """A parser for a command on a trained model: the checkpoint, a member, the calibration; takes no abbreviations.

    Args:
        command: Name of the command, such as ``predict``.
        description: What it does, in one sentence.

    Example:
        >>> ModelParser("export", "Writes files.").parse_args(["--ckpt_path", "a.ckpt"]).calibration
        True
    """

    def __init__(self, command: str, description: str) -> None:
        super().__init__(command, description)
        self.set_defaults(command=command)
        self.add_argument(
            "--ckpt_path",
            type=Path,
            metavar="CKPT",
            help=CKPT_HELP,
        )
        self.add_argument(
            "--no-calibration",
            dest="calibration",
            action="store_false",
            help="take probabilities and threshold as they were trained, without what was chosen on validation data",
        )
        self.add_argument(
            "--threshold", type=float, help="probability of class 1 above which it is predicted, for two classes"
        )
        self.add_argument("--member", type=int, metavar="N", help=MEMBER_HELP)
        words = "a module of yours that the model's class, which config.yaml names, is of"
        self.add_argument("--allow_classes", action="append", metavar="MODULE", help=words)


def own_module(path: Path, modules: Sequence[str] | None) -> LightningModule | None:
    """A module of the class that the ``config.yaml`` of a run names; None where it is one of litclf's.

    Args:
        path: A checkpoint, a run folder, or the folder of a run's versions.
        modules: Modules of the user's that are trusted; where there are none, nothing is asked.

    Raises:
        InputError: If there is no config, or it names a class that cannot be made of what it says.
    """
    if not modules:
        return None
    import yaml

    from litclf.cli.trust import FLAG, allow_classes, trusted_class  # loads Lightning

    allow_classes(modules)
    config = run_folder(find_tested(path)) / "config.yaml"
    content = yaml.safe_load(config.read_text(encoding="utf-8")) if config.is_file() else None
    model = content.get("model") if isinstance(content, dict) else None
    if not isinstance(model, dict) or "class_path" not in model:
        raise InputError("--ckpt_path", f"no {config} names the class of its model", "pass a run folder")
    kind = trusted_class(model["class_path"], f"{config}: model")
    if kind.__module__.startswith("litclf."):
        return None
    try:
        return cast("LightningModule", kind(**(model.get("init_args") or {})))
    except (TypeError, ValueError) as error:
        rule = f"{model['class_path']} cannot be made as {config} says: {' '.join(str(error).split())}"
        raise InputError(FLAG, rule, "load it in Python: litclf.load(path, module=...)") from error


def load_model(given: argparse.Namespace) -> LoadedModel:
    """The model that the arguments of a :class:`ModelParser` name; what was taken of several members is said.

    Raises:
        InputError: If it cannot be loaded.
    """
    if given.ckpt_path is None:
        raise needs_checkpoint(given.command)
    try:
        own = own_module(given.ckpt_path, given.allow_classes)
        model = load(given.ckpt_path, given.calibration, given.threshold, given.member, own)
    except InputError as error:
        flag = f"--{error.where}" if error.where in ("ckpt_path", "threshold", "member") else error.where
        raise InputError(flag, error.what, error.fix) from error
    if told := told_version(given.ckpt_path, run_folder(model.path)):
        tell(told)
    if given.member is not None:
        seed = model.checkpoint.hparams["members"]["first"] + given.member
        tell(
            f"member {given.member}, of seed {seed}, predicts alone, uncalibrated: temperature and threshold are of all"
        )
    elif model.num_members:
        tell(f"{model.num_members} members predict by their mean probability; --member 0 takes the first alone")
    return model


def file_name(given: argparse.Namespace, name: str, ending: str) -> str:
    """Name of a file that a command writes by itself; that of one member is its own.

    Example:
        >>> given = ModelParser("export", "Writes files.").parse_args(["--member", "3"])
        >>> file_name(given, "model", ".onnx")
        'model-member-3.onnx'
    """
    return f"{name}{ending}" if given.member is None else f"{name}-member-{given.member}{ending}"
