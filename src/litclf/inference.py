"""A trained model outside of training: raw inputs in; classes by name and probabilities out."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import litclf
from litclf.calibration import Calibration, Decision
from litclf.checkpoints import read_checkpoint
from litclf.checks import InputError
from litclf.data.base import InMemoryDataModule
from litclf.models.base import Classifier
from litclf.prepare import Preparation, preparation_from

Part = TypeVar("Part", Classifier, InMemoryDataModule)

_BATCH_SIZE, _BATCH_NUMBERS = 1000, 4_000_000
"""Most samples, and most numbers of their inputs, that go through the network at once, as in validation and test."""

_ROWS = 20_000
"""Rows of a DataFrame that are prepared at once."""

_NO_ARGUMENTS = {"model_class", "class_names", "preparation", "weights_path"}
"""Hyperparameters that the model's constructor is not given; no file is read that a checkpoint names."""

_OTHER = "pass a checkpoint that litclf wrote"


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
        path: The checkpoint.
        model: The model, on the CPU, in evaluation mode.
        preparation: Turns raw inputs into the network's.
        decision: Turns logits into probabilities and classes.
        class_names: Names of the C classes.
        calibration: What the checkpoint holds of temperature and threshold, whether it is applied or not.
    """

    path: Path
    model: Classifier
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
        parts = [self._decide(x) for x in self._inputs(raw)]
        probabilities, indexes = (torch.cat(part).numpy() for part in zip(*parts, strict=True))
        return Predictions([self.class_names[index] for index in indexes.tolist()], probabilities, indexes)

    def probabilities(self, raw: Any) -> NDArray[np.float64]:
        """Probability of each class, float64 of shape ``(N, C)``, of raw inputs as :meth:`predict` takes them."""
        return self.predict(raw).probabilities

    @property
    def batch_size(self) -> int:
        """Samples that go through the network at once: large images make large activations."""
        numbers: int = prod(self.model.hparams["input_shape"])
        return max(1, min(_BATCH_SIZE, _BATCH_NUMBERS // numbers))

    def logits(self, x: Tensor) -> Tensor:
        """Logits of network inputs ``x``, float32: shape ``(N,)`` of a binary model, ``(N, C)`` of others."""
        with torch.inference_mode():
            return torch.cat([self.model(batch) for batch in torch.split(x, self.batch_size)])

    def _decide(self, x: Tensor) -> tuple[Tensor, Tensor]:
        with torch.inference_mode():
            probabilities, indexes = self.decision(self.logits(x).double())
        return probabilities, indexes

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


def load(path: str | Path, calibrated: bool = True, threshold: float | None = None) -> LoadedModel:
    """Loads a trained model, ready for raw inputs.

    Only classes of litclf are built, whatever the file names, and weights are read as plain tensors.

    Args:
        path: A checkpoint; a run folder, whose ``checkpoints/best.ckpt`` is taken; or the folder of all versions of a
            run, such as ``lightning_logs/circles``, whose latest is taken.
        calibrated: Whether to apply the temperature and threshold that the checkpoint holds.
        threshold: Probability of class 1 above which a binary model predicts it, in (0, 1); None takes the
            checkpoint's, or one half.

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
    path = find_checkpoint(Path(path))
    checkpoint = read_checkpoint(path)
    saved = checkpoint["hyper_parameters"]
    model = _rebuild_model(checkpoint, path)
    if "preparation" not in saved:
        rule = f"{path} does not hold how raw inputs are prepared"
        raise InputError("ckpt_path", rule, "fit again, with data of litclf")
    num_classes = int(saved["num_classes"])
    class_names = tuple(map(str, saved.get("class_names") or (f"class {number}" for number in range(num_classes))))
    if len(class_names) != num_classes:
        rule = f"{path} names {len(class_names)} classes of a model with {num_classes}"
        raise InputError("ckpt_path", rule, _OTHER)
    calibration = Calibration.from_dict(checkpoint.get("calibration", {}))
    temperature, chosen = (calibration.temperature, calibration.threshold) if calibrated else (1.0, 0.5)
    if threshold is not None:
        _check_threshold(threshold, num_classes)
        chosen = threshold
    preparation = preparation_from(saved["preparation"])
    return LoadedModel(path, model, preparation, Decision(temperature, chosen), class_names, calibration)


