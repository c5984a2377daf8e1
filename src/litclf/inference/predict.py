"""Prediction: the test split of a trained model, a file of rows, images, or one point; each by the loaded model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from tqdm import tqdm

from litclf.inference.model import LoadedModel
from litclf.inference.plane import draw_plane, is_plane
from litclf.inference.predictions import Predictions
from litclf.inference.rows import read_rows, row_writer
from litclf.preprocessing.table import TablePreparation
from litclf.runs.find import run_folder
from litclf.runs.hparams import FREE
from litclf.utilities.errors import InputError
from litclf.utilities.notes import tell
from litclf.utilities.text import aligned, listed

_MOST_CLASSES = 20
"""Classes beyond so many are told of one point by the most probable ones."""


def predict_file(model: LoadedModel, source: Path, output: Path, encoding: str | None = None) -> int:
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
        Number of rows.

    Raises:
        InputError: If a row or image cannot be used; it names it.
    """
    if not source.exists() and str(source) != "-":
        raise InputError("--input", f"there is no file {source}", "pass a file or folder that exists")
    if output.exists() and output.samefile(source):
        raise InputError("--output", f"{output} is the input itself", "pass another file")
    pieces = _images(source, model.batch_size) if model.preparation.kind == "image" else _rows(source, model, encoding)
    num_rows = 0
    with row_writer(output) as write:
        for raw, batch in pieces:
            write(_with(batch, _predict(model, raw, str(source)), model.class_names, source))
            num_rows += len(batch)
    return num_rows


