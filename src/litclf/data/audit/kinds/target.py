"""Target: a column of classes that holds none in a row, measures, or one class only."""

from __future__ import annotations

from litclf.data.audit.findings import Finding, verb
from litclf.data.sources.classes import class_texts
from litclf.data.sources.columns import held_instead
from litclf.data.sources.table_file import TableFile
from litclf.preprocessing.values import is_code, parsed_numbers, texts_in
from litclf.utilities.errors import InputError

KINDS = ("no class", "measure", "one class")


def find(file: TableFile) -> list[Finding]:
    """What keeps the target from telling classes apart."""
    column, unit, name = file.frame[file.target], str(file.frame.index.name), f"column {file.target}"
    missing = [f"{unit} {row}" for row in column.index[column.isna()]]
    found = [Finding("no class", missing, verb(missing, "has no class", "have no class"))] if missing else []
    if not found and (broken := _measures(file)):
        where = [f"{unit} {row}" for row in broken]
        rule = verb(where, "has a measure where", "have measures where")
        return [Finding("measure", where, f"{rule} the class must be a name or a whole number")]
    if column.nunique() < 2:
        return [*found, Finding("one class", [name], "holds fewer than two classes")]
    try:
        class_texts(column.dropna(), file.as_written)
    except InputError as error:
        found.append(Finding("no class", [f"{name}:"], error.what))
    return found


def _measures(file: TableFile) -> list[object]:
    """Rows whose class is a number that is not whole, where all are numbers."""
    column = file.frame[file.target]
    if file.as_written or held_instead(column) or any(map(is_code, texts_in(column).values)):
        return []
    numbers, wrong = parsed_numbers(column)
    return [] if len(wrong) else list(column.index[numbers % 1 > 0])
