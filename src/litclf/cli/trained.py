"""Trained models: the arguments of commands on one, and the model that they name."""

from __future__ import annotations

import argparse
from pathlib import Path

from litclf.cli.arguments import CKPT_HELP, MEMBER_HELP, ToolParser, needs_checkpoint
from litclf.inference.model import LoadedModel, load
from litclf.runs.find import run_folder, told_version
from litclf.utilities.errors import InputError
from litclf.utilities.notes import tell


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


def load_model(given: argparse.Namespace) -> LoadedModel:
    """The model that the arguments of a :class:`ModelParser` name; what was taken of several members is said.

    Raises:
        InputError: If it cannot be loaded.
    """
    if given.ckpt_path is None:
        raise needs_checkpoint(given.command)
    try:
        model = load(given.ckpt_path, given.calibration, given.threshold, given.member)
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
