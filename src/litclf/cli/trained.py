"""Trained models: the arguments of commands on one, and the model that they name."""

from __future__ import annotations

import argparse
from pathlib import Path

from litclf.cli.arguments import ToolParser, needs_checkpoint
from litclf.inference.model import LoadedModel, load
from litclf.utilities.errors import InputError


class ModelParser(ToolParser):
    """A parser for a command on a trained model, with the checkpoint and how it is calibrated; takes no abbreviations.

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
            help="a checkpoint, a run folder, or the folder of a run's versions, of which the latest is taken",
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


def load_model(given: argparse.Namespace) -> LoadedModel:
    """The model that the arguments of a :class:`ModelParser` name.

    Raises:
        InputError: If it cannot be loaded.
    """
    if given.ckpt_path is None:
        raise needs_checkpoint(given.command)
    try:
        return load(given.ckpt_path, given.calibration, given.threshold)
    except InputError as error:
        flag = f"--{error.where}" if error.where in ("ckpt_path", "threshold") else error.where
        raise InputError(flag, error.what, error.fix) from error
