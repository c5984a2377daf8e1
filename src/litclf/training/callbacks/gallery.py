"""Gallery: which pictures fit a model and its data."""

from __future__ import annotations

from collections.abc import Mapping

from lightning.pytorch import Callback, LightningDataModule, LightningModule

from litclf.data.base import InMemoryDataModule
from litclf.models.classifier import Classifier
from litclf.models.restoration import ImageRestoration
from litclf.training.callbacks.boundary import DecisionBoundary
from litclf.training.callbacks.curves import Curves
from litclf.training.callbacks.evaluation import ConfusionMatrix, Reliability, RocCurves
from litclf.training.callbacks.gradients import GradientNorms
from litclf.training.callbacks.member_pictures import MemberPictures
from litclf.training.callbacks.picture import Picture
from litclf.training.callbacks.restoring import RestoredImage
from litclf.training.callbacks.samples import Predictions, Samples
from litclf.training.callbacks.scatter import DataScatter
from litclf.utilities.data_spec import DataSpec


def pictures_for(
    model: LightningModule, data: LightningDataModule, given: list[Callback], marks: Mapping[str, float] | None = None
) -> list[Callback]:
    """The callbacks that draw what fits ``model`` and ``data``, without those of a kind that is ``given``.

    Args:
        model: The model.
        data: Its data.
        given: Callbacks that there are already.
        marks: Values by log key that members are held against.
    """
    if not isinstance(data, InMemoryDataModule):
        return []
    spec = DataSpec.of(data)
    kinds: list[type[Picture]] = [Curves]
    if isinstance(model, Classifier) and spec.class_names:
        if spec.input_shape == (2,):
            kinds += [DataScatter, DecisionBoundary]
        kinds += [GradientNorms, ConfusionMatrix, RocCurves, Reliability, Samples]
        if spec.is_image:
            kinds.append(Predictions)
    elif isinstance(model, ImageRestoration):
        kinds.append(RestoredImage)
    pictures = [kind() for kind in kinds if not any(isinstance(callback, kind) for callback in given)]
    if isinstance(model, Classifier) and model.members is not None:
        pictures.append(MemberPictures(marks or {}))
    return list(pictures)
