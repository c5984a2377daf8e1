"""Dialect of a text table: what parts its values, which line is the header, and what stands above it."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

DELIMITERS = "\t;|,"
"""What may part the values of a line; the first of two that do equally well is taken."""

_RARE = "\x01\x1f^~"
"""What parts them where none of the usual ones does."""

NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)(e[-+]?\d+)?", re.IGNORECASE)
"""A number, with a decimal point or a decimal comma."""

MISSING = ("", "#N/A", "<NA>", "N/A", "n/a", "NA", "NULL", "null", "NaN", "nan", "-NaN", "-nan", "None")
"""What stands for a missing value, as in pandas."""

SAMPLED_ROWS = 200
"""Rows by which the dialect is told."""

_SEPARATOR = re.compile(r'"?sep=([^"\s]|\t)"?[\t,;| ]*', re.IGNORECASE)
"""The line by which Excel is told the delimiter."""

_RULE = re.compile(r"(?=.*[-=]{2})[|+\s]*:?[-=]+:?([|+\s]+:?[-=]+:?)+[|+\s]*")
"""A line that is drawn below or above a header, as in Markdown and what databases print."""

_SPACES = re.compile(r'("(?:[^"]|"")*")| +')
"""Spaces of any number part values, but for those within quotes."""

_ABOVE = 30
"""Most lines that may stand above the header."""


@dataclass(frozen=True)
class Dialect:
    """How the values of a text table are written down.

    Attributes:
        delimiter: What parts the values.
        header: The name of each value of a row, empty for one that the header leaves out.
        header_lines: Lines of the file down to the header.
        squeezed: Whether several spaces part values as one does.
        notes: What a user should know of how the table was read.
    """

    delimiter: str
    header: list[str]
    header_lines: int
    squeezed: bool = False
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The columns; ``Unnamed: 3`` is the fourth where the header leaves it empty, as pandas has it."""
        names = {*self.header}
        return [
            name or f"Unnamed: {place}{'.1' * (f'Unnamed: {place}' in names)}" for place, name in enumerate(self.header)
        ]


class DialectError(ValueError):
    """No line of a table is its header; ``args`` are the rule that is broken and the way out."""


@dataclass(frozen=True)
class _Row:
    values: list[str]
    line: int
    """The last line of the file that it stands on."""

    @property
    def filled(self) -> list[str]:
        """The values without empty ones at the end."""
        return self.values[: max((place + 1 for place, value in enumerate(self.values) if value), default=0)]


def find_dialect(lines: Sequence[str]) -> Dialect:
    r"""The dialect of a table, by its first lines.

    Args:
        lines: The first lines of the file, whole.

    Raises:
        DialectError: If none of them can be the header of those below.

    Example:
        >>> dialect = find_dialect(["sep=;\n", "size;kind\n", "1,5;cat\n"])
        >>> dialect.delimiter, dialect.names, dialect.header_lines
        (';', ['size', 'kind'], 2)
    """
    above = next(number for number, line in enumerate([*lines, "x"]) if line.strip())
    filled = [number for number, line in enumerate(lines, 1) if line.strip()]
    for number in filled[:2]:
        if _RULE.fullmatch(lines[number - 1].strip("\ufeff")):
            rule = f"line {number} is drawn with dashes and holds no values, as in Markdown"
            raise DialectError(rule, "delete such lines; bars may stay between the values")
    delimiters = DELIMITERS
    if above < len(lines) and (told := _SEPARATOR.fullmatch(lines[above].strip("\ufeff\r\n "))):
        above += 1
        if any(told[1] in line for line in lines[above:]):
            delimiters = told[1]
    best, faults = _best(lines[above:], delimiters, above)
    if best is None or len(best.header) < 2:
        rare, _ = _best(lines[above:], _RARE, above)
        if rare is not None and len(rare.header) > 1:
            return replace(
                rare, notes=(f"{rare.delimiter!r} parts the values: {len(rare.header)} columns", *rare.notes)
            )
        if spaced := _spaced(lines[above:], above):
            return spaced
    if best is None or (len(best.header) < 2 and faults):
        raise max(faults, key=lambda each: each[0])[1]
    return best


