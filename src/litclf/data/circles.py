"""Circles: two concentric ones in the plane."""

from __future__ import annotations

from typing import Literal

from sklearn.datasets import make_circles

from litclf.data.base import ClassificationDataModule, Split
from litclf.data.sources.synthetic import split_holdout
from litclf.utilities.checks import not_negative, share, whole


class CirclesDataModule(ClassificationDataModule):
    """Two concentric circles in the plane, for binary classification.

    Batches are ``(x, y)``: ``x`` float32 of shape ``(N, 2)``, unitless; ``y`` int64 of shape ``(N,)``, 0 for the
    outer and 1 for the inner circle.

    Args:
        num_samples: Points over all splits, at least 10.
        noise: Standard deviation of the Gaussian noise, in radii of the outer circle.
        factor: Radius of the inner circle, in [0, 1), in radii of the outer one.
        holdout: Share of points held out of training, in [0, 1); half of them for validation, half for the test.
        batch_size: Samples of a mini-batch; None for full-batch steps.
        repeat: Passes over the training set in one Trainer epoch.
        steps_per_execution: Most optimizer steps that run as one Trainer batch; ``auto`` chooses for each fit.
        seed: Seed of points and split.

    Raises:
        InputError: If an argument is out of range; the message names it and the value.

    Source: :func:`sklearn.datasets.make_circles`.

    Example:
        >>> data = CirclesDataModule(num_samples=100)
        >>> data.num_classes, data.input_shape, len(data.splits["train"].y)
        (2, (2,), 80)
    """

    input_shape = (2,)
    class_names = ("outer", "inner")

    def __init__(
        self,
        num_samples: int = 1000,
        noise: float = 0.03,
        factor: float = 0.8,
        holdout: float = 0.2,
        batch_size: int | None = 32,
        repeat: int = 1,
        steps_per_execution: int | Literal["auto"] = "auto",
        seed: int = 42,
    ) -> None:
        super().__init__(batch_size, repeat, steps_per_execution, seed)
        whole("num_samples", num_samples, 10, example=1000)
        not_negative("noise", noise, 0.1)
        share("factor", factor)
        share("holdout", holdout)
        self.save_hyperparameters()
        self.num_samples, self.noise, self.factor, self.holdout = num_samples, noise, factor, holdout

    def load(self) -> dict[str, Split]:
        """Draws the points and splits them."""
        x, y = make_circles(self.num_samples, noise=self.noise, factor=self.factor, random_state=self.seed)
        return split_holdout(x, y, self.holdout, self.seed)
