"""The command ``litclf init``: a commented config for the data at hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from litclf.checks import InputError
from litclf.commands import ToolParser
from litclf.draft.images import draft_images
from litclf.draft.table import draft_table
from litclf.files import replacing


def main(args: Sequence[str]) -> int:
    """Runs ``litclf init DATA [--target COLUMN] [--output FILE]``; never overwrites a file.

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
    parser.add_argument("--output", metavar="FILE", type=Path, help="file to write; default: the data's name, .yaml")
    given = parser.parse_args(args)
    output = given.output or Path(f"{given.source.resolve().stem}.yaml")
    if output.exists():
        raise InputError("--output", f"{output} exists, and is not overwritten", "pass another name, or remove it")
    if output.suffix not in (".yaml", ".yml"):
        raise InputError("--output", f"must end in .yaml, got {output}", "pass a name such as my-data.yaml")
    if given.source.is_dir():
        if given.target is not None:
            raise InputError("--target", "is for tables; the classes of images are their folders", "drop it")
        text = draft_images(given.source)
    else:
        text, target = draft_table(given.source, given.target, output)
        if given.target is None:
            print(f"target      {target} (guessed; --target COLUMN takes another)")
    with replacing(output) as beside:
        beside.write_text(text, encoding="utf-8")
    print(f"written     {output}")
    print(f"train       litclf fit -c {output}")
    return 0
