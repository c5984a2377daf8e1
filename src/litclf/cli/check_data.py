"""Command ``litclf check-data``: a look at data before training."""

from __future__ import annotations

import importlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from litclf.cli.arguments import Arguments
from litclf.cli.configs import CONFIG, config_file, read_config
from litclf.cli.texts import names_in
from litclf.data.audit.findings import Report
from litclf.data.registry import DATAMODULES
from litclf.data.sources.table_file import NAME_FLAGS
from litclf.utilities.errors import InputError
from litclf.utilities.notes import of_tool, refusals_of_tool

if TYPE_CHECKING:
    from jsonargparse import Namespace
    from lightning.pytorch.cli import LightningArgumentParser


def main(args: Sequence[str]) -> int:
    """Runs ``litclf check-data``: reports on a file, a folder or a DataModule, and writes the report as JSON.

    Args:
        args: ``FILE|FOLDER [--target COLUMN] [--drop COLUMNS] ...``, or ``--data CLASS --data.NAME VALUE ...`` or
            ``-c CONFIG`` as for ``litclf fit``; and ``--output FILE``.

    Returns:
        The exit code, 0, also where something was found.

    Raises:
        InputError: If something given cannot be used; nothing has been written then.
        SystemExit: For ``--help``.
    """
    given = _parsed(Arguments("check-data", tuple(args)))
    if (not given.source) == (given.data is None):
        raise InputError(
            "check-data", "needs either a file or folder, or data", "litclf check-data flowers.csv, or --data CLASS"
        )
    for flag in ("target", *NAME_FLAGS, "encoding"):
        value = given[flag]
        if value is not None and (given.source is None or Path(given.source).is_dir()):
            raise InputError(f"--{flag}", "is for a table file", f"drop it, or pass --data.{flag}")
    settings = given.data.as_dict() if given.data is not None else {}
    if given.source is not None:
        settings = {flag: names_in(given[flag] or "[]", f"--{flag}") for flag in NAME_FLAGS}
        settings["encoding"] = given.encoding
    report = _report(given.source, given.target, settings)
    print(report.text())
    report.write(Path(given.output))
    print(f"\nwritten     {given.output}")
    return 0


def with_data(given: Arguments) -> Arguments:
    """The arguments, with ``-c PRESET_OR_FILE`` replaced by the data of that config.

    Example:
        >>> with_data(Arguments("check-data", ("-c", "blobs"))).words
        ('--data={"class_path": "BlobsDataModule", "init_args": ...',)
    """
    for flag in reversed(given.named(*CONFIG)):  # the last first, so that the places of the others stay
        content = read_config(file := config_file(flag))
        if "data" not in content:
            raise InputError(flag.name, f"{file} has no data", "pass the config of a fit")
        named = content["data"]
        data = f"--data={named if isinstance(named, str) else json.dumps(named, ensure_ascii=False)}"
        given = Arguments(given.command, (*given.words[: flag.place], data, *given.words[flag.end :]))
    return given


def _parsed(given: Arguments) -> Namespace:
    """What was given, with the DataModule as its class and arguments."""
    from litclf.cli.diagnosis import find_wrong, setting
    from litclf.cli.parser import words_for
    from litclf.cli.suggestions import HELP
    from litclf.cli.trust import FLAG, allow_classes, check_kinds

    allow_classes(flag.value or "" for flag in given.named(FLAG))
    given = with_data(given.without(FLAG))
    parser, kind = _parser()
    try:
        parsed: Namespace = parser.parse_args(words_for(given))
    except InputError as error:
        settings = [setting(flag.name.removeprefix("--"), flag.value) for flag in given.flags]
        own = dict.fromkeys(("target", *NAME_FLAGS, "encoding"), str | None)
        wrong = find_wrong(settings, own | {"output": str, "data": kind}) or error
        where = "check-data" if wrong is error else wrong.where
        way_out = f"see {parser.prog} --help" if wrong.fix.startswith(HELP) else wrong.fix
        raise InputError(where, wrong.what, way_out) from error
    check_kinds(parsed)
    return parsed


def _parser() -> tuple[LightningArgumentParser, type]:
    """The parser, and the base class of what ``--data`` may name."""
    from lightning.pytorch import LightningDataModule

    from litclf.cli.parser import Parser

    DATAMODULES.load_all()  # short names are found among the classes that are loaded
    parser = Parser(prog="litclf check-data", description="Looks at data before training.", allow_abbrev=False)
    parser.add_argument("source", nargs="?", help="a CSV, TSV or Parquet file, or a folder of images")
    parser.add_argument("--target", type=str, default=None, help="column of the class; default: guessed, and said")
    for flag, help in NAME_FLAGS.items():
        parser.add_argument(f"--{flag}", type=str, default=None, help=help)
    parser.add_argument("--encoding", type=str | None, help="encoding of a text file; default: told by its content")
    parser.add_argument("--output", type=str, default="data_report.json", help="file of the report")
    parser.add_subclass_arguments(LightningDataModule, "data", required=False)
    return parser, LightningDataModule


def _report(source: str | None, target: str | None, settings: dict[str, Any]) -> Report:
    from litclf.data.audit.images import check_images
    from litclf.data.audit.loaded import check_loaded
    from litclf.data.audit.table import check_table

    if source is not None:
        if Path(source).is_dir():
            return check_images(source)
        with refusals_of_tool():
            report = check_table(source, target, settings)
        report.notes = list(map(of_tool, report.notes))
        report.findings = [replace(found, message=of_tool(found.message)) for found in report.findings]
        return report
    module, _, name = settings["class_path"].rpartition(".")
    kind, arguments = getattr(importlib.import_module(module), name), settings.get("init_args", {})
    if name == "TableDataModule" and arguments.get("path") is not None:
        return check_table(arguments.pop("path"), arguments.pop("target"), arguments)
    if name == "ImagesDataModule":
        return check_images(arguments["path"], *(arguments[key] for key in ("val_size", "test_size", "seed", "white")))
    return check_loaded(kind(**arguments))
