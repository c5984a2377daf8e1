"""Loaded model: a trained one outside of training, raw inputs in; classes by name and probabilities out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from litclf.models.decision import Calibration, Decision
from litclf.models.networks.build import build_network
from litclf.models.networks.ensemble import Ensemble, members_of
from litclf.preprocessing.base import Preparation, preparation_from
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.hparams import ARGUMENTS, LEARNED, check_size
from litclf.utilities.batches import eval_batch_size
from litclf.utilities.checks import whole
from litclf.utilities.errors import InputError
from litclf.utilities.threads import threads_for

_ARCHITECTURE = ("network", "input_shape", "hidden_dims", "activation")
"""Hyperparameters that tell the network."""

_PREFIX = "network."
"""What the names of a classifier's weights begin with."""

_ROWS = 20_000
"""Rows of a DataFrame that are prepared at once."""


@dataclass(frozen=True)
class Predictions:
    """What a model says of N inputs.

    Attributes:
        classes: Name of the predicted class of each input.
        probabilities: Probability of each of the C classes, float64 of shape ``(N, C)``; rows sum to 1.
        indexes: Number of the predicted class of each input, int64 of shape ``(N,)``, in [0, C).
    """

    classes: list[str]
    probabilities: NDArray[np.float64]
    indexes: NDArray[np.int64]


