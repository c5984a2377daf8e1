"""Table draft: the commented config that ``litclf init`` writes for a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from litclf.data.audit.table import check_splits
from litclf.data.sources.class_names import in_order
from litclf.data.sources.classes import class_texts
from litclf.data.sources.columns import check_columns
from litclf.data.sources.roles import TARGET_NAMES, counts_rows, nameless_columns, numbers_rows
from litclf.data.sources.stratified import stratified_rows
from litclf.data.sources.table_file import TableFile, Told
from litclf.data.table import TableDataModule
from litclf.utilities.errors import InputError
from litclf.utilities.notes import of_tool, tell
from litclf.utilities.text import padded, shell_word, width

_SAID = 10
"""Columns whose leaving out is told one by one."""

_PASSES, _STEPS = 48, (480, 8000)
"""Passes over the training rows that the recipe is drafted for, and the least and most steps that they take."""

_STEPS_PER_EPOCH = 10
"""Least steps of an epoch: validation and checkpoint after fewer would take longer than the steps."""

_ROWS_FOR_BINS, _BINS = 1000, 16
"""Training rows from which on bins of numbers help, and how many: with fewer rows they are learned by heart."""

_INPUTS_WITH_BINS = range(3, 65)
"""Inputs beside which bins are drafted: the border of two can be drawn; of many, bins would outweigh other layers."""

_MOST_CLASSES = 0.5
"""Classes for each row above which a column names rows, not kinds of rows."""

_TEXT = """\
# {rows} rows in {num_classes} classes, told apart by {num_columns} columns.
# Train with: litclf fit -c {file}
{notes}seed_everything: 42
model:
  class_path: {model}
  init_args:
    hidden_dims: [256, 256, 256]\t# width of each hidden layer; [] makes the model linear
    activation: relu
    parametrization: ntk\t# one rate serves layers of all widths
    optimizer: adam
    lr: 0.04\t# the highest rate of the schedule
    bias_lr: 0.1\t# rate of the biases, as a multiple of lr
    beta2: 0.95\t# how much of the mean square of gradients is kept at a step
    lr_schedule: coslog4\t# four waves up to lr and down again, each twice as long as the one before
    label_smoothing: 0.1\t# share of each label that is spread over all classes
data:
  class_path: TableDataModule
  init_args:
    path: {path}
    target: {target}\t# {guess}
{drop}
    categorical: {categorical}\t# columns of categories that look like numbers, such as post codes
    missing: {missing}\t# words that stand for a missing value, besides an empty text, NA, NULL, None and NaN
    bins: {bins}\t# bins of each number, as inputs beside it; 0 for none
    encoding: {encoding}\t# null: told by the content of the file
    val_size: {val_size}\t# share of the rows for choosing the best epoch, drawn by the seed
    test_size: {test_size}\t# share of the rows for the test at the end
    class_weights: false\t# true gives rare classes the same weight as others
    batch_size: {batch_size}
    repeat: {repeat}\t# passes over the training rows in an epoch
trainer:
  max_epochs: {epochs}\t# {steps} steps
