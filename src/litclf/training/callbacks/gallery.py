"""Which pictures fit a model and its data."""

from __future__ import annotations

from lightning.pytorch import Callback, LightningDataModule, LightningModule

from litclf.training.callbacks.boundary import DecisionBoundary
from litclf.training.callbacks.curves import Curves
from litclf.training.callbacks.evaluation import ConfusionMatrix, Reliability, RocCurves
from litclf.training.callbacks.gradients import GradientNorms
from litclf.training.callbacks.picture import Picture
from litclf.training.callbacks.restoring import RestoredImage
from litclf.training.callbacks.samples import Predictions, Samples, is_image
from litclf.training.callbacks.scatter import DataScatter


def pictures_for(model: LightningModule, data: LightningDataModule, given: list[Callback]) -> list[Callback]:
    """The callbacks that draw what fits ``model`` and ``data``, without those of a kind that is ``given``."""
    if not isinstance(getattr(data, "splits", None), dict):
        return []
    kinds: list[type[Picture]] = [Curves]
    if hasattr(model, "probabilities") and getattr(data, "class_names", None):
        if tuple(getattr(data, "input_shape", [])) == (2,):
            kinds += [DataScatter, DecisionBoundary]
        kinds += [GradientNorms, ConfusionMatrix, RocCurves, Reliability, Samples]
        if is_image(data):
            kinds.append(Predictions)
    elif hasattr(model, "corruption"):
        kinds.append(RestoredImage)
    return [kind() for kind in kinds if not any(isinstance(callback, kind) for callback in given)]
