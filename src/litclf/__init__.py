"""Train, watch, check and ship classifiers with Lightning.

The public names are loaded on first use, so that ``import litclf`` and ``litclf --help`` do not pay for PyTorch.

Example:
    >>> import litclf
    >>> sorted(litclf.__all__)[:3]
    ['BinaryClassifier', 'BlobsDataModule', 'CirclesDataModule']
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from litclf.checks import InputError
    from litclf.data.base import ClassificationDataModule
    from litclf.data.blobs import BlobsDataModule
    from litclf.data.circles import CirclesDataModule
    from litclf.data.mnist import MNISTDataModule
    from litclf.data.restoration import RestorationDataModule
    from litclf.data.table import TableDataModule
    from litclf.models.base import Classifier
    from litclf.models.binary import BinaryClassifier
    from litclf.models.multiclass import MulticlassClassifier
    from litclf.models.restoration import ImageRestoration
    from litclf.run import RunResult, fit

__version__ = "0.1.0"

_HOMES = {
    "BinaryClassifier": "litclf.models.binary",
    "BlobsDataModule": "litclf.data.blobs",
    "CirclesDataModule": "litclf.data.circles",
    "ClassificationDataModule": "litclf.data.base",
    "Classifier": "litclf.models.base",
    "ImageRestoration": "litclf.models.restoration",
    "InputError": "litclf.checks",
    "MNISTDataModule": "litclf.data.mnist",
    "MulticlassClassifier": "litclf.models.multiclass",
    "RestorationDataModule": "litclf.data.restoration",
    "RunResult": "litclf.run",
    "TableDataModule": "litclf.data.table",
    "fit": "litclf.run",
}

__all__ = [
    "BinaryClassifier",
    "BlobsDataModule",
    "CirclesDataModule",
    "ClassificationDataModule",
    "Classifier",
    "ImageRestoration",
    "InputError",
    "MNISTDataModule",
    "MulticlassClassifier",
    "RestorationDataModule",
    "RunResult",
    "TableDataModule",
    "fit",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'litclf' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
