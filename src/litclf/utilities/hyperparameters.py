"""Hyperparameters: what a constructor was given, as plain values that YAML and checkpoints know."""

from __future__ import annotations

import inspect
from types import FrameType
from typing import Any, cast

import numpy as np
from lightning.pytorch.core.mixins.hparams_mixin import HyperparametersMixin

from litclf.utilities.checks import plain


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
        given = (_Named(arg) if isinstance(arg, dict) else arg for arg in args)
        super().save_hyperparameters(*given, frame=frame or caller, **options)
        changed = {name: plain(value) for name, value in self.hparams.items() if _is_of_numpy(value)}
        if changed:
            super().save_hyperparameters(_Named(changed))


class _Named(dict[str, Any]):
    """Hyperparameters by name. Lightning asks which argument equals them: an array would answer for each value."""

    __array_ufunc__ = None  # by which NumPy leaves the answer to this class
    __pandas_priority__ = 5000  # by which pandas does


def _is_of_numpy(value: Any) -> bool:
    """Whether numbers of NumPy are in what no checkpoint is read with; a tensor is."""
    if isinstance(value, list | tuple):
        return any(map(_is_of_numpy, value))
    return isinstance(value, np.generic | np.ndarray)
