"""Loaded model: a trained one outside of training, raw inputs in; classes by name and probabilities out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from litclf.inference.network import rebuild_network
from litclf.inference.predictions import Predictions, decided, joined
from litclf.models.decision import Calibration, Decision
from litclf.models.networks.ensemble import Ensemble, mean_logits, members_of
from litclf.preprocessing.base import Preparation, preparation_from
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.read import read_folder
from litclf.utilities.batches import eval_batch_size
from litclf.utilities.errors import InputError
from litclf.utilities.text import listed
from litclf.utilities.threads import threads_for

if TYPE_CHECKING:
    from lightning.pytorch import LightningModule

_ROWS = 20_000
"""Rows of a DataFrame that are prepared at once."""


@dataclass(frozen=True)
class LoadedModel:
    """A trained model that takes raw inputs; see :func:`load`.

    Attributes:
        checkpoint: What the checkpoint tells of model and data, without its weights.
        network: The network, on the CPU, in evaluation mode; its logits have shape ``(N, 1)`` for two classes told
            apart by one, else ``(N, C)``. Of a run with members it is an ensemble of those that have not diverged.
        preparation: Turns raw inputs into the network's.
        decision: Turns logits into probabilities and classes.
        class_names: Names of the C classes.
        calibration: What the checkpoint holds of temperature and threshold, whether it is applied or not; nothing for
            one member, as it is that of all of them together.
        member: Number of the member that was taken, from 0 on; None where the model is all there is.
    """

    checkpoint: Checkpoint
    network: nn.Module
    preparation: Preparation
    decision: Decision
    class_names: tuple[str, ...]
    calibration: Calibration
    member: int | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path}: {', '.join(map(' '.join, self._facts.items()))})"

    def _repr_html_(self) -> str:
        """What a notebook shows of it, with what its run has measured, where that lies beside it."""
        from litclf.visualization.report.card import card  # matplotlib is loaded when something is drawn

        folder = self.checkpoint.folder
        return card(str(self.path), self._facts, read_folder(folder).history, self._boundary(folder), folder)

    def _boundary(self, folder: Path) -> bytes | None:
        """The border that its run has drawn, or one drawn now, as a PNG; None where inputs are no points of a plane."""
        from litclf.inference.plane import draw_plane, is_plane  # loads pandas

        drawn = folder / "boundary.png"
        if drawn.is_file() or not is_plane(self.preparation):
            return drawn.read_bytes() if drawn.is_file() else None
        from litclf.visualization.plots.canvas import png

        try:
            return png(draw_plane(self, {}))
        except InputError:  # its training data is not there any more
            return None

    @property
    def _facts(self) -> dict[str, str]:
        """What is said of it, by labels."""
        saved = self.checkpoint.hparams
        hidden = "-".join(map(str, saved["hidden_dims"])) or "linear"
        network = f"{saved['network']} {'x'.join(map(str, self.input_shape))} > {hidden} > {len(self.class_names)}"
        told = {"network": network, "classes": listed(self.class_names, most=5)}
        told |= {"members": str(self.num_members)} if self.num_members else {}
        return told | ({} if self.member is None else {"member": str(self.member)})

    def predict(self, raw: Any) -> Predictions:
        """Classes and probabilities of raw inputs.

        Args:
            raw: What the preparation takes: rows of numbers or a DataFrame; for images paths, Pillow images or a uint8
                array. It is worked through a piece at a time.

        Raises:
            InputError: If the raw inputs do not fit; it names row and column, or the file.
        """
        return joined([self.decide(x) for x in self._inputs(raw)])

    def probabilities(self, raw: Any) -> NDArray[np.float64]:
        """Probability of each class, float64 of shape ``(N, C)``, of raw inputs as :meth:`predict` takes them."""
        return self.predict(raw).probabilities

    @property
    def path(self) -> Path:
        """The file of the checkpoint."""
        return self.checkpoint.path

    @property
    def binary(self) -> bool:
        """Whether one logit tells two classes apart."""
        return bool(self.checkpoint.hparams["model_class"] == "BinaryClassifier")

    @property
    def input_shape(self) -> list[int]:
        """Shape of one input of the network."""
        return list(self.checkpoint.hparams["input_shape"])

    @property
    def threads(self) -> int:
        """Threads of PyTorch that predicting is worth."""
        network = members_of(self.network)[0]  # members work one by one
        return threads_for(network, torch.zeros(1, *self.input_shape), self.batch_size)

    @property
    def batch_size(self) -> int:
        """Samples that go through the network at once, as in validation and test."""
        return eval_batch_size(self.input_shape)

    @property
    def num_members(self) -> int:
        """Members whose mean probability it gives; 0 where it is one network."""
        return len(self.network.members) if isinstance(self.network, Ensemble) else 0

    def logits(self, x: Tensor) -> Tensor:
        """Logits of network inputs ``x``, float32: shape ``(N,)`` of a binary model, ``(N, C)`` of others."""
        with torch.inference_mode():
            return self._shaped(torch.cat([self.network(batch) for batch in torch.split(x, self.batch_size)]))

    def decide(self, x: Tensor) -> Predictions:
        """Classes and probabilities of network inputs ``x``, float32 of shape ``(N, *input_shape)``."""
        with torch.inference_mode():
            return joined([self._decide(batch) for batch in torch.split(x, self.batch_size)])

    def _decide(self, x: Tensor) -> Predictions:
        if not isinstance(self.network, Ensemble):
            return decided([], self._shaped(self.network(x)), self.decision, self.class_names)
        members = [self._shaped(member(x)) for member in self.network.members]
        return decided(members, mean_logits(members, self.binary), self.decision, self.class_names)

    def _shaped(self, logits: Tensor) -> Tensor:
        return logits.flatten() if self.binary else logits

    def _inputs(self, raw: Any) -> Iterator[Tensor]:
        """The network inputs of ``raw``, a piece after the other where its rows or files can be told after cutting."""
        if hasattr(raw, "iloc"):
            step, rows = _ROWS, raw.iloc
        elif self.preparation.kind == "image" and hasattr(raw, "__len__") and not isinstance(raw, str):
            step, rows = self.batch_size, raw
        else:
            yield self.preparation.inputs(raw)
            return
        for start in range(0, max(len(raw), 1), step):
            yield self.preparation.inputs(rows[start : start + step])


def load(
    path: str | Path,
    calibrated: bool = True,
    threshold: float | None = None,
    member: int | None = None,
    module: LightningModule | None = None,
) -> LoadedModel:
    """Loads a trained model, ready for raw inputs.

    Only classes of litclf are built, whatever the file names, and weights are read as plain tensors.

    Args:
        path: A checkpoint; a run folder, whose tested checkpoint is taken; or the folder of all versions of a run, such
            as ``lightning_logs/circles``, of which the latest is taken.
        calibrated: Whether to apply the temperature and threshold that the checkpoint holds; those of a run with
            members are of all of them together, and are not applied to one.
        threshold: Probability of class 1 above which a binary model predicts it, in (0, 1); None takes the
            checkpoint's, or one half.
        member: Number of the member to take, from 0 on; None takes the mean probability of all, where there are any.
        module: Of a class of your own, or with a network of your own: one made as for training, which is given the
            weights of the checkpoint, and whose ``forward`` gives logits. None for models of litclf.

    Raises:
        InputError: If there is no checkpoint, or it is damaged, of another model, or without what raw inputs need; or
            no such member.

    Example:
        >>> import tempfile
        >>> from litclf import BinaryClassifier, CirclesDataModule, fit
        >>> settings = {"max_epochs": 1, "enable_progress_bar": False, "default_root_dir": tempfile.mkdtemp()}
        >>> run = fit(BinaryClassifier(), CirclesDataModule(), **settings)
        >>> predictions = load(run.folder).predict([[0.0, 0.8], [1.0, 0.0]])
        >>> len(predictions.classes), predictions.probabilities.shape
        (2, (2, 2))
    """
    checkpoint = Checkpoint.tested(Path(path))
    if module is None:
        network = rebuild_network(checkpoint, member)
    else:
        from litclf.inference.own import adopted  # loads Lightning

        checkpoint, network = adopted(checkpoint, module)
    path, saved = checkpoint.path, checkpoint.hparams
    if "preparation" not in saved:
        rule = f"{path} does not hold how raw inputs are prepared"
        raise InputError("ckpt_path", rule, "fit again, with data of litclf")
    num_classes = int(saved["num_classes"])
    class_names = tuple(map(str, saved.get("class_names") or (f"class {number}" for number in range(num_classes))))
    if len(class_names) != num_classes:
        rule = f"{path} names {len(class_names)} classes of a model with {num_classes}"
        raise InputError("ckpt_path", rule, "pass a checkpoint that litclf wrote")
    calibration = Calibration.from_dict(checkpoint.content.get("calibration", {}) if member is None else {})
    temperature, chosen = (calibration.temperature, calibration.threshold) if calibrated else (1.0, 0.5)
    if threshold is not None:
        _check_threshold(threshold, str(saved["model_class"]), num_classes)
        chosen = threshold
    preparation = preparation_from(saved["preparation"])
    decision = Decision(temperature, chosen)
    return LoadedModel(checkpoint.without_weights(), network, preparation, decision, class_names, calibration, member)


def _check_threshold(threshold: float, model_class: str, num_classes: int) -> None:
    if num_classes != 2 or model_class != "BinaryClassifier":
        rule = f"is what one logit of two classes has to exceed, {model_class} has {num_classes}"
        raise InputError("threshold", rule, "drop it: the most probable class is predicted")
    if not 0 < threshold < 1:
        raise InputError("threshold", f"must lie between 0 and 1, got {threshold}", "pass a value such as 0.5")
