"""Train, watch, check and ship classifiers with Lightning.

The public names are loaded on first use, so that ``import litclf`` and ``litclf --help`` do not pay for PyTorch.

Example:
    >>> import litclf
    >>> sorted(litclf.__all__)[:3]
    ['AutoClassifier', 'BinaryClassifier', 'BlobsDataModule']
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from litclf.data.registry import DATAMODULES
from litclf.models.registry import MODELS
from litclf.utilities.compiler import defer_compiler
from litclf.utilities.deferred import defer
from litclf.utilities.version import __version__

if TYPE_CHECKING:
    from litclf.data.base import ClassificationDataModule
    from litclf.data.blobs import BlobsDataModule
    from litclf.data.circles import CirclesDataModule
    from litclf.data.images import ImagesDataModule
    from litclf.data.mnist import MNISTDataModule
    from litclf.data.restoration import RestorationDataModule
    from litclf.data.table import TableDataModule
    from litclf.inference.model import LoadedModel, load
    from litclf.inference.predictions import Predictions
    from litclf.models.auto import AutoClassifier
    from litclf.models.binary import BinaryClassifier
    from litclf.models.classifier import Classifier
    from litclf.models.multiclass import MulticlassClassifier
    from litclf.models.restoration import ImageRestoration
    from litclf.studies.cross_validation import CrossValidated, cross_validate
    from litclf.studies.estimator import LitClassifier
    from litclf.training.run import RunResult, fit
    from litclf.utilities.errors import InputError

defer()
defer_compiler()

_HOMES = {
    **DATAMODULES.homes,
    **MODELS.homes,
    "CrossValidated": "litclf.studies.cross_validation",
    "InputError": "litclf.utilities.errors",
    "LitClassifier": "litclf.studies.estimator",
    "LoadedModel": "litclf.inference.model",
    "Predictions": "litclf.inference.predictions",
    "RunResult": "litclf.training.run",
    "cross_validate": "litclf.studies.cross_validation",
    "fit": "litclf.training.run",
    "load": "litclf.inference.model",
}

__all__ = [
    "AutoClassifier",
    "BinaryClassifier",
    "BlobsDataModule",
    "CirclesDataModule",
    "ClassificationDataModule",
    "Classifier",
    "CrossValidated",
    "ImageRestoration",
    "ImagesDataModule",
    "InputError",
    "LitClassifier",
    "LoadedModel",
    "MNISTDataModule",
    "MulticlassClassifier",
    "Predictions",
    "RestorationDataModule",
    "RunResult",
    "TableDataModule",
    "__version__",
    "cross_validate",
    "fit",
    "load",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'litclf' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