def _best(lines: Sequence[str], delimiters: str, above: int) -> tuple[Dialect | None, list[tuple[int, DialectError]]]:
    """The dialect by the delimiter that parts lines best; and what is wrong with others, by how many values it had."""
    found: list[tuple[tuple[float, ...], Dialect]] = []
    faults: list[tuple[int, DialectError]] = []
    for preference, delimiter in enumerate(reversed(delimiters)):
        rows = _rows(lines, delimiter, above)
        try:
            layout = _layout(rows, delimiter)
        except DialectError as error:
            faults.append((len(rows[0].values) if rows else 0, error))
            continue
        found.append(((*_merit(rows, layout), preference), layout))
    return max(found, key=lambda each: each[0], default=(None, None))[1], faults


def squeeze(text: str) -> str:
    """Lines with one space wherever several part values, and none at their ends.

    Example:
        >>> squeeze('  1   2  "a  b"\\n')
        '1 2 "a  b"\\n'
    """
    text = _SPACES.sub(lambda found: found[1] or " ", text)
    return re.sub(r"(?m)^ | (?=\r?$)", "", text)


def _rows(lines: Iterable[str], delimiter: str, above: int) -> list[_Row]:
    """The rows of lines, but for those without a value."""
    reader, rows = csv.reader(lines, delimiter=delimiter), []
    try:
        for values in reader:
            values = [value.strip() for value in values]
            if any(values):
                rows.append(_Row(values, above + reader.line_num))
    except csv.Error:
        pass  # a quote that is left open swallows the rest, and is refused where the rows are read
    return rows


def _layout(rows: list[_Row], delimiter: str) -> Dialect:
    """The header among rows that a delimiter parted."""
    if not rows:
        raise DialectError("has no header", "write the names of the columns above the rows")
    width = _width(rows)
    used = max((len(row.filled) for row in rows if len(row.values) == width), default=width)
    place = _place_of_header(rows, used)
    header, below = rows[place], rows[place + 1 :]
    names, notes = header.values, []
    if place:
        notes.append(f"passed over what stands above the header in line {header.line}: {rows[0].values[0][:40]!r}")
    if _have_names(header, below, used):
        notes.append(
            f"the header has {len(names)} names and each row {used} values: the first value of a row is taken as its "
            f"name, such as {below[0].values[0]!r} before {names[0]} = {below[0].values[1]!r}"
        )
        names = ["", *names]
    elif len(header.filled) > width or len(names) < used:
        raise _odd_header(header, used)
    elif len(names) > width:
        notes.append(f"line {header.line}, the header, ends in a delimiter: its last, empty name is left out")
    _check_names_are_no_numbers(header)
    _check_units(below)
    names = [name.strip("\ufeff") for name in (names + [""] * width)[:width]]
    return Dialect(delimiter, names, header.line, notes=tuple(notes))


def _width(rows: list[_Row]) -> int:
    """The number of values that most rows have; where two are as usual, that of the first row or the larger one."""
    counts = Counter(len(row.values) for row in rows[1:] or rows)
    usual = [width for width, number in counts.items() if number == max(counts.values())]
    return len(rows[0].values) if len(rows[0].values) in usual else max(usual)


def _place_of_header(rows: list[_Row], used: int) -> int:
    """The first row, but where comments or titles surely stand above the header: names throughout, over numbers."""
    comments = next((place for place, row in enumerate(rows) if not row.values[0].startswith("#")), 0)
    if _heads(rows, comments, used):
        return comments
    for place, row in enumerate(rows[:_ABOVE]):
        if len(row.filled) >= used and all(row.filled):
            return place if place and _heads(rows, place, used) else 0
    return 0


def _heads(rows: list[_Row], place: int, used: int) -> bool:
    """Whether a row has a name for each value, all different and no numbers, and one of them stands over numbers."""
    names, below = rows[place].filled, [row.values[:used] for row in rows[place + 1 :] if len(row.values) >= used]
    if len(names) < used or len({*names}) < len(names) or not all(names) or any(map(NUMBER.fullmatch, names)):
        return False
    numbers = [sum(bool(NUMBER.fullmatch(value)) for value in column) for column in zip(*below, strict=True)]
    return 2 * max(numbers, default=0) > len(below)


