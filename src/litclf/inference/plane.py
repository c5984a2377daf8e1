"""Plane: the border between classes of a trained model of two numbers, with its training points, and a point of one's
own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from litclf.inference.predictions import Predictions
from litclf.preprocessing.base import Preparation
from litclf.preprocessing.table import TablePreparation
from litclf.runs.checkpoint import Checkpoint

if TYPE_CHECKING:  # matplotlib is loaded when something is drawn
    from matplotlib.figure import Figure


class Predictor(Protocol):
    """What is asked of a trained model; see :class:`~litclf.inference.model.LoadedModel`."""

    @property
    def checkpoint(self) -> Checkpoint:
        """What its checkpoint tells of model and data."""

    @property
    def preparation(self) -> Preparation:
        """What turns raw inputs into the network's."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of its classes."""

    def predict(self, raw: Any) -> Predictions:
        """Classes and probabilities of raw inputs."""


def is_plane(preparation: Preparation) -> bool:
    """Whether an input is two numbers and nothing else."""
    plain = preparation.kind == "array" or (isinstance(preparation, TablePreparation) and not preparation.categories)
    return plain and len(getattr(preparation, "columns", ())) == 2


def draw_plane(model: Predictor, changes: Mapping[str, Any], point: NDArray[Any] | None = None) -> Figure:
    """Draws the border between classes with the training points, in the units of the rows.

    Args:
        model: A model for whose preparation :func:`is_plane` holds.
        changes: Arguments of the training data that are to be others, such as where it lies.
        point: A point of one's own, shape ``(1, 2)``, which is marked by a star; None for none.

    Raises:
        InputError: If the training data cannot be built.
    """
    from litclf.inference.rebuild import rebuild_data  # loads Lightning
    from litclf.visualization.plots.boundary import draw_boundary, mesh_points  # loads matplotlib
    from litclf.visualization.plots.canvas import new_figure

    train = rebuild_data(model.checkpoint, changes).splits["train"]
    own = np.empty((0, 2)) if point is None else point
    columns: list[str] = getattr(model.preparation, "columns", [])
    # The point is one of those that the plane is drawn around.
    x = np.concatenate([_raw_numbers(model.preparation, train.x.numpy()), own])
    predicted, mesh = (model.predict(pd.DataFrame(rows, columns=columns)) for rows in (x, mesh_points(x)))
    y = np.concatenate([train.y.numpy(), predicted.indexes[len(train.y) :]])
    figure, ((axes,),) = new_figure()
    draw_boundary(axes, x, y, mesh.probabilities, predicted.indexes, model.class_names)
    axes.plot(*own.T, "*", color="black", markeredgecolor="white", markersize=16, zorder=6)
    return figure


def _raw_numbers(preparation: Preparation, x: NDArray[Any]) -> NDArray[Any]:
    """The numbers of rows in their own units, shape ``(N, columns)``, of the network's inputs."""
    if not isinstance(preparation, TablePreparation):
        return x
    scaling = [preparation.numbers[name] for name in preparation.columns]
    mean, scale = (np.array([number[key] for number in scaling]) for key in ("mean", "scale"))
    return np.asarray(x[:, : len(scaling)] * scale + mean)