"""


_AS_IDS = "has a whole number of its own in each row, as ids have"
"""Why a column is left out that may as well be a measure: a price, a year."""


def draft_table(path: Path, told: Told, file: Path) -> tuple[str, str]:
    """A commented config for a table, ready for ``litclf fit -c``.

    Args:
        path: A CSV, TSV or Parquet file.
        told: What is said of it.
        file: The file that the config is for.

    Returns:
        The config, and the target.

    Raises:
        InputError: If the table cannot be trained on; the message names row and column.
    """
    table, told = _understood(str(path), told)
    reasons = _reasons_to_drop(table, told)
    if not table.columns.keys() - reasons.keys():
        check_columns(table.columns.values())
    with _guesses(table.target, told.target is None):
        val_size, test_size = _sizes(table, str(path))
    data = TableDataModule(
        path=str(path),
        target=table.target,
        drop=list(reasons),
        categorical=list(told.categorical),
        missing=list(told.missing),
        encoding=told.encoding,
        val_size=val_size,
        test_size=test_size,
    )
    notes = list(data.notes)
    if not test_size:
        notes.append("no rows are set aside for validation and test: they are too few for one of each class in both")
    way_back = f"; where it is a measure, take it out of drop in {file}"
    said = [
        f"column {name} {reason}: left out{way_back if reason is _AS_IDS else ''}" for name, reason in reasons.items()
    ]
    more = [f"{len(said) - _SAID} more columns are left out, see {file}"] if len(said) > _SAID else []
    tell(*map(of_tool, [*notes, *said[:_SAID], *more]))
    for line in check_splits(data).lines():
        print(of_tool(line))
    num_train, inputs = len(data.splits["train"].y), data.input_shape[0]
    batch_size, repeat, epochs, steps = _length(num_train)
    guess = f"guessed {'by its name' if table.target.lower() in TARGET_NAMES else 'as the last column'}"
    text = _TEXT.format(
        rows=len(table.frame),
        num_classes=data.num_classes,
        num_columns=table.frame.shape[1] - 1 - len(reasons),
        notes="".join(f"# Note: {' '.join(note.split())}\n" for note in notes),
        file=shell_word(file),
        model="BinaryClassifier" if data.num_classes == 2 else "MulticlassClassifier",
        path=_quoted(str(path)),
        target=_quoted(table.target),
        guess=guess if told.target is None else "the column of the class",
        drop=_drop_lines(reasons),
        encoding="null" if told.encoding is None else _quoted(told.encoding),
        categorical=_list(told.categorical),
        missing=_list(told.missing),
        val_size=val_size,
        test_size=test_size,
        batch_size=batch_size,
        repeat=repeat,
        epochs=epochs,
        steps=steps,
        bins=_BINS if num_train >= _ROWS_FOR_BINS and inputs in _INPUTS_WITH_BINS else 0,
    )
    return _aligned(text), table.target


def _understood(path: str, told: Told) -> tuple[TableFile, Told]:
    """The table, with words taken as missing and columns as categories where it cannot be trained on otherwise."""
    table = TableFile.read(path, told)
    refusals = {name: column.refusal for name, column in table.columns.items() if column.refusal}
    codes = [name for name, refusal in refusals.items() if refusal.words and refusal.codes]
    words = dict.fromkeys(word for name, refusal in refusals.items() for word in refusal.words if name not in codes)
    if not words and not codes:
        return table, told
    tell(*(f"{word!r} is taken as a missing value, as it stands among numbers" for word in words))
    tell(*(f"column {name} is taken as categories, as it holds few whole numbers, and words" for name in codes))
    changed = replace(told, missing=[*told.missing, *words], categorical=[*told.categorical, *codes])
    return TableFile.read(path, changed), changed


def _reasons_to_drop(table: TableFile, told: Told) -> dict[str, str]:
    """Columns that a draft leaves out, and why."""
    taken = {table.target, *told.categorical, *told.drop}
    reasons = dict.fromkeys(told.drop, "was named by --drop")
    reasons |= {name: column.refusal.rule for name, column in table.columns.items() if column.refusal}
    reasons |= nameless_columns(table.frame.drop(columns=[*taken]))
    numbers = [name for name, column in table.columns.items() if column.kind == "number" and name not in reasons]
    reasons |= {name: "counts the rows" for name in numbers if counts_rows(table.frame[name])}
    numbering = [name for name in numbers if name not in reasons and numbers_rows(table.frame[name])]
    if set(numbering) != table.columns.keys() - reasons.keys():  # something must be left
        reasons |= dict.fromkeys(numbering, _AS_IDS)
    return reasons


@contextmanager
def _guesses(target: str, guessed: bool) -> Iterator[None]:
    """What is refused in a column says that it was guessed to be the target."""
    try:
        yield
    except InputError as error:
        if not guessed:
            raise
        rule = f"was guessed to be {target}: {error.what}"
        raise InputError("--target", rule, f"pass the column of the class, or {error.fix}") from error


def _sizes(table: TableFile, path: str) -> tuple[float, float]:
    """The smallest usual shares for validation and test that leave every split a row of each class that has several."""
    try:
        texts = class_texts(table.frame[table.target], table.as_written)
    except InputError as error:
        raise InputError(path, error.what, error.fix) from error
    names = in_order(map(str, texts.values))
    targets = texts.places(names)[texts.codes]
    if len(names) > max(_MOST_CLASSES * len(targets), 2):
        rule = f"column {table.target} of {path} holds {len(names)} classes in {len(targets)} rows"
        raise InputError("--target", rule, "pass the column of the class, which several rows have in common")
    for sizes in ((0.1, 0.2), (0.2, 0.2), (0.3, 0.3)):
        try:
            stratified_rows(targets, names, *sizes, seed=42)
        except InputError:
            continue
        return sizes
    return 0.0, 0.0


def _length(num_train: int) -> tuple[int, int, int, int]:
    """Rows of a mini-batch, passes of an epoch, epochs, and the optimizer steps of the fit."""
    batch_size = int(2 ** np.clip(np.floor(np.log2(max(num_train, 2) / 2)), 5, 8))
    steps_per_pass = -(-num_train // batch_size)
    least, most = _STEPS
    passes = -(-int(np.clip(_PASSES * steps_per_pass, least, most)) // steps_per_pass)
    repeat = min(-(-_STEPS_PER_EPOCH // steps_per_pass), passes)
    epochs = -(-passes // repeat)
    return batch_size, repeat, epochs, epochs * repeat * steps_per_pass


def _drop_lines(reasons: dict[str, str]) -> str:
    if not reasons:
        return "    drop: []\t# columns to leave out"
    return "\n".join(
        ["    drop:", *(f"      - {_quoted(name)}\t# {' '.join(reason.split())}" for name, reason in reasons.items())]
    )


def _list(names: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, names))}]"


def _quoted(text: str) -> str:
    return yaml.safe_dump(text, allow_unicode=True, default_style='"', width=10_000).strip()


def _aligned(text: str) -> str:
    """The text with its comments, which stand after tabs, below each other."""
    lines = [line.split("\t") for line in text.splitlines()]
    places = max(width(parts[0]) for parts in lines if len(parts) > 1)
    return "".join("  ".join([padded(parts[0], places), *parts[1:]]).rstrip() + "\n" for parts in lines)