def predict_split(model: LoadedModel, output: Path, changes: dict[str, Any], data: str | None = None) -> int:
    """Writes number and target of each sample of the test split, and what is predicted as :func:`predict_file` does.

    Where there is no test split, it is the training split.

    Args:
        model: The model.
        output: The .csv or .parquet file to write; it gets its name only when it is whole.
        changes: Arguments of the training data that are to be others, such as where it lies.
        data: Class that the data must be of, by name or path; None for that of the checkpoint, whatever it is.

    Returns:
        Number of rows.

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
    num_rows = 0
    with row_writer(output) as write:
        for x, y in source.predict_dataloader():
            targets = [model.class_names[index] for index in y.tolist()]
            numbers = pa.array(range(num_rows, num_rows + len(targets)), pa.int64())
            batch = pa.RecordBatch.from_pydict({"row": numbers, "target": pa.array(targets, pa.string())})
            write(_with(batch, model.decide(x), model.class_names, output))
            num_rows += len(targets)
    return num_rows


def answer_point(model: LoadedModel, text: str, changes: dict[str, Any]) -> None:
    """Prints class and probabilities of one row, and draws it on the decision boundary of two-dimensional data.

    Args:
        model: A model of rows.
        text: Values in the order of the columns, or as ``name=value``, with commas between.
        changes: Arguments of the training data, which the picture shows, that are to be others.

    Raises:
        InputError: If the values do not fit the model.
    """
    row = parse_point(text, _columns_of(model))
    frame = pd.DataFrame([{name: value or None for name, value in row.items()}])
    predictions = _predict(model, frame, "--point")
    (name,), (shares,) = predictions.classes, predictions.probabilities
    told = list(zip(model.class_names, shares, strict=True))
    if len(told) > _MOST_CLASSES:
        told = sorted(told, key=lambda pair: -pair[1])[:_MOST_CLASSES]
    rows = [["point", listed([f"{column} = {value}" for column, value in row.items()])], ["class", str(name)]]
    rows += [[f"probability of {other}", f"{share:.6f}"] for other, share in told]
    if len(told) < len(shares):
        rows.append(["less probable", f"{len(shares) - len(told)} classes more"])
    rows += [[_column(name), f"{value:.6f}"] for name, (value,) in predictions.disagreement.items()]
    if is_plane(model.preparation) and all(row.values()):
        point = np.array([[float(value) for value in row.values()]])
        rows.append(["picture", str(draw_point(model, point, predictions, changes))])
    print(*aligned(rows, left=2), sep="\n")


def parse_point(text: str, columns: list[str]) -> dict[str, str]:
    """Values of one row by column.

    Raises:
        InputError: If a column is missing, unknown or there twice.

    Example:
        >>> parse_point("x2=1,x1=-1", ["x1", "x2"])
        {'x1': '-1', 'x2': '1'}
    """
    values = [value.strip() for value in text.split(",")]
    if not any("=" in value for value in values):
        if len(values) != len(columns):
            rule = f"must hold {len(columns)} values with commas between, got {text}"
            raise InputError("--point", rule, f"pass a value each for {listed(columns)}")
        return dict(zip(columns, values, strict=True))
    named: dict[str, str] = {}
    for value in values:
        name, equals, own = value.partition("=")
        if name not in columns or name in named:
            rule = f"{name} stands there twice" if name in named else f"{name} is no column of the model"
            rule = rule if equals else f"{value} has no name, as others do"
            raise InputError("--point", rule, f"pass name=value for {listed(columns)}")
        named[name] = own
    missing = [name for name in columns if name not in named]
    if missing:
        raise InputError("--point", f"lacks {listed(missing)}", f"pass name=value for {listed(columns)}")
    return {name: named[name] for name in columns}


def draw_point(model: LoadedModel, point: NDArray[Any], predictions: Predictions, changes: dict[str, Any]) -> Path:
    """Draws ``point``, shape ``(1, 2)``, on the decision boundary, as ``point.png`` in the run folder.

    Returns:
        The picture.
    """
    from litclf.visualization.plots.canvas import save  # loads matplotlib

    figure = draw_plane(model, changes, point)
    share = predictions.probabilities[0, predictions.indexes[0]]
    figure.axes[0].set_title(f"{predictions.classes[0]}, probability {share:.3f}", fontsize=10, y=1.0)
    path = run_folder(model.path) / "point.png"
    save(figure, path)
    return path


def _rows(source: Path, model: LoadedModel, encoding: str | None) -> Iterator[tuple[Any, pa.RecordBatch]]:
    if source.is_dir():
        rule = f"{source} is a folder; the model takes rows with {', '.join(_columns_of(model)[:5])}"
        raise InputError("--input", rule, "pass a CSV, TSV or Parquet file")
    preparation = model.preparation
    numbers = preparation.plain_numbers if isinstance(preparation, TablePreparation) else _columns_of(model)
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


def _with(
    batch: pa.RecordBatch, predictions: Predictions, class_names: tuple[str, ...], source: Path
) -> pa.RecordBatch:
    """The rows, with columns for the predicted class, the probability of each, and the members' disagreement."""
    columns: dict[str, Any] = {"predicted": pa.array(predictions.classes, pa.string())}
    for name, shares in zip(class_names, predictions.probabilities.T, strict=True):
        columns[f"probability of {name}"] = pa.array(shares)
    columns |= {_column(name): pa.array(values) for name, values in predictions.disagreement.items()}
    for name, column in columns.items():
        if name in batch.schema.names:
            raise InputError(str(source), f"has a column {name} already", "rename it, or leave it out")
        batch = batch.append_column(name, column)
    return batch


def _column(name: str) -> str:
    """What one of the measures of disagreement is called where people read it."""
    return f"{name.replace('_', ' ')} of members"


def _predict(model: LoadedModel, raw: Any, where: str) -> Predictions:
    """Predictions; what is wrong with the inputs is told of where they came from."""
    try:
        return model.predict(raw)
    except InputError as error:
        raise InputError(where, error.what, error.fix) if error.where == "input" else error from error


def _columns_of(model: LoadedModel) -> list[str]:
    columns = getattr(model.preparation, "columns", None)
    if columns is None:
        raise InputError("--point", f"takes rows, the model takes {model.preparation.kind}s", "pass --input instead")
    return list(columns)
