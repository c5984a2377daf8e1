"""Score: what a trained model is worth on new labelled rows or images, with intervals, and its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from PIL import Image

from litclf.inference.labels import NOT_NAMED, Labels
from litclf.inference.model import LoadedModel
from litclf.inference.predict import pieces_of, predict_piece, with_predictions
from litclf.inference.predictions import Predictions, joined
from litclf.inference.rows import row_writer
from litclf.models.metrics import ClassMetrics
from litclf.utilities.errors import InputError
from litclf.utilities.files import write_json
from litclf.utilities.statistics import middle, wilson

_RESAMPLES, _MOST_DRAWN = 200, 20_000
"""How often samples are drawn anew for an interval, and how many at most; of more samples it is made narrower."""

_SIDE = 64
"""Pixels of the longer side of an image on the page."""

_DECIDED = ("accuracy", "f1", "precision", "recall")
"""Metrics of the classes that are predicted, whatever their probability."""


@dataclass(frozen=True)
class Score:
    """What a model is worth on N samples.

    Attributes:
        metrics: By log key, such as ``test/accuracy``.
        intervals: The 95 % interval of each: Wilson's of the accuracy, others by bootstrap over the samples.
        folder: Where page, pictures and predictions lie.
        num_samples: N.
    """

    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    folder: Path
    num_samples: int


def score(
    model: LoadedModel, source: Path, folder: Path, target: str | None = None, encoding: str | None = None
) -> Score:
    """Scores new labelled data, and leaves ``report.html``, ``predictions.csv``, ``metrics.json`` and pictures.

    Args:
        model: The model, whose temperature and threshold count.
        source: A CSV, TSV or Parquet file with a column of classes; or a folder of images in folders of classes.
        folder: Where to leave them; made if it is not there.
        target: The column of the classes; None takes that of the training.
        encoding: The encoding of a text file; None tells it by the content.

    Raises:
        InputError: If the data cannot be used, or a sample has no class that the model knows; it names it.
    """
    _check_source(model, source)
    labels = Labels.of(model, source, target)
    found, targets, written, samples = [], [], [], _Samples(model, source)
    for raw, batch in pieces_of(model, source, encoding):
        numbers = labels.numbers(raw)
        if numbers is None or (numbers == NOT_NAMED).any():
            raise labels.refusal(raw, numbers)
        found.append(predict_piece(model, raw, str(source)))
        targets.append(numbers)
        written.append(with_predictions(batch, found[-1], model.class_names, source))
        samples.add(raw)
    folder.mkdir(parents=True, exist_ok=True)
    with row_writer(folder / "predictions.csv") as write:
        for batch in written:
            write(batch)
    predictions, of_all = joined(found), np.concatenate(targets)
    metrics, intervals = measure(model, predictions, of_all)
    _write(model, folder, metrics, intervals, predictions, of_all, samples)
    return Score(metrics, intervals, folder, len(of_all))


def _check_source(model: LoadedModel, source: Path) -> None:
    """Refuses what is not there, and an image alone, which has no class."""
    if not source.exists():
        raise InputError("--input", f"there is no file {source}", "pass a file or folder that exists")
    if model.preparation.kind == "image" and source.is_file():
        rule = f"{source} is one file, which has no class"
        raise InputError("--input", rule, "pass a folder with a folder for each class, or predict it")


def measure(
    model: LoadedModel, predictions: Predictions, targets: NDArray[np.int64]
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """Metrics by log key, and the 95 % interval of each.

    Args:
        model: The model.
        predictions: What it says of N samples.
        targets: The number of the class of each, shape ``(N,)``.
    """
    own = ClassMetrics(len(model.class_names), model.binary)
    positive = model.checkpoint.hparams.get("positive_class")
    own.positive = model.class_names.index(positive) if positive in model.class_names else 1
    probabilities = torch.from_numpy(predictions.probabilities)
    indexes = torch.from_numpy(predictions.indexes)
    scores = probabilities[:, 1] if model.binary else probabilities
    decided = indexes.double() if model.binary else torch.nn.functional.one_hot(indexes, probabilities.shape[1])
    losses, y = _losses(predictions, targets), torch.from_numpy(targets)

    def of(rows: NDArray[np.int64]) -> dict[str, float]:
        drawn = torch.from_numpy(rows)
        values = own.measure(scores[drawn], y[drawn], [len(rows)])
        by_class = own.measure(decided[drawn], y[drawn], [len(rows)])
        values |= {name: by_class[name] for name in _DECIDED}
        return {"test/loss": float(losses[rows].mean())} | {f"test/{name}": float(v[0]) for name, v in values.items()}

    count = len(targets)
    metrics, most = of(np.arange(count)), min(count, _MOST_DRAWN)
    stream = np.random.default_rng(0)
    drawn = pd.DataFrame([of(stream.integers(0, count, most)) for _ in range(_RESAMPLES)])
    narrower = (most / count) ** 0.5
    intervals = {"test/accuracy": wilson(metrics["test/accuracy"], count)}
    for key in metrics.keys() - intervals.keys():
        values = drawn[key].to_numpy()
        if np.isfinite(values).any() and np.isfinite(metrics[key]):
            low, high = ((end - metrics[key]) * narrower + metrics[key] for end in middle(values))
            intervals[key] = (low, high)
    return metrics, intervals


def _losses(predictions: Predictions, targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Cross-entropy of each sample, in nats."""
    own = predictions.probabilities[np.arange(len(targets)), targets]
    return np.asarray(-np.log(np.clip(own, 1e-12, None)))