@dataclass(frozen=True)
class LoadedModel:
    """A trained model that takes raw inputs; see :func:`load`.

    Attributes:
        checkpoint: What the checkpoint tells of model and data, without its weights.
        network: The network, on the CPU, in evaluation mode; its logits have shape ``(N, 1)`` for two classes told
            apart by one, else ``(N, C)``.
        preparation: Turns raw inputs into the network's.
        decision: Turns logits into probabilities and classes.
        class_names: Names of the C classes.
        calibration: What the checkpoint holds of temperature and threshold, whether it is applied or not.
    """

    checkpoint: Checkpoint
    network: nn.Module
    preparation: Preparation
    decision: Decision
    class_names: tuple[str, ...]
    calibration: Calibration

    def predict(self, raw: Any) -> Predictions:
        """Classes and probabilities of raw inputs.

        Args:
            raw: What the preparation takes: rows of numbers or a DataFrame; for images paths, Pillow images or a uint8
                array. It is worked through a piece at a time.

        Raises:
            InputError: If the raw inputs do not fit; it names row and column, or the file.
        """
        parts = [self.decide(x) for x in self._inputs(raw)]
        return Predictions(
            [name for part in parts for name in part.classes],
            np.concatenate([part.probabilities for part in parts]),
            np.concatenate([part.indexes for part in parts]),
        )

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
        return threads_for(self.network, torch.zeros(1, *self.input_shape), self.batch_size)

    @property
    def batch_size(self) -> int:
        """Samples that go through the network at once, as in validation and test."""
        return eval_batch_size(self.input_shape)

    def logits(self, x: Tensor) -> Tensor:
        """Logits of network inputs ``x``, float32: shape ``(N,)`` of a binary model, ``(N, C)`` of others."""
        with torch.inference_mode():
            logits = torch.cat([self.network(batch) for batch in torch.split(x, self.batch_size)])
        return logits.flatten() if self.binary else logits

    def decide(self, x: Tensor) -> Predictions:
        """Classes and probabilities of network inputs ``x``, float32 of shape ``(N, *input_shape)``."""
        with torch.inference_mode():
            probabilities, indexes = self.decision(self.logits(x).double())
        return Predictions(
            [self.class_names[index] for index in indexes.tolist()], probabilities.numpy(), indexes.numpy()
        )

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
    path: str | Path, calibrated: bool = True, threshold: float | None = None, member: int | None = None
) -> LoadedModel:
    """Loads a trained model, ready for raw inputs.

    Only classes of litclf are built, whatever the file names, and weights are read as plain tensors.

    Args:
        path: A checkpoint; a run folder, whose tested checkpoint is taken; or the folder of all versions of a run, such
            as ``lightning_logs/circles``, of which the latest is taken.
        calibrated: Whether to apply the temperature and threshold that the checkpoint holds.
        threshold: Probability of class 1 above which a binary model predicts it, in (0, 1); None takes the
            checkpoint's, or one half.
        member: Number of the member to take, from 0 on; None takes the mean probability of all, where there are any.

    Raises:
        InputError: If there is no checkpoint, or it is damaged, of another model, or without what raw inputs need.

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
    path, saved = checkpoint.path, checkpoint.hparams
    network = _chosen(_rebuild_network(checkpoint), member, path)
    if "preparation" not in saved:
        rule = f"{path} does not hold how raw inputs are prepared"
        raise InputError("ckpt_path", rule, "fit again, with data of litclf")
    num_classes = int(saved["num_classes"])
    class_names = tuple(map(str, saved.get("class_names") or (f"class {number}" for number in range(num_classes))))
    if len(class_names) != num_classes:
        rule = f"{path} names {len(class_names)} classes of a model with {num_classes}"
        raise InputError("ckpt_path", rule, "pass a checkpoint that litclf wrote")
    calibration = Calibration.from_dict(checkpoint.content.get("calibration", {}))
    temperature, chosen = (calibration.temperature, calibration.threshold) if calibrated else (1.0, 0.5)
    if threshold is not None:
        _check_threshold(threshold, num_classes)
        chosen = threshold
    preparation = preparation_from(saved["preparation"])
    decision = Decision(temperature, chosen)
    return LoadedModel(checkpoint.without_weights(), network, preparation, decision, class_names, calibration)


def _rebuild_network(checkpoint: Checkpoint) -> nn.Module:
    """The network of a classifier with its weights, without Lightning and what it loads."""
    path, saved = checkpoint.path, checkpoint.hparams
    name = saved.get("model_class")
    if name not in ("BinaryClassifier", "MulticlassClassifier"):
        rule = f"{path} is of {name}, which is no classifier of litclf"
        raise InputError("ckpt_path", rule, "load a class of your own in Python, by its load_from_checkpoint")
    if "network" not in saved:
        rule = f"{path} is of a network of one's own"
        raise InputError("ckpt_path", rule, f"load it in Python: {name}.load_from_checkpoint(path, network=...)")
    for argument in saved:
        if argument not in LEARNED | ARGUMENTS:
            raise InputError.unknown(f"{path}: {name}", argument, ARGUMENTS)
    try:
        network_name, shape, hidden_dims, activation = (saved[key] for key in _ARCHITECTURE)
        out_features = 1 if name == "BinaryClassifier" else int(saved["num_classes"])
        build = partial(build_network, network_name, shape, hidden_dims, activation, out_features)
        check_size(build, checkpoint.weights, path)
        with torch.random.fork_rng(devices=[]):  # initial weights are drawn, and thrown away
            network = build()
        if "members" in saved:
            network = _ensemble(network, checkpoint, out_features == 1)
        weights = {
            key.removeprefix(_PREFIX): value for key, value in checkpoint.weights.items() if key.startswith(_PREFIX)
        }
        network.load_state_dict(weights)
    except InputError:
        raise
    except (RuntimeError, KeyError, TypeError, ValueError, AttributeError) as error:
        reason = " ".join(str(error).split())
        rule = f"the weights in {path} do not fit its model: {reason}"
        raise InputError("ckpt_path", rule, "pass a checkpoint that litclf wrote") from error
    for key, value in weights.items():
        if not bool(torch.isfinite(value).all()):
            raise InputError("ckpt_path", f"{_PREFIX}{key} in {path} is not finite", "fit again, with a smaller lr")
    return network.eval()


def _ensemble(network: nn.Module, checkpoint: Checkpoint, binary: bool) -> Ensemble:
    """As many networks as the checkpoint holds weights of."""
    told = checkpoint.content["members"]["diverged"]
    count = int(checkpoint.hparams["members"]["count"])
    if count != len({key.split(".")[2] for key in checkpoint.weights if key.startswith(f"{_PREFIX}members.")}):
        rule = f"{checkpoint.path} tells of {count} members, and holds others"
        raise InputError("ckpt_path", rule, "pass a checkpoint that litclf wrote")
    ensemble = Ensemble.like(network, count, binary)
    ensemble.left = set(map(int, told))
    return ensemble


def _chosen(network: nn.Module, member: int | None, path: Path) -> nn.Module:
    """The network, or one of its members."""
    if member is None:
        return network
    count = len(network.members) if isinstance(network, Ensemble) else 0
    if not count:
        raise InputError("member", f"{path} is of one network", "drop it")
    whole("member", member, 0, count, example=0)
    return members_of(network)[member]


def _check_threshold(threshold: float, num_classes: int) -> None:
    if num_classes != 2:
        rule = f"is for two classes, the model has {num_classes}"
        raise InputError("threshold", rule, "drop it: the most probable class is predicted")
    if not 0 < threshold < 1:
        raise InputError("threshold", f"must lie between 0 and 1, got {threshold}", "pass a value such as 0.5")