def _have_names(header: _Row, below: list[_Row], used: int) -> bool:
    """Whether rows begin with a name of their own, for which the header has none, as R writes them."""
    if not len(header.values) == len(header.filled) == used - 1 >= 2 or not all(header.values):
        return False
    firsts, regular = [row.values[0] for row in below], all(len(row.filled) == used for row in below)
    if not (regular and below and all(firsts) and len({*firsts}) == len(firsts)):
        return False
    # Measures are no names, and without numbers the first row might be the header.
    measures = [first for first in firsts if NUMBER.fullmatch(first) and not re.fullmatch(r"\d+", first)]
    others = zip(*(row.values[1:used] for row in below), strict=True)
    return not measures and any(all(map(_is_measure, column)) for column in others)


def _odd_header(header: _Row, width: int) -> DialectError:
    names = len(header.values)
    rule = f"line {header.line} has {names} value{'s' * (names > 1)} and the rows below have {width}"
    if names == width - 1:
        rule += ", as if each row had a name"
    return DialectError(
        f"{rule}: is line {header.line} the header?",
        "write a name for each value on one line, and delete what stands above it",
    )


def _check_names_are_no_numbers(header: _Row) -> None:
    numbers = [name for name in header.values if NUMBER.fullmatch(name)]
    if len(numbers) > 1:
        values = [float(number.replace(",", ".")) for number in numbers]
        if values != list(range(len(header.values) - len(values), len(header.values))):
            rule = f"line {header.line} must be a header, got the number {numbers[0]} as the name of a column"
            raise DialectError(rule, "write a line with the names of the columns above the rows")


def _check_units(below: list[_Row]) -> None:
    """Refuses a line of units between the header and the numbers, which would be a row of data."""
    columns = list(zip(*(row.values for row in below if len(row.values) == len(below[0].values)), strict=True))
    measures = [first for first, *rest in columns if any(rest) and all(map(_is_measure, rest))]
    words = [value for value in measures if re.search(r"[^\W\d_]|[%$\u20ac\u00b0]", value)]
    if words and not any(map(_is_measure, measures)):
        rule = f"line {below[0].line} has words where all lines below have numbers, such as {words[0]!r}"
        raise DialectError(rule, "delete it where it holds units, or mend it")


def _is_measure(value: str) -> bool:
    return value in MISSING or bool(NUMBER.fullmatch(value))


def _merit(rows: list[_Row], layout: Dialect) -> tuple[float, ...]:
    """How well a delimiter does: several columns, the header first, rows of one length, numbers in them, wide."""
    below = [row.values for row in rows if row.line > layout.header_lines]
    regular = [values for values in below if len(values) == len(layout.header)]
    cells = [value for values in regular for value in values[:50]]
    numbers = sum(bool(NUMBER.fullmatch(value)) for value in cells) / max(len(cells), 1)
    share = len(regular) / max(len(below), 1)
    return len(layout.header) > 1, not layout.notes, share > 0.5, numbers, len(layout.header)


def _spaced(lines: Sequence[str], above: int) -> Dialect | None:
    """The dialect of a table that is parted by spaces, each row by as many."""
    squeezed = [squeeze(line) for line in lines]
    rows = _rows(squeezed, " ", above)
    lengths = Counter(len(row.values) for row in rows[1:])
    if not lengths or max(lengths) < 2:
        return None
    if len(lengths) > 1:
        _check_uneven(rows, lengths)
        return None
    try:
        layout = _layout(rows, " ")
    except DialectError:
        return None
    changed = any(after.strip("\r\n") != before.strip("\r\n") for before, after in zip(lines, squeezed, strict=True))
    notes = (*layout.notes, f"spaces part the values: {len(layout.header)} columns")
    return Dialect(" ", layout.header, layout.header_lines, changed, notes)


def _check_uneven(rows: list[_Row], lengths: Counter[int]) -> None:
    """Refuses rows that spaces surely part, some of which lack a value, so that none can be told from the others."""
    header, below = len(rows[0].values), rows[1:]
    numbers = sum(any(map(NUMBER.fullmatch, row.values)) for row in below)
    if header >= 2 and 2 * lengths[header] > len(below) and 2 * numbers > len(below):
        odd = next(row for row in below if len(row.values) != header)
        rule = f"line {odd.line} has {len(odd.values)} values parted by spaces, and the header {header}"
        raise DialectError(rule, "write NA where a value is missing, or save it with commas between the values")