class _Samples:
    """The raw inputs, as a page shows them."""

    def __init__(self, model: LoadedModel, source: Path) -> None:
        self.columns: list[str] | None = getattr(model.preparation, "columns", None)
        self._source = source
        self._raw: list[Any] = []

    def add(self, raw: Any) -> None:
        """Keeps a piece: its columns, or its paths."""
        self._raw.append(raw if self.columns is None else raw[self.columns])

    def table(self) -> tuple[Sequence[Any], Callable[[int], Any]]:
        """What samples are called, by line or path, and their values, or their images as data URIs, by number."""
        if self.columns is not None:
            rows = pd.concat(self._raw)
            return rows.index.tolist(), lambda number: [_plain(value) for value in rows.iloc[number].tolist()]
        paths: list[Path] = [path for piece in self._raw for path in piece]
        return [str(path.relative_to(self._source)) for path in paths], lambda number: _small(paths[number])


def _small(path: Path) -> str:
    """An image, made small, as a data URI."""
    from litclf.visualization.report.samples import data_uri

    with Image.open(path) as own:
        small = own.convert("L" if own.mode in ("1", "L") else "RGB")
    small.thumbnail((_SIDE, _SIDE))
    return data_uri(np.asarray(small))


def _plain(value: Any) -> float | str:
    """A raw value as a number where it is one; a missing one is empty."""
    if pd.isna(value):
        return ""
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)


def _write(
    model: LoadedModel,
    folder: Path,
    metrics: Mapping[str, float],
    intervals: Mapping[str, tuple[float, float]],
    predictions: Predictions,
    targets: NDArray[np.int64],
    samples: _Samples,
) -> None:
    """Writes ``metrics.json``, ``samples.json``, the pictures and the page."""
    from litclf.visualization.plots import canvas  # loads matplotlib
    from litclf.visualization.plots.confusion import draw_confusion, write_confusion
    from litclf.visualization.plots.reliability import draw_reliability
    from litclf.visualization.report.page import write_report
    from litclf.visualization.report.samples import samples_of

    names = list(model.class_names)
    matrix = np.zeros((len(names),) * 2, dtype=np.int64)
    np.add.at(matrix, (targets, predictions.indexes), 1)
    facts = {"num_test": len(targets), "class_names": names, "confusion": matrix.tolist()}
    content = {**metrics, "intervals": intervals, "checkpoint": str(model.path), "facts": facts}
    write_json(folder / "metrics.json", content)
    losses = _losses(predictions, targets)
    of = (targets, predictions.indexes, predictions.probabilities, losses)
    names_of_samples, shown = samples.table()
    chosen = samples_of(*of, samples.columns, shown, names_of_samples)
    write_json(folder / "samples.json", chosen, indent=None)
    canvas.save(draw_confusion(matrix, names), folder / "confusion_matrix.png")
    write_confusion(folder / "confusion_matrix.csv", matrix, names)
    reliability = draw_reliability(targets, predictions.probabilities, model.binary)
    canvas.save(reliability, folder / "reliability.png")
    write_report(folder)