def load_data(path: str | Path, changes: Mapping[str, Any] | None = None) -> InMemoryDataModule:
    """Builds the data that a checkpoint was trained with anew, of litclf's own classes only.

    Args:
        path: As :func:`load` takes it.
        changes: Arguments of the data that are to be others, such as the folder it lies in.

    Raises:
        InputError: If the checkpoint does not hold them, or an argument is unknown.
    """
    path = find_checkpoint(Path(path))
    checkpoint = read_checkpoint(path)
    kinds = [kind for name in litclf.__all__ if name in checkpoint and (kind := _own_class(name, InMemoryDataModule))]
    if not kinds:
        rule = f"{path} was trained with data that is none of litclf's"
        raise InputError("ckpt_path", rule, "pass a checkpoint of a fit with litclf's data")
    arguments = {**checkpoint.get("datamodule_hyper_parameters", {}), **(changes or {})}
    return _built(kinds[0], arguments, f"{path}: {kinds[0].__name__}")


def find_checkpoint(path: Path) -> Path:
    """The checkpoint that ``path`` means: itself, the best of a run folder, or that of the latest version below it.

    Raises:
        InputError: If there is none.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise InputError("ckpt_path", f"there is no file {path}", "pass RUN/checkpoints/best.ckpt, or a run folder")
    versions = [folder for folder in path.glob("version_*") if folder.name[8:].isdigit()]
    run = max(versions, key=lambda folder: int(folder.name[8:]), default=path)
    best = run / "checkpoints" / "best.ckpt"
    if not best.is_file():
        others = sorted(str(other) for other in best.parent.glob("*.ckpt"))
        raise InputError("ckpt_path", f"there is no {best}", f"pass {others[0]}" if others else "fit to the end first")
    return best


def _rebuild_model(checkpoint: dict[str, Any], path: Path) -> Classifier:
    saved = checkpoint["hyper_parameters"]
    name = saved.get("model_class")
    kind = _own_class(str(name), Classifier)
    if kind is None:
        rule = f"{path} is of {name}, which is no classifier of litclf"
        raise InputError("ckpt_path", rule, "load a class of your own in Python, by its load_from_checkpoint")
    if "network" not in saved:
        rule = f"{path} is of a network of one's own"
        raise InputError("ckpt_path", rule, f"load it in Python: {name}.load_from_checkpoint(path, network=...)")
    arguments = {key: value for key, value in saved.items() if key not in _NO_ARGUMENTS}
    with torch.random.fork_rng(devices=[]):  # initial weights are drawn, and thrown away
        model = _built(kind, arguments, f"{path}: {name}")
    try:
        model.on_load_checkpoint(checkpoint)
        model.load_state_dict(checkpoint["state_dict"])
    except (RuntimeError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise InputError("ckpt_path", f"the weights in {path} do not fit its model: {reason}", _OTHER) from error
    for key, weights in model.state_dict().items():
        if not bool(torch.isfinite(weights).all()):
            raise InputError("ckpt_path", f"{key} in {path} is not finite", "fit again, with a smaller lr")
    return model.eval()


def _own_class(name: str, base: type[Part]) -> type[Part] | None:
    """The class of litclf with that name; nothing is imported by a name that a file holds."""
    kind = getattr(litclf, name) if name in litclf.__all__ else None
    return kind if inspect.isclass(kind) and issubclass(kind, base) else None


def _built(kind: type[Part], arguments: dict[str, Any], where: str) -> Part:
    known = inspect.signature(kind).parameters
    for argument in arguments:
        if argument not in known:
            raise InputError.unknown(where, str(argument), known)
    try:
        return kind(**arguments)
    except InputError as error:
        raise InputError(f"{where}: {error.where}", error.what, error.fix) from error
    except (TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise InputError(where, f"gets what it cannot take: {' '.join(str(error).split())}", _OTHER) from error


def _check_threshold(threshold: float, num_classes: int) -> None:
    if num_classes != 2:
        rule = f"is for two classes, the model has {num_classes}"
        raise InputError("threshold", rule, "drop it: the most probable class is predicted")
    if not 0 < threshold < 1:
        raise InputError("threshold", f"must lie between 0 and 1, got {threshold}", "pass a value such as 0.5")
