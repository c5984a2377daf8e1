"""Command ``litclf cv``: cross-validates a preset, a config, a table or a folder of images."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from litclf.cli.arguments import Arguments, ToolParser
from litclf.cli.init import draft
from litclf.cli.lightning import CLI
from litclf.cli.metric_tables import member_lines
from litclf.cli.presets import preset_path
from litclf.data.sources.formats import PARQUET, TEXT
from litclf.data.sources.table_file import Told
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.fold_files import parting, read_folds
from litclf.studies.cross_validation import CrossValidated, run_folds
from litclf.studies.sides import Sides
from litclf.utilities.errors import InputError
from litclf.utilities.files import write_text
from litclf.utilities.text import aligned, shell_word
from litclf.visualization.report.fold_charts import curve_words

_OWN = ("folds", "repeats", "groups", "order_by", "final", "learning_curve", "target")

_OF_FOLDS = ("--ckpt_path", "--members", "--members_from", "--vary", "--mark")


def main(args: Sequence[str]) -> int:
    """``litclf cv PRESET_CONFIG_OR_DATA [--folds 5] [--repeats 1] [--final] [SETTINGS]``.

    Args:
        args: The arguments, without the command: the source first, then flags of cv, and settings of ``litclf fit``.

    Returns:
        The exit code, 0.

    Raises:
        InputError: If something given cannot be used; nothing has been written then.
        RunError: If all folds diverge.
        SystemExit: For ``--help``.
    """
    parser = ToolParser("cv", "Cross-validates a model; settings of litclf fit may follow, such as --model.lr 0.01.")
    parser.add_argument("source", metavar="SOURCE", help="a preset, a config, a table, or a folder of images")
    parser.add_argument("--folds", type=int, default=5, help="parts of the rows; default: 5")
    parser.add_argument("--repeats", type=int, default=1, help="how often the rows are parted anew; default: 1")
    parser.add_argument("--groups", metavar="COLUMN", help="column whose rows of one value are on one side")
    parser.add_argument("--order_by", metavar="COLUMN", help="column of times: tested on what follows the training")
    parser.add_argument("--final", action="store_true", help="train a model on all rows afterwards")
    parser.add_argument(
        "--learning_curve", action="store_true", help="train on 10 to 100 %% of the rows: would more help?"
    )
    parser.add_argument("--target", metavar="COLUMN", help="column of the class of a table; default: guessed, and said")
    if args and args[0].startswith("-") and not {"-h", "--help"} & {*args}:
        raise InputError(
            "litclf cv", f"needs its source first, got {args[0]}", "pass it so: litclf cv circles --folds 5"
        )
    own, words = parser.parse_known_args(args)
    given = Arguments("fit", tuple(words))
    given.refuse(_OF_FOLDS, "does nothing where folds are the members")
    with _by_flag(), _config(own.source, own.target, own.groups) as config:
        sides = Sides(own.folds, own.repeats, own.groups, own.order_by)
        with CLI.opened(Arguments("fit", ("-c", str(config), *words)), None) as cli:
            _print_result(run_folds(cli.plan(None), sides, own.final, own.learning_curve), sides)
    return 0


def resume(given: Arguments, checkpoint: Checkpoint) -> int:
    """Goes on with a cross-validation that was stopped, in its own folder, to the same bits."""
    saved = checkpoint.data_hparams
    sides = Sides(**{name: saved[name] for name in ("folds", "repeats", "groups", "order_by")})
    with _by_flag(), CLI.opened(given, checkpoint) as cli:
        plan = replace(cli.plan(None), name=checkpoint.folder.resolve().parent.name.removesuffix("_cv"))
        _print_result(run_folds(plan, sides, saved["final"], saved["learning_curve"], checkpoint), sides)
    return 0


@contextmanager
def _by_flag() -> Iterator[None]:
    """What is refused under an argument of ours is told of its flag."""
    try:
        yield
    except InputError as error:
        if error.where not in _OWN:
            raise
        raise InputError(f"--{error.where}", error.what, error.fix) from error


@contextmanager
def _config(source: str, target: str | None, groups: str | None) -> Iterator[Path]:
    """The config that ``source`` names; of data the one that ``litclf init`` would draft for it."""
    path = Path(source)
    if not path.is_dir() and path.suffix.lower() not in TEXT + PARQUET:
        if target is not None:
            raise InputError("target", f"is for tables, {source} says what it is trained on", "drop it")
        try:
            config = preset_path(source)
        except InputError as error:
            raise InputError(source, "is no preset, config or data", error.fix) from error
        yield config
        return
    if path.is_dir() and target is not None:
        raise InputError("target", "is for tables; the classes of images are their folders", "drop it")
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / f"{path.resolve().stem}.yaml"
        try:
            text, guessed = draft(path, Told(target, drop=[] if groups is None else [groups]), config)
        except InputError as error:
            raise InputError("groups" if error.where == "--drop" else error.where, error.what, error.fix) from error
        write_text(config, text)
        if guessed is not None and target is None:
            print(f"target      {guessed} (guessed; --target COLUMN takes another)")
        yield config


def _print_result(found: CrossValidated, sides: Sides) -> None:
    """Intervals of the metrics, the table of classes, and where everything lies."""
    told, held = found.run.metrics["members"], found.out_of_fold
    print(f"\nrows        {len(held.targets)} in {parting(vars(sides))}")
    print(*member_lines(told, {}), sep="\n")
    print("intervals   Nadeau and Bengio's, which allow for training sets that overlap")
    table = held.classes().round(4).astype(str)
    print("", *aligned([list(table.columns), *table.to_numpy().tolist()]), "", sep="\n")
    print(f"fit         {found.run.metrics['fit_seconds']:.2f} s, engine {found.run.metrics['engine']}")
    if found.run.folder is not None:
        files = read_folds(found.run.folder, found.run.metrics["folds"])
        if files is not None and files.tables["learning_curve"]:
            print(f"more data   {curve_words(files.tables['learning_curve'])}")
        print(f"run folder  {found.run.folder}")
        if (found.run.folder / "report.html").is_file():
            print(f"report      {found.run.folder / 'report.html'}")
    if found.final is not None and found.final.folder is not None:
        print(f"final model {found.final.folder}, on all rows")
        kind = (found.final.model.hparams.get("preparation") or {}).get("kind")
        print(
            f"predict     litclf predict --ckpt_path {shell_word(found.final.folder)} "
            f"--input {'FOLDER' if kind == 'image' else 'ROWS.csv'}"
        )
