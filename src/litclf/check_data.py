"""A look at data before training: what a report holds, and the command ``litclf check-data``."""

from __future__ import annotations

import importlib
import json
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from litclf.checks import InputError
from litclf.files import replacing

if TYPE_CHECKING:
    from lightning.pytorch import LightningDataModule
    from lightning.pytorch.cli import LightningArgumentParser

NOTES = {"missing"}
"""Kinds of findings that training deals with by itself, so that a fit does not mention them."""

_SHOWN = 3
"""Names that a line shows before it only counts them."""

_ROWS = 40
"""Columns that are described on a terminal; the file holds all."""


@dataclass(frozen=True)
class Finding:
    """Something about the data that a person should know before training.

    Attributes:
        kind: One word, the same for all findings of the kind: ``missing``, ``constant``, ``leak``, ...
        where: The columns, rows or files it is about, all of them.
        message: What is the matter with them, as the rest of a sentence that begins with their names.

    Example:
        >>> print(Finding("constant", ["column a", "column b", "column c", "column d"], "hold one value only"))
        column a, column b, column c and 1 more hold one value only
    """

    kind: str
    where: list[str]
    message: str

    def __str__(self) -> str:
        more = len(self.where) - _SHOWN
        names = ", ".join(self.where[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
        return f"{names} {self.message}"


@dataclass
class Report:
    """What a look at the data found.

    Attributes:
        summary: Plain numbers and strings that describe the data: rows, classes, columns, ...
        findings: What a person should know, the weightiest first.
    """

    summary: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def one_line(self) -> str | None:
        """What is wrong, in one line for the start of a fit; None where nothing is.

        Example:
            >>> Report(findings=[Finding("leak", ["column id"], "gives the class away")]).one_line()
            'data: column id gives the class away'
        """
        wrong = [finding for finding in self.findings if finding.kind not in NOTES]
        if not wrong:
            return None
        more = f"; {len(wrong) - 1} more, see `litclf check-data`" if len(wrong) > 1 else ""
        return f"data: {wrong[0]}{more}"

    def text(self) -> str:
        """The report as tables for a terminal."""
        lines = []
        for name, value in self.summary.items():
            if isinstance(value, dict):
                value = ", ".join(f"{key} {number}" for key, number in value.items())
            if not isinstance(value, list):
                lines.append(f"{name:11} {value}")
        if columns := self.summary.get("columns"):
            lines += ["", *_table(columns[:_ROWS])]
            if len(columns) > _ROWS:
                lines.append(f"... and {len(columns) - _ROWS} more columns")
        lines += ["", *(f"{finding.kind:11} {finding}" for finding in self.findings)]
        return "\n".join(lines if self.findings else [*lines, "nothing found that is wrong"])

    def write(self, path: Path) -> None:
        """Writes the report as JSON, whole or not at all."""
        with replacing(path) as beside:
            beside.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def check_loaded(data: LightningDataModule) -> Report:
    """A look at the splits that a DataModule holds in memory, quick enough for the start of a fit.

    Data that is not litclf's, or has no classes, gives an empty report.
    """
    from litclf.data.images import ImagesDataModule

    if isinstance(data, ImagesDataModule):
        from litclf import check_images

        return check_images.check_loaded(data)
    from litclf.data.base import ClassificationDataModule

    if isinstance(data, ClassificationDataModule):
        from litclf.check_table import check_splits

        return check_splits(data)
    return Report()


def main(args: Sequence[str]) -> int:
    """Runs ``litclf check-data``: reports on a file, a folder or a DataModule, and writes the report as JSON.

    Args:
        args: ``FILE|FOLDER [--target COLUMN]``, or ``--data CLASS --data.NAME VALUE ...`` or ``-c CONFIG`` as for
            ``litclf fit``; and ``--output FILE``.

    Returns:
        The exit code, 0, also where something was found.

    Raises:
        InputError: If something given cannot be used; nothing has been written then.
        SystemExit: For ``--help``.
    """
    parser = _parser()
    given = parser.parse_args(with_data(list(args)))
    if (given.source is None) == (given.data is None):
        raise InputError("check-data", "needs either a file or folder, or data", "pass FILE, or --data CLASS")
    if given.target is not None and (given.source is None or Path(given.source).is_dir()):
        raise InputError("--target", "is for a table file", "drop it, or pass --data.target")
    settings = given.data.as_dict() if given.data is not None else {}
    report = _report(given.source, given.target, settings)
    print(report.text())
    report.write(Path(given.output))
    print(f"\nwritten     {given.output}")
    return 0


def with_data(args: list[str]) -> list[str]:
    """The arguments, with ``-c PRESET_OR_FILE`` replaced by the data of that config.

    Example:
        >>> with_data(["-c", "blobs"])
        ['--data={"class_path": "BlobsDataModule", "init_args": ...']
    """
    from litclf.parser import with_config

    (_, *args), _ = with_config(["check-data", *args])
    for place, arg in enumerate(args):
        flag, equals, value = arg.partition("=")
        if flag in ("-c", "--config"):
            file = Path(value if equals else args[place + 1])
            config = yaml.safe_load(file.read_text(encoding="utf-8"))
            if "data" not in config:
                raise InputError(flag, f"{file} has no data", "pass the config of a fit")
            data = f"--data={json.dumps(config['data'], ensure_ascii=False)}"
            return [*args[:place], data, *args[place + 1 + (not equals) :]]
    return args


def _parser() -> LightningArgumentParser:
    from lightning.pytorch import LightningDataModule

    import litclf
    from litclf.parser import Parser

    for name in litclf.__all__:
        getattr(litclf, name)  # short names are found among the classes that are loaded
    parser = Parser(prog="litclf check-data", description="Looks at data before training.", allow_abbrev=False)
    parser.add_argument("source", nargs="?", help="a CSV, TSV or Parquet file, or a folder of images")
    parser.add_argument("--target", type=str | None, help="column of the class; default: guessed, and said")
    parser.add_argument("--output", type=str, default="data_report.json", help="file of the report")
    parser.add_subclass_arguments(LightningDataModule, "data", required=False)
    return parser


def _report(source: str | None, target: str | None, settings: dict[str, Any]) -> Report:
    from litclf.check_images import check_images
    from litclf.check_table import check_table

    if source is not None:
        return check_images(source) if Path(source).is_dir() else check_table(source, target)
    module, _, name = settings["class_path"].rpartition(".")
    kind, arguments = getattr(importlib.import_module(module), name), settings.get("init_args", {})
    if name == "TableDataModule" and arguments.get("path") is not None:
        return check_table(arguments.pop("path"), arguments.pop("target"), arguments)
    return check_loaded(kind(**arguments))


def _table(rows: list[dict[str, Any]]) -> list[str]:
    """Rows of the same keys, with a header, the first column to the left and the others to the right."""
    cells = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(_width(row[place]) for row in cells) for place in range(len(rows[0]))]
    lines = []
    for first, *others in cells:
        right = (f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True))
        lines.append("  ".join([first + " " * (widths[0] - _width(first)), *right]))
    return lines


def _width(text: str) -> int:
    """Places on a terminal: Korean, Chinese and Japanese letters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
