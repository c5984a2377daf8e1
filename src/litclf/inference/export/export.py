"""Export: a trained model as a file for other programs, checked before it counts."""

from __future__ import annotations

import inspect
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule

from litclf.data.base import InMemoryDataModule
from litclf.inference.export.formats import FORMATS, Answer, Format, exporters
from litclf.inference.export.graph import Graph
from litclf.inference.model import LoadedModel
from litclf.inference.own import OwnNetwork
from litclf.models.classifier import Classifier
from litclf.utilities.checks import one_of
from litclf.utilities.errors import InputError
from litclf.utilities.files import replacing, write_json
from litclf.utilities.version import __version__

TOLERANCE = 1e-5
"""Largest difference of a probability that an export may show."""


class ExportError(RuntimeError):
    """An exported file answered otherwise than the model; it has been removed."""


@dataclass(frozen=True)
class Exported:
    """An exported file, and how it was checked; kept in ``export.json`` beside it.

    Attributes:
        file: Its name.
        format: ``onnx``, ``torch``, ``state_dict`` or ``safetensors``.
        checkpoint: Name of the checkpoint.
        split: The split that it was checked on: ``test``, or ``train`` where there is no test split.
        num_samples: Samples of that split, all of which were compared.
        max_difference: Largest difference between a probability of the file and of the model.
        size: Bytes of the file.
        members: Networks inside, whose mean probability is taken; 0 for one network.
        member: Number of the member it is of, from 0 on; None where it is of all there is.
        input: What the file takes.
        temperature: What logits are divided by; inside the graphs of ``onnx`` and ``torch``.
        threshold: Probability of class 1 above which a binary model predicts it; inside these graphs.
        class_names: Names of the classes.
        preparation: How raw inputs become the network's.
    """

    file: str
    format: Format
    checkpoint: str
    split: str
    num_samples: int
    max_difference: float
    size: int
    members: int
    member: int | None
    input: str
    temperature: float
    threshold: float
    class_names: list[str]
    preparation: dict[str, Any]


def export(model: LoadedModel, data: InMemoryDataModule, format: Format, output: Path) -> Exported:
    """Writes ``model`` to a file, and ``export.json`` beside it, once the file has answered as the model does.

    ``onnx`` and ``torch`` hold the whole way from raw numbers or pixels to probabilities and classes; see
    :class:`~litclf.inference.export.graph.Graph`. ``state_dict`` and ``safetensors`` hold the
    weights of the network alone.

    Args:
        model: The model.
        data: The data it was trained with; every sample of its test split is compared.
        format: ``onnx``; ``torch``, a program of :mod:`torch.export`; ``state_dict``, the network's state_dict by
            :func:`torch.save`; or ``safetensors``.
        output: The file to write.

    Raises:
        ExportError: If a probability differs by more than 1e-5, or a class at all; no file is left.
        InputError: If a package is missing, the data does not fit, or the file cannot be written there.
    """
    one_of("format", format, FORMATS)
    _check_data(model, data)
    graph = Graph(model)
    metadata = {
        "litclf": __version__,
        "class_names": json.dumps(model.class_names, ensure_ascii=False),
        "preparation": json.dumps(model.preparation.to_dict(), ensure_ascii=False),
        "temperature": repr(model.decision.temperature),
        "threshold": repr(model.decision.threshold),
        "input": graph.scaling.takes,
        "members": str(model.num_members),
    }
    with replacing(output) as beside:
        with exporters():
            FORMATS[format].write(graph, beside, metadata)
            answer = FORMATS[format].read(beside, graph)
        split, num_samples, difference = _compare(model, graph, data, answer, output)
    exported = Exported(
        output.name,
        format,
        model.path.name,
        split,
        num_samples,
        difference,
        output.stat().st_size,
        model.num_members,
        model.member,
        graph.scaling.takes if format in ("onnx", "torch") else "inputs of the network",
        model.decision.temperature,
        model.decision.threshold,
        list(model.class_names),
        model.preparation.to_dict(),
    )
    _store(exported, output.with_name("export.json"))
    return exported


def loading_lines(model: LoadedModel, path: Path) -> list[str]:
    """The lines of Python that load an exported ``state_dict`` into a new model."""
    saved, wanted = model.checkpoint.hparams, ("network", "hidden_dims", "activation", "input_shape", "num_classes")
    if isinstance(model.network, OwnNetwork):
        held = "{name.removeprefix('module.'): value for name, value in weights.items()}"
        lines = [f"model = {saved['network']}(...).eval()", f'weights = torch.load("{path}", weights_only=True)']
        of = "model" if isinstance(model.network.module, LightningModule) else "model.network"
        return [*lines, f"{of}.load_state_dict({held})"]
    defaults = inspect.signature(Classifier).parameters
    given = {name: saved[name] for name in wanted if saved[name] != defaults[name].default and saved[name] != []}
    arguments = ", ".join(f"{name}={value!r}" for name, value in given.items())
    lines = [f"model = litclf.{saved['model_class']}({arguments}).eval()"]
    if model.num_members:
        lines.insert(0, "from litclf.models.networks.ensemble import Ensemble")
        lines.append(f"model.network = Ensemble.like(model.network, {model.num_members}, binary={model.binary})")
    return [*lines, f'model.network.load_state_dict(torch.load("{path}", weights_only=True))']


def _check_data(model: LoadedModel, data: InMemoryDataModule) -> None:
    needed, offered = model.input_shape, list(data.input_shape)
    if needed != offered:
        rule = f"has inputs of shape {offered}, the model takes {needed}"
        raise InputError("data", rule, "pass the data it was trained with")


def _compare(
    model: LoadedModel, graph: Graph, data: InMemoryDataModule, answer: Answer, output: Path
) -> tuple[str, int, float]:
    """The split that was compared, its number of samples and the largest difference of a probability."""
    split = "test" if len(data.splits["test"].y) else "train"
    with torch.inference_mode():
        # What float32 has lost of a number is lost to both.
        raw = [graph.scaling.raw(x) for x, _ in data.predict_dataloader()]
        answers = [(*answer(x), *model.decision(model.logits(graph.scaling(x)).double())) for x in raw]
    probabilities, classes, expected, expected_classes = (torch.cat(part) for part in zip(*answers, strict=True))
    difference = (probabilities - expected).abs().amax(dim=1)
    # Not a number is no small difference.
    wrong = ~(difference <= TOLERANCE) | (classes != expected_classes)
    if bool(wrong.any()):
        row = int(wrong.nonzero()[0])
        raise ExportError(
            f"{output}: sample {row} of the {split} split has probability "
            f"{float(probabilities[row].max()):.7f} for class {int(classes[row])}, the model "
            f"{float(expected[row].max()):.7f} for class {int(expected_classes[row])}; the file is removed"
        )
    return split, len(classes), float(difference.max())


def _store(exported: Exported, path: Path) -> None:
    """Adds to ``export.json``, which has an entry for each exported file."""
    try:
        earlier = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError:
        earlier = {}
    entries = {**(earlier if isinstance(earlier, dict) else {}), exported.file: asdict(exported)}
    write_json(path, entries)
