"""Own module: a trained LightningModule of the user's, as the network of a loaded model."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from litclf.inference.rebuild import rebuild_data
from litclf.models.classifier import Classifier
from litclf.runs.checkpoint import Checkpoint
from litclf.utilities.data_spec import DataSpec
from litclf.utilities.errors import InputError

_SIZES = ("input_shape", "num_classes", "class_names")


class OwnNetwork(nn.Module):
    """A module whose ``forward`` gives logits, of shape ``(N, 1)``, ``(N, C)`` or ``(N,)``, which becomes the first.

    Args:
        module: The module.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        """Logits of inputs ``x``, shape ``(N, 1)`` for two classes told apart by one, else ``(N, C)``."""
        logits: Tensor = self.module(x)
        return logits[:, None] if logits.ndim == 1 else logits


def adopted(checkpoint: Checkpoint, module: LightningModule) -> tuple[Checkpoint, nn.Module]:
    """The checkpoint as one of a classifier of litclf, and the network, which has the checkpoint's weights.

    What the checkpoint does not hold of inputs and classes is taken from the data that it was trained with.

    Args:
        checkpoint: The checkpoint.
        module: A module of the class that was trained, with whatever weights.

    Raises:
        InputError: If the weights do not fit, or nothing tells how raw inputs are prepared.
    """
    saved = checkpoint.hparams
    if not {*_SIZES, "preparation"} <= saved.keys():
        spec = DataSpec.of(rebuild_data(checkpoint))
        if spec.preparation is None or not spec.num_classes:
            rule = f"{checkpoint.path} does not hold how raw inputs are prepared, nor does its data"
            raise InputError("ckpt_path", rule, "fit again, with a table, images or rows of litclf")
        own = {"input_shape": list(spec.input_shape), "num_classes": spec.num_classes}
        saved |= own | {"class_names": list(spec.class_names), "preparation": spec.preparation}
    if isinstance(module, Classifier):  # builds its network for the sizes of its data, which need not be there
        module.attach(cast(Any, SimpleNamespace(**{name: saved[name] for name in _SIZES})))
    try:
        module.load_state_dict(checkpoint.weights)
    except (RuntimeError, KeyError, TypeError) as error:
        rule = f"does not fit {checkpoint.path}: {' '.join(str(error).split())}"
        raise InputError("module", rule, "pass a module of the class and the settings that were trained") from error
    inner: nn.Module = module.cpu()
    if isinstance(module, Classifier) and type(module).forward is Classifier.forward and module.network is not None:
        inner = module.network  # without what a fit needs besides
    network = OwnNetwork(inner).eval()
    with torch.inference_mode():
        logits = network(torch.zeros(2, *saved["input_shape"])).shape[1]
    if logits not in {saved["num_classes"], 1 if saved["num_classes"] == 2 else 0}:
        rule = f"gives {logits} values for each input, and there are {saved['num_classes']} classes"
        raise InputError("module", rule, "have its forward give one logit a class, or one for two classes")
    kind = "BinaryClassifier" if logits == 1 else "MulticlassClassifier"
    told: dict[str, Any] = {"network": type(module).__name__, "hidden_dims": [], **saved, "model_class": kind}
    return replace(checkpoint, content={**checkpoint.content, "hyper_parameters": told}), network
