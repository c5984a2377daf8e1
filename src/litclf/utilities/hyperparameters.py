"""Hyperparameters: what a constructor was given, as plain values that YAML and checkpoints know."""

from __future__ import annotations

import inspect
from types import FrameType
from typing import Any, cast

import numpy as np
from lightning.pytorch.core.mixins.hparams_mixin import HyperparametersMixin


class PlainHyperparameters(HyperparametersMixin):
    """Keeps numbers of NumPy as Python's, as in a rate of ``np.logspace``, which no checkpoint is read with.

    Example:
        >>> from litclf import BinaryClassifier
        >>> BinaryClassifier(lr=np.logspace(-3, -1, 3)[1], hidden_dims=[np.int64(4)]).hparams["hidden_dims"]
        [4]
    """

    def save_hyperparameters(self, *args: Any, frame: FrameType | None = None, **options: Any) -> None:
        """Saves hyperparameters, the arguments of the caller where none are given, as Lightning does."""
        caller = cast(FrameType, inspect.currentframe()).f_back
        super().save_hyperparameters(*args, frame=frame or caller, **options)
        changed = {name: own for name, value in self.hparams.items() if (own := _as_python(value)) is not value}
        if changed:
            super().save_hyperparameters(changed)


def _as_python(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple) and any(isinstance(part, np.generic) for part in value):
        return [_as_python(part) for part in value]
    return value
