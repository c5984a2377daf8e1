"""Shown result: what a fit leaves, as a line of text and as a notebook shows it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer

from litclf.data.base import ClassificationDataModule
from litclf.models.classifier import Classifier
from litclf.runs.history import History
from litclf.runs.read import read_rows
from litclf.training.callbacks.picture import logits_of, some_of
from litclf.utilities.data_spec import data_of

_MOST_POINTS = 1000


def line_of(folder: Path | None, metrics: Mapping[str, Any]) -> str:
    """Where a run lies, what its test or validation came to, and what the fit took.

    Example:
        >>> line_of(Path("circles/version_0"), {"test/accuracy": 0.5, "global_step": 20, "fit_seconds": 0.25})
        'circles/version_0: test/accuracy 0.5000, 20 steps in 0.25 s'
    """
    stage = next((stage for stage in ("test", "val", "train") if f"{stage}/loss" in metrics), "test")
    members = metrics.get("members")
    told = []
    for key in (f"{stage}/accuracy", f"{stage}/loss"):
        if members is not None and key in members["metrics"]:
            own = members["metrics"][key]
            told.append(f"{key} {own['mean']:.4f} ({own['low']:.3f} to {own['high']:.3f})")
        elif key in metrics:
            interval = History(metrics, metrics.get("facts") or {}, []).interval(stage) if "acc" in key else None
            told.append(
                f"{key} {metrics[key]:.4f}" + (f" ({interval[0]:.3f} to {interval[1]:.3f})" if interval else "")
            )
    told += [] if members is None else [f"{len(members['seeds'])} members"]
    took = f"{metrics.get('global_step', 0)} steps in {metrics.get('fit_seconds', 0.0):.2f} s"
    return f"{'nothing kept' if folder is None else folder}: {', '.join([*told, took])}"


def html_of(folder: Path | None, metrics: Mapping[str, Any], model: LightningModule, trainer: Trainer) -> str:
    """The results of a run in a table, its curves, its border in the plane, and the link to its report, as HTML."""
    from litclf.visualization.report.card import card  # matplotlib is loaded when something is drawn

    history = History(metrics, metrics.get("facts") or {}, [] if folder is None else read_rows(folder / "metrics.csv"))
    facts = {
        "steps": str(metrics.get("global_step", 0)),
        "seconds": f"{metrics.get('fit_seconds', 0.0):.2f}",
        "seed": str(metrics.get("seed", "")),
        "engine": str(metrics.get("engine", "")),
    }
    drawn = None if folder is None else folder / "boundary.png"
    boundary = drawn.read_bytes() if drawn is not None and drawn.is_file() else _boundary(model, trainer)
    return card("nothing kept" if folder is None else str(folder), facts, history, boundary, folder)


def _boundary(model: LightningModule, trainer: Trainer) -> bytes | None:
    """The border between classes in the plane, as the content of a PNG file; None where inputs are no points of it."""
    data = data_of(trainer)
    in_plane = isinstance(data, ClassificationDataModule) and tuple(data.input_shape) == (2,)
    if not isinstance(model, Classifier) or not isinstance(data, ClassificationDataModule) or not in_plane:
        return None
    from litclf.visualization.plots.boundary import BoundaryFilm

    x, y = some_of(data, "train", _MOST_POINTS)
    film = BoundaryFilm(x.cpu().numpy(), y.cpu().numpy(), data.class_names)
    over_mesh = model.probabilities(logits_of(model, data, torch.from_numpy(film.points)))
    film.draw(over_mesh.numpy(), model.classes(logits_of(model, data, x)).numpy(), "training points")
    return film.png()
