"""Command ``litclf test``: the metrics of a checkpoint on the test split, or on new labelled data."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from litclf.cli.arguments import Arguments
from litclf.cli.evaluate import evaluate
from litclf.cli.trained import ModelParser, file_name, load_model
from litclf.utilities.terminal import say
from litclf.utilities.text import aligned

if TYPE_CHECKING:  # loads pandas
    from litclf.inference.score import Score


def main(args: list[str]) -> int:
    """``litclf test --ckpt_path CKPT``: see :func:`litclf.cli.evaluate.evaluate`; of ``--input`` :func:`score_new`."""
    if Arguments("test", tuple(args)).named("--input"):
        return score_new(args)
    return evaluate("test", args)


def score_new(args: list[str]) -> int:
    """Scores a trained model on new labelled data, prints its metrics with intervals, and leaves a page.

    Args:
        args: The arguments: ``--ckpt_path CKPT --input FILE_OR_FOLDER``, and how the data is to be read.

    Returns:
        The exit code, 0.

    Raises:
        InputError: If something given cannot be used.
        SystemExit: For ``--help``.
    """
    given = parser().parse_args(args)
    model = load_model(given)
    from litclf.inference.score import score  # loads scikit-learn and pandas
    from litclf.preprocessing.table import UnseenCategoryWarning
    from litclf.utilities.threads import using_threads

    folder = given.output or model.checkpoint.folder / file_name(given, f"test-{given.input.stem}", "")
    with warnings.catch_warnings(), using_threads(model.threads):
        warnings.simplefilter("always", UnseenCategoryWarning)
        found = score(model, given.input, folder, given.target, given.encoding)
    print(*_table(found), "", sep="\n")
    say("predictions", str(folder / "predictions.csv"))
    say("report", str(folder / "report.html"))
    return 0


def parser() -> ModelParser:
    """The arguments that new labelled data takes."""
    own = ModelParser("test", "Scores a trained model on new labelled data, and leaves a page beside its run.")
    own.add_argument(
        "--input",
        type=Path,
        metavar="PATH",
        help="a CSV, TSV or Parquet file, or a folder with a folder for each class",
    )
    own.add_argument("--target", metavar="COLUMN", help="the column of the classes; default: that of the training")
    own.add_argument("--encoding", metavar="NAME", help="encoding of a text file; default: told by its content")
    own.add_argument("--output", type=Path, metavar="FOLDER", help="where to leave the page; default: RUN/test-INPUT")
    return own


def _table(found: Score) -> list[str]:
    """The metrics with their intervals, accuracy first."""
    rows = [["", f"{found.num_samples} samples", "95 % interval"]]
    for key in sorted(found.metrics, key=lambda key: key != "test/accuracy"):
        low, high = found.intervals.get(key, (None, None))
        interval = "" if low is None else f"{low:.4f} to {high:.4f}"
        rows.append([key.partition("/")[2].replace("_", " "), f"{found.metrics[key]:.4f}", interval])
    return aligned(rows)
