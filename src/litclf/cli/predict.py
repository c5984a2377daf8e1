"""The command ``litclf predict`` on inputs of one's own: a file of rows, images, or one point."""

from __future__ import annotations

import sys
import warnings
from argparse import Namespace
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch

from litclf.cli.arguments import ModelParser, data_changes, load_model
from litclf.inference.model import LoadedModel
from litclf.inference.predict import answer_point, predict_file
from litclf.preprocessing.table import UnseenCategoryWarning
from litclf.runs.find import run_folder
from litclf.utilities.errors import InputError


def main(args: list[str]) -> int:
    """Predicts what ``--input`` or ``--point`` names, by the model at ``--ckpt_path``.

    Args:
        args: The arguments, without the command's name.

    Returns:
        The exit code, 0.

    Raises:
        InputError: If something given cannot be used; nothing has been written then.
        SystemExit: For ``--help``.
    """
    parser = ModelParser("predict", "Predicts classes, with the probability of each.")
    parser.add_argument("--input", type=Path, metavar="PATH", help="a CSV, TSV or Parquet file, an image, or a folder")
    parser.add_argument("--output", type=Path, metavar="FILE", help="a .csv or .parquet file; default: predictions.csv")
    parser.add_argument("--point", metavar="VALUES", help="one row on the terminal: --point=-1,1 or --point x1=-1,x2=1")
    given, rest = parser.parse_known_args(args)
    changes = data_changes(rest)
    if (given.input is None) == (given.point is None):
        parser.error("needs either --input or --point")
    model = load_model(given)
    with warnings.catch_warnings():
        warnings.simplefilter("always", UnseenCategoryWarning)
        warnings.showwarning = lambda message, *_: print(f"note        {message}", file=sys.stderr)
        return _run(model, given, changes)


def _run(model: LoadedModel, given: Namespace, changes: dict[str, Any]) -> int:
    if given.point is not None:
        if given.output is not None:
            raise InputError("--output", "does nothing with --point, which answers on the terminal", "drop it")
        answer_point(model, given.point, changes)
        return 0
    torch.set_num_threads(model.threads)
    # Arrow reads as many blocks ahead as it has threads, and each keeps memory of its own.
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    output = given.output or run_folder(model.path) / "predictions.csv"
    num_rows = predict_file(model, given.input, output)
    print(f"written     {output}  ({num_rows} rows)")
    return 0
