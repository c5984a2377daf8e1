"""Findings: what a look at data finds, the managers that find it, and how it is shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from litclf.utilities.files import write_json
from litclf.utilities.notes import told
from litclf.utilities.text import aligned, listed

NOTES = {"missing"}
"""Kinds of findings that training deals with by itself, so that a fit does not mention them."""

_PLURALS = {"is": "are", "has": "have", "holds": "hold", "lies": "lie", "shows": "show", "does": "do"}

_SHOWN = 3
"""Names that a line shows before it only counts them, and findings that a fit begins with."""

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
        return f"{listed(self.where, _SHOWN)} {self.message}"


Look = TypeVar("Look", contravariant=True)


class Manager(Protocol[Look]):
    """One kind of findings, or a few that are closely related: a module of ``kinds/``."""

    @property
    def KINDS(self) -> tuple[str, ...]:  # noqa: N802
        """The kinds of what it finds."""

    def find(self, look: Look, /) -> list[Finding]:
        """What is wrong with what it looks at."""


def found_by(managers: Iterable[Manager[Look]], look: Look) -> list[Finding]:
    """What all ``managers`` find, in their order."""
    return [finding for manager in managers for finding in manager.find(look)]


def verb(where: Sequence[str], one: str, several: str) -> str:
    """The form for as many as there are."""
    return one if len(where) == 1 else several


def grouped(problems: Iterable[tuple[str, str, str]]) -> list[Finding]:
    """A finding for each kind and rule, with all files it holds for.

    Example:
        >>> print(*grouped([("odd", "a.png", "is odd"), ("odd", "b.png", "is odd")]))
        a.png, b.png are odd
    """
    where: dict[tuple[str, str], list[str]] = defaultdict(list)
    for kind, path, rule in problems:
        where[kind, rule].append(path)
    return [Finding(kind, paths, rule if len(paths) == 1 else _plural(rule)) for (kind, rule), paths in where.items()]


def _plural(rule: str) -> str:
    first, space, rest = rule.partition(" ")
    return _PLURALS.get(first, first) + space + rest


@dataclass
class Report:
    """What a look at the data found.

    Attributes:
        summary: Plain numbers and strings that describe the data: rows, classes, columns, ...
        findings: What a person should know, the weightiest first.
        notes: How the data was understood, where that is not plain.
    """

    summary: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """What is wrong, in a few lines for the start of a fit; none where nothing is.

        Example:
            >>> Report(findings=[Finding("leak", ["column id"], "gives the class away")]).lines()
            ['data: column id gives the class away']
        """
        wrong = [finding for finding in self.findings if finding.kind not in NOTES]
        lines = [f"data: {finding}" for finding in wrong[:_SHOWN]]
        if len(wrong) > _SHOWN:
            lines[-1] += f"; {len(wrong) - _SHOWN} more, see `litclf check-data`"
        return lines

    def text(self) -> str:
        """The report as tables for a terminal."""
        lines = []
        for name, value in self.summary.items():
            if isinstance(value, dict):
                value = listed([f"{' '.join(key.split())} {number}" for key, number in value.items()])
            if not isinstance(value, list):
                lines.append(f"{name:11} {value}")
        if columns := self.summary.get("columns"):
            rows = [[_cell(value) for value in column.values()] for column in columns[:_ROWS]]
            lines += ["", *aligned([list(columns[0]), *rows])]
            if len(columns) > _ROWS:
                lines.append(f"... and {len(columns) - _ROWS} more columns")
        lines += ["", *map(told, self.notes), *(f"{finding.kind:11} {finding}" for finding in self.findings)]
        return "\n".join(lines if self.findings else [*lines, "nothing found that is wrong"])

    def write(self, path: Path) -> None:
        """Writes the report as JSON, whole or not at all."""
        write_json(path, asdict(self))


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
