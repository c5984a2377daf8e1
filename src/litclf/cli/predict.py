"""Command ``litclf predict``: a trained model over its test split, a file of rows, images, or one point."""

from __future__ import annotations

import warnings
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from litclf.cli.arguments import Arguments, data_changes
from litclf.cli.configs import CONFIG, config_file, read_config
from litclf.cli.trained import ModelParser, file_name, load_model
from litclf.inference.answer import answer_image, answer_point, is_one_image
from litclf.inference.model import LoadedModel
from litclf.inference.predict import predict_file, predict_split
from litclf.preprocessing.table import UnseenCategoryWarning
from litclf.runs.find import run_folder
from litclf.utilities.checks import whole
from litclf.utilities.errors import InputError
from litclf.utilities.threads import using_threads

_NOTHING = (
    *("--model", "--trainer", "--name", "--pictures", "--threshold_rule", "--save_every", "--seed_everything"),
    "--print_config",
)
"""Flags of the other commands that run a checkpoint, of which nothing follows here."""


def main(args: list[str]) -> int:
    """Predicts the test split of the checkpoint's data, or what ``--input`` or ``--point`` names.

    Args:
        args: The arguments, without the command's name.

    Returns:
        The exit code, 0.

    Raises:
        InputError: If something given cannot be used; nothing has been written then.
        SystemExit: For ``--help``.
    """
    Arguments("predict", tuple(args)).refuse(
        _NOTHING, "does nothing for predict, which takes the model as it was saved"
    )
    given, rest = _parser().parse_known_args(args)
    if given.input is not None and given.point is not None:
        raise InputError("--point", "and --input exclude each other", "pass one of them")
    if given.point is not None and given.output is not None:
        raise InputError("--output", "does nothing with --point, which answers on the terminal", "drop it")
    if given.threads is not None:
        whole("--threads", given.threads, 1, 2**16, example=1)
    changes, data = _changes(Arguments("predict", tuple(rest)))
    model = load_model(given)
    with warnings.catch_warnings():
        warnings.simplefilter("always", UnseenCategoryWarning)
        if given.point is not None:
            answer_point(model, given.point, changes)
        elif given.output is None and is_one_image(model, given.input):
            answer_image(model, given.input)
        else:
            with using_threads(given.threads or model.threads):
                _write(model, given, changes, data)
    return 0


def _parser() -> ModelParser:
    parser = ModelParser("predict", "Predicts classes, with the probability of each: of the test split, or of INPUT.")
    parser.add_argument("--input", type=Path, metavar="PATH", help="a CSV, TSV or Parquet file, an image, or a folder")
    parser.add_argument("--encoding", metavar="NAME", help="encoding of a text file; default: told by its content")
    parser.add_argument("--output", type=Path, metavar="FILE", help="a .csv or .parquet file; default: predictions.csv")
    parser.add_argument("--point", metavar="VALUES", help="one row on the terminal: --point=-1,1 or --point x1=-1,x2=1")
    parser.add_argument("--threads", type=int, help="threads of PyTorch; default: by the size of the work")
    parser.epilog = "--data.NAME VALUE changes where the data of the checkpoint lies."
    return parser


def _changes(given: Arguments) -> tuple[dict[str, Any], str | None]:
    """Arguments of the data that are to be others, by a config or by flags; and the class of data that is named."""
    changes: dict[str, Any] = {}
    named = given.value("--data")
    for flag in given.named(*CONFIG):
        data = read_config(config_file(flag)).get("data")
        if isinstance(data, Mapping):
            named = str(data.get("class_path", named))
            changes |= data.get("init_args") or {}
        elif data is not None:
            named = str(data)
    return changes | data_changes(given.without(*CONFIG, "--data").words), named


def _write(model: LoadedModel, given: Namespace, changes: dict[str, Any], data: str | None) -> None:
    # Arrow reads as many blocks ahead as it has threads, and each keeps memory of its own.
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    output = given.output or run_folder(model.path) / file_name(given, "predictions", ".csv")
    if given.input is not None:
        told = predict_file(model, given.input, output, given.encoding)
    else:
        told = predict_split(model, output, changes, data)
    if told.num_known:
        print(f"accuracy    {told.accuracy}")
    print(f"written     {output}  ({told.num_rows} rows)")
