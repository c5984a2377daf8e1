"""Prediction: the test split of a trained model, a file of rows, images, or one point; each by the loaded model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from tqdm import tqdm

from litclf.inference.labels import NOT_NAMED, Labels
from litclf.inference.model import LoadedModel
from litclf.inference.predictions import Predictions
from litclf.inference.rows import read_rows, row_writer
from litclf.preprocessing.table import TablePreparation
from litclf.runs.hparams import FREE
from litclf.utilities.errors import InputError
from litclf.utilities.notes import tell
from litclf.utilities.statistics import wilson
from litclf.utilities.text import listed


@dataclass
class Told:
    """What is told of predictions.

    Attributes:
        num_rows: How many there are.
        num_known: How many rows say of which class they are.
        num_right: How many of these are predicted so.
    """

    num_rows: int = 0
    num_known: int = 0
    num_right: int = 0

    def add(self, predictions: Predictions, numbers: NDArray[np.int64] | None) -> None:
        """Counts more of them, of the classes ``numbers``, where these are known."""
        self.num_rows += len(predictions.indexes)
        if numbers is not None:
            self.num_known += int((numbers != NOT_NAMED).sum())
            self.num_right += int((numbers == predictions.indexes).sum())

    @property
    def accuracy(self) -> str:
        """The accuracy with its 95 % interval, in words; empty where no class is known."""
        if not self.num_known:
            return ""
        share = self.num_right / self.num_known
        low, high = wilson(share, self.num_known)
        rest = self.num_rows - self.num_known
        told = f"{share:.4f} ({low:.4f} to {high:.4f}), {self.num_right} of {self.num_known} rows"
        return told + (f"; {rest} without a known class" if rest else "")


def predict_file(model: LoadedModel, source: Path, output: Path, encoding: str | None = None) -> Told:
    """Writes what stands in ``source``, the predicted class of each row, the probability of each class, and how far the
    members of the model agree, where it has any.

    It is worked through in pieces, so that a file may be larger than memory.

    Args:
        model: The model.
        source: A CSV, TSV or Parquet file, whose columns are written as they are; for a model of images an image, or a
            folder of images at any depth, whose names are written.
        output: The .csv or .parquet file to write; it gets its name only when it is whole.
        encoding: The encoding of a text file; None tells it by the content.

    Returns:
        Number of rows, and how many are right of those whose class is known.

    Raises:
        InputError: If a row or image cannot be used; it names it.
    """
    if not source.exists() and str(source) != "-":
        raise InputError("--input", f"there is no file {source}", "pass a file or folder that exists")
    if output.exists() and output.samefile(source):
        raise InputError("--output", f"{output} is the input itself", "pass another file")
    labels, told = Labels.of(model, source), Told()
    with row_writer(output) as write:
        for raw, batch in pieces_of(model, source, encoding):
            predictions = predict_piece(model, raw, str(source))
            write(with_predictions(batch, predictions, model.class_names, source))
            told.add(predictions, labels.numbers(raw))
    return told


def pieces_of(model: LoadedModel, source: Path, encoding: str | None = None) -> Iterator[tuple[Any, pa.RecordBatch]]:
    """What a model takes of a file or folder, in pieces, and the columns that are written before its predictions.

    Raises:
        InputError: If it cannot be read, or holds nothing of the kind that the model takes.
    """
    if model.preparation.kind == "image":
        return _images(source, model.batch_size)
    return _rows(source, model, encoding)


def predict_split(model: LoadedModel, output: Path, changes: dict[str, Any], data: str | None = None) -> Told:
    """Writes number and target of each sample of the test split, and what is predicted as :func:`predict_file` does.

    Where there is no test split, it is the training split.

    Args:
        model: The model.
        output: The .csv or .parquet file to write; it gets its name only when it is whole.
        changes: Arguments of the training data that are to be others, such as where it lies.
        data: Class that the data must be of, by name or path; None for that of the checkpoint, whatever it is.

    Returns:
        Number of rows, and how many are right.

    Raises:
        InputError: If the data cannot be built, or is to be other data than the model was trained with.
    """
    from litclf.inference.rebuild import rebuild_data  # loads Lightning

    source = rebuild_data(model.checkpoint)  # nothing of it is read yet
    kind = type(source).__name__
    if data is not None and data.rpartition(".")[2] != kind:
        raise InputError(
            "--data", f"is {data}, but {model.path} was trained with {kind}", "pass --input for other data"
        )
    for name, value in changes.items():
        if name not in FREE and name in source.hparams and source.hparams[name] != value:
            rule = f"is {value}, but {model.path} was made with {source.hparams[name]}"
            raise InputError(f"--data.{name}", rule, "drop it, or pass --input for other data")
    if changes:
        source = rebuild_data(model.checkpoint, changes)
    told = Told()
    with row_writer(output) as write:
        for x, y in source.predict_dataloader():
            targets = [model.class_names[index] for index in y.tolist()]
            numbers = pa.array(range(told.num_rows, told.num_rows + len(targets)), pa.int64())
            batch = pa.RecordBatch.from_pydict({"row": numbers, "target": pa.array(targets, pa.string())})
            predictions = model.decide(x)
            write(with_predictions(batch, predictions, model.class_names, output))
            told.add(predictions, y.cpu().numpy())
    return told


def _rows(source: Path, model: LoadedModel, encoding: str | None) -> Iterator[tuple[Any, pa.RecordBatch]]:
    if source.is_dir():
        rule = f"{source} is a folder; the model takes rows with {', '.join(columns_of(model)[:5])}"
        raise InputError("--input", rule, "pass a CSV, TSV or Parquet file")
    preparation = model.preparation
    numbers = preparation.plain_numbers if isinstance(preparation, TablePreparation) else columns_of(model)
    yield from read_rows(source, numbers, encoding)


def _images(source: Path, at_once: int) -> Iterator[tuple[Any, pa.RecordBatch]]:
    from litclf.data.sources.image_files import Tree
    from litclf.preprocessing.image import EXTENSIONS

    if source.is_file():
        yield [source], pa.RecordBatch.from_pydict({"file": [source.name]})
        return
    tree = Tree()
    images = sorted(tree.images(source))
    for problem in tree.problems():
        raise InputError("--input", f"{problem.path} {problem.rule}", problem.fix)
    if not images:
        raise InputError("--input", f"{source} holds no images", f"pass a folder of {listed(EXTENSIONS, most=9)} files")
    tell(*tree.notes())
    with tqdm(total=len(images), unit=" images", disable=None, leave=False) as bar:
        for start in range(0, len(images), at_once):
            piece = images[start : start + at_once]
            yield piece, pa.RecordBatch.from_pydict({"file": [str(path.relative_to(source)) for path in piece]})
            bar.update(len(piece))


def with_predictions(
    batch: pa.RecordBatch, predictions: Predictions, class_names: tuple[str, ...], source: Path
) -> pa.RecordBatch:
    """The rows, with columns for the predicted class, the probability of each, and the members' disagreement."""
    columns: dict[str, Any] = {"predicted": pa.array(predictions.classes, pa.string())}
    for name, shares in zip(class_names, predictions.probabilities.T, strict=True):
        columns[f"probability of {name}"] = pa.array(shares)
    columns |= {measure_of(name): pa.array(values) for name, values in predictions.disagreement.items()}
    for name, column in columns.items():
        if name in batch.schema.names:
            raise InputError(str(source), f"has a column {name} already", "rename it, or leave it out")
        batch = batch.append_column(name, column)
    return batch


def measure_of(name: str) -> str:
    """What one of the measures of disagreement is called where people read it."""
    return f"{name.replace('_', ' ')} of members"


def predict_piece(model: LoadedModel, raw: Any, where: str) -> Predictions:
    """Predictions; what is wrong with the inputs is told of where they came from."""
    try:
        return model.predict(raw)
    except InputError as error:
        raise InputError(where, error.what, error.fix) if error.where == "input" else error from error


def columns_of(model: LoadedModel) -> list[str]:
    """The columns of the rows that a model takes.

    Raises:
        InputError: If it takes no rows.
    """
    columns = getattr(model.preparation, "columns", None)
    if columns is None:
        raise InputError("--point", f"takes rows, the model takes {model.preparation.kind}s", "pass --input instead")
    return list(columns)
