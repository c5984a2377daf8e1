"""Table draft: the commented config that ``litclf init`` writes for a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from litclf.data.sources.columns import (
    TARGET_NAMES,
    check_column,
    class_labels,
    counts_rows,
    guess_target,
    nameless_columns,
    useless_columns,
)
from litclf.data.sources.reading import TableReader
from litclf.data.sources.stratified import stratified_rows
from litclf.data.table import TableDataModule
from litclf.utilities.errors import InputError
from litclf.utilities.notes import of_tool, tell
from litclf.utilities.text import padded, width

_STEPS = 1000
"""Optimizer steps that the recipe is drafted for, where the rows are few enough for ten passes in them."""

_STEPS_PER_EPOCH = 25
"""Least steps of an epoch: validation and checkpoint after fewer would take longer than the steps."""

_MOST_CLASSES = 0.5
"""Classes for each row above which a column names rows, not kinds of rows."""

_TEXT = """\
# {rows} rows in {num_classes} classes, told apart by {num_columns} columns.
# Train with: litclf fit -c {file}
seed_everything: 42
model:
  class_path: {model}
  init_args:
    hidden_dims: [128, 64]\t# width of each hidden layer; [] makes the model linear
    activation: relu
    optimizer: adam
    lr: 0.003\t# the highest rate of the schedule
    weight_decay: 0.001\t# higher where the model learns the training rows by heart
    lr_schedule: onecycle\t# up to lr, and down again until the end of the fit
data:
  class_path: TableDataModule
  init_args:
    path: {path}
    target: {target}\t# {guess}
{drop}
    categorical: {categorical}\t# columns of categories that look like numbers, such as post codes
    encoding: {encoding}\t# null: told by the content of the file
    val_size: {val_size}\t# share of the rows for choosing the best epoch, drawn by the seed
    test_size: {test_size}\t# share of the rows for the test at the end
    class_weights: false\t# true gives rare classes the same weight as others
    batch_size: {batch_size}
    repeat: {repeat}\t# passes over the training rows in an epoch
    steps_per_execution: 100\t# steps that run at once; only the time depends on it
trainer:
  max_epochs: {epochs}\t# {steps} steps
"""


def draft_table(
    path: Path, target: str | None, file: Path, categorical: Sequence[str] = (), encoding: str | None = None
) -> tuple[str, str]:
    """A commented config for a table, ready for ``litclf fit -c``.

    Args:
        path: A CSV, TSV or Parquet file.
        target: Column of the class; None guesses it.
        file: The file that the config is for.
        categorical: Columns that are categories, whatever they hold.
        encoding: Encoding of a text file; None tells it by the content.

    Returns:
        The config, and the target.

    Raises:
        InputError: If the table cannot be trained on; the message names row and column.
    """
    reader = TableReader(path, encoding)
    table = reader.read(as_text=categorical)
    tell(*map(of_tool, reader.notes))
    guess = "the column of the class"
    if target is None:
        target = guess_target(table.drop(columns=[*nameless_columns(table)]))
        guess = f"guessed {'by its name' if target.lower() in TARGET_NAMES else 'as the last column'}"
    check_column(target, table, "--target", str(path))
    for name in categorical:
        check_column(name, table, "--categorical", str(path))
    reasons = _reasons_to_drop(table.drop(columns=[target, *categorical]))
    val_size, test_size = _sizes(table[target], str(path))
    data = TableDataModule(
        path=str(path),
        target=target,
        drop=list(reasons),
        categorical=list(categorical),
        encoding=encoding,
        val_size=val_size,
        test_size=test_size,
    )
    num_train = len(data.splits["train"].y)
    batch_size = _batch_size(num_train)
    steps_per_pass = -(-num_train // batch_size)
    repeat = -(-_STEPS_PER_EPOCH // steps_per_pass)
    epochs = max(10, round(_STEPS / (steps_per_pass * repeat)))
    text = _TEXT.format(
        rows=len(table),
        num_classes=data.num_classes,
        num_columns=table.shape[1] - 1 - len(reasons),
        file=file,
        model="BinaryClassifier" if data.num_classes == 2 else "MulticlassClassifier",
        path=_quoted(str(path)),
        target=_quoted(target),
        guess=guess,
        drop=_drop_lines(reasons),
        encoding="null" if encoding is None else _quoted(encoding),
        categorical=f"[{', '.join(map(_quoted, categorical))}]",
        val_size=val_size,
        test_size=test_size,
        batch_size=batch_size,
        repeat=repeat,
        epochs=epochs,
        steps=epochs * repeat * steps_per_pass,
    )
    return _aligned(text), target


def _reasons_to_drop(features: pd.DataFrame) -> dict[str, str]:
    """Columns that a draft leaves out, and why."""
    reasons = useless_columns(features)
    reasons.update(nameless_columns(features))
    reasons.update({name: "counts the rows" for name in features.columns if counts_rows(features[name])})
    return reasons


def _sizes(column: pd.Series[Any], path: str) -> tuple[float, float]:
    """The smallest usual shares for validation and test that leave every split a row of each class."""
    try:
        labels = class_labels(column)
    except InputError as error:
        raise InputError(path, error.what, error.fix) from error
    names, targets = np.unique(labels.astype(str), return_inverse=True)
    if len(names) > max(_MOST_CLASSES * len(labels), 2):
        rule = f"column {column.name} of {path} holds {len(names)} classes in {len(labels)} rows"
        raise InputError("--target", rule, "pass the column of the class, which several rows have in common")
    for sizes in ((0.1, 0.2), (0.2, 0.2), (0.3, 0.3)):
        try:
            stratified_rows(targets, list(names), *sizes, seed=42)
        except InputError:
            continue
        return sizes
    return 0.0, 0.0


def _batch_size(num_train: int) -> int:
    """A power of two, about a fortieth of the rows."""
    return int(2 ** np.clip(np.round(np.log2(num_train / 40)), 5, 9))


def _drop_lines(reasons: dict[str, str]) -> str:
    if not reasons:
        return "    drop: []\t# columns to leave out"
    return "\n".join(["    drop:", *(f"      - {_quoted(name)}\t# {reason}" for name, reason in reasons.items())])


def _quoted(text: str) -> str:
    return yaml.safe_dump(text, allow_unicode=True, default_style='"', width=10_000).strip()


def _aligned(text: str) -> str:
    """The text with its comments, which stand after tabs, below each other."""
    lines = [line.split("\t") for line in text.splitlines()]
    places = max(width(parts[0]) for parts in lines if len(parts) > 1)
    return "".join("  ".join([padded(parts[0], places), *parts[1:]]).rstrip() + "\n" for parts in lines)
