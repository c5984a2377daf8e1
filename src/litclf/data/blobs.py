"""Blobs: Gaussian clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from sklearn.datasets import make_blobs

from litclf.data.base import ClassificationDataModule, Split
from litclf.data.sources.synthetic import split_holdout
from litclf.utilities.checks import not_negative, plain, positive, share
from litclf.utilities.errors import InputError


class BlobsDataModule(ClassificationDataModule):
    """Gaussian clusters, for multiclass or, with merged clusters, binary classification.

    Batches are ``(x, y)``: ``x`` float32 of shape ``(N, num_features)``, unitless; ``y`` int64 of shape ``(N,)``, in
    [0, num_classes).

    Args:
        num_samples: Points over all splits and clusters, at least as many as clusters.
        centers: Number of clusters, drawn uniformly in [-10, 10], or the coordinates of each center.
        cluster_std: Standard deviation of every cluster, in units of the coordinates.
        num_features: Dimensions, at least 1; given by the centers where these are coordinates.
        labels: Class of each cluster, from 0 on without a gap; None makes every cluster a class of its own.
        groups: Draws the clusters in this many equal groups, each starting from the same seed, one group after the
            other; 1 draws all at once.
        holdout: Share of points held out of training, in [0, 1); half of them for validation, half for the test.
        batch_size: Samples of a mini-batch; None for full-batch steps.
        repeat: Passes over the training set in one Trainer epoch.
        steps_per_execution: Most optimizer steps that run as one Trainer batch; ``auto`` chooses for each fit.
        seed: Seed of points and split.

    Raises:
        InputError: If an argument is out of range; the message names it and the value.

    Source: :func:`sklearn.datasets.make_blobs`.

    Example:
        >>> BlobsDataModule(centers=4, labels=[0, 0, 1, 1]).num_classes
        2
    """

    def __init__(
        self,
        num_samples: int = 1000,
        centers: int | list[list[float]] = 4,
        cluster_std: float = 1.5,
        num_features: int = 2,
        labels: list[int] | None = None,
        groups: int = 1,
        holdout: float = 0.2,
        batch_size: int | None = 32,
        repeat: int = 1,
        steps_per_execution: int | Literal["auto"] = "auto",
        seed: int = 42,
    ) -> None:
        super().__init__(batch_size, repeat, steps_per_execution, seed)
        not_negative("cluster_std", cluster_std, 1.5)
        centers, labels = plain(centers), plain(labels)
        share("holdout", holdout)
        if isinstance(centers, int | float):
            positive("centers", centers, 4)
            positive("num_features", num_features, 2)
        elif not centers or any(len(center) != len(centers[0]) or not center for center in centers):
            raise InputError("centers", f"must be rows of the same length, got {centers}", "pass [[0, 0], [5, 5]]")
        positive("num_samples", num_samples, 1000)
        num_clusters = centers if isinstance(centers, int) else len(centers)
        if num_samples < num_clusters:
            raise InputError(
                "num_samples", f"must be at least the {num_clusters} clusters, got {num_samples}", "pass more samples"
            )
        positive("groups", groups, 1)
        if num_clusters % groups or num_samples % groups:
            raise InputError("groups", f"must divide clusters and samples, got {groups}", "pass 1 to draw all at once")
        self.save_hyperparameters()
        self.groups = groups
        self.num_samples, self.centers, self.cluster_std, self.holdout = num_samples, centers, cluster_std, holdout
        self.input_shape = (num_features if isinstance(centers, int) else len(centers[0]),)
        self.labels = _checked_labels(labels, num_clusters)
        self.class_names = tuple(f"class {k}" for k in range(max(self.labels) + 1))

    def load(self) -> dict[str, Split]:
        """Draws the points, gives them their labels and splits them."""
        per_group = len(self.labels) // self.groups
        drawn = []
        for group in range(self.groups):
            own = slice(group * per_group, (group + 1) * per_group)
            x, cluster = make_blobs(
                self.num_samples // self.groups,
                n_features=self.input_shape[0],
                centers=per_group if isinstance(self.centers, int) else np.array(self.centers, dtype=np.float64)[own],
                cluster_std=self.cluster_std,
                random_state=self.seed,
            )
            drawn.append((x, np.array(self.labels[own])[cluster]))
        x, y = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
        return split_holdout(x, y, self.holdout, self.seed)


def _checked_labels(labels: Sequence[int] | None, num_clusters: int) -> list[int]:
    if labels is None:
        return list(range(num_clusters))
    if len(labels) != num_clusters:
        raise InputError(
            "labels", f"must name a class for each of {num_clusters} clusters, got {labels}", "add or drop"
        )
    if set(labels) != set(range(max(labels) + 1)):
        raise InputError("labels", f"must count from 0 without a gap, got {labels}", "number the classes from 0")
    return list(labels)
