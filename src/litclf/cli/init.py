"""Command ``litclf init``: a commented config for the data at hand."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from litclf.cli.arguments import ToolParser
from litclf.cli.drafts.images import draft_images
from litclf.cli.drafts.table import draft_table
from litclf.cli.texts import names_in
from litclf.data.sources.table_file import NAME_FLAGS, Told
from litclf.utilities.errors import InputError
from litclf.utilities.files import replacing
from litclf.utilities.text import shell_word


def main(args: Sequence[str]) -> int:
    """Runs ``litclf init DATA [--target COLUMN] [--drop COLUMNS] [--output FILE]``; never overwrites a file.

    Args:
        args: The arguments: ``DATA`` is a CSV, TSV or Parquet file, or a folder of images.

    Returns:
        The exit code, 0.

    Raises:
        InputError: If the data cannot be used, or the file to write exists; nothing has been written then.
        SystemExit: For ``--help``.
    """
    parser = ToolParser("init", "Writes a commented config for your data.")
    parser.add_argument("source", metavar="DATA", type=Path, help="a CSV, TSV or Parquet file, or a folder of images")
    parser.add_argument("--target", metavar="COLUMN", help="column of the class; default: guessed, and said")
    for flag, help in NAME_FLAGS.items():
        parser.add_argument(f"--{flag}", metavar="NAMES", action="append", default=[], help=help)
    parser.add_argument("--encoding", metavar="NAME", help="encoding of a text file; default: told by its content")
    parser.add_argument("--white", metavar="VALUE", type=float, help="white of images of 16 bits; default: 65535")
    parser.add_argument("--output", metavar="FILE", type=Path, help="file to write; default: the data's name, .yaml")
    given = parser.parse_args(args)
    told = _told(given)
    output = given.output or Path(f"{given.source.resolve().stem}.yaml")
    if output.exists():
        raise InputError("--output", f"{output} exists, and is not overwritten", "pass another name, or remove it")
    if output.suffix not in (".yaml", ".yml"):
        raise InputError("--output", f"must end in .yaml, got {output}", "pass a name such as my-data.yaml")
    if given.source.is_dir():
        for flag in ("target", *NAME_FLAGS, "encoding"):
            if getattr(given, flag):
                raise InputError(f"--{flag}", "is for tables; the classes of images are their folders", "drop it")
    elif given.white is not None:
        raise InputError("--white", "is for folders of images", "drop it")
    with replacing(output) as beside:
        text, target = draft(given.source, told, output, given.white)
        beside.write_text(text, encoding="utf-8")
    if target is not None and given.target is None:
        print(f"target      {target} (guessed; --target COLUMN takes another)")
    print(f"written     {output}")
    print(f"train       litclf fit -c {shell_word(output)}")
    return 0


def draft(source: Path, told: Told, output: Path, white: float | None = None) -> tuple[str, str | None]:
    """A config for the data at ``source``, and the target of a table.

    Args:
        source: A table file, or a folder of images.
        told: What is said of a table.
        output: The file that the config is for.
        white: White of images of 16 bits.

    Raises:
        InputError: If the data cannot be used.
    """
    with _told_as_given(source):
        return (draft_images(source, output, white), None) if source.is_dir() else draft_table(source, told, output)


@contextmanager
def _told_as_given(source: Path) -> Iterator[None]:
    """What the data refuses under its own arguments is told of the file, or of the flags of this command."""
    try:
        yield
    except InputError as error:
        where = str(source) if error.where in ("path", "input") else error.where
        where = f"--{where}" if where in ("target", *NAME_FLAGS, "encoding", "white") else where
        what = error.what.removeprefix(f"{source} ") if error.where == "path" else error.what
        raise InputError(where, what, error.fix.replace("--data.", "--")) from error


def _told(given: Namespace) -> Told:
    drop, categorical, missing = (
        [name for text in getattr(given, flag) for name in names_in(text, f"--{flag}")] for flag in NAME_FLAGS
    )
    return Told(given.target, drop=drop, categorical=categorical, missing=missing, encoding=given.encoding)
