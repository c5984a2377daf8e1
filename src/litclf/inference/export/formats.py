"""Export formats: how each is written, and how a file of it is asked."""

from __future__ import annotations

import copy
import json
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple, cast

import torch
from torch import Tensor

from litclf.inference.export.graph import Graph
from litclf.utilities.errors import InputError

Format = Literal["onnx", "torch", "state_dict", "safetensors"]
Answer = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Probabilities and classes of a batch of the graph's inputs."""


class FileFormat(NamedTuple):
    """A format of files.

    Attributes:
        ending: Of the files' names.
        write: Writes a graph to a file, with texts that describe it where the format has room for them.
        read: Opens a file again, given the graph it is of, whose weights are not used.
    """

    ending: str
    write: Callable[[Graph, Path, dict[str, str]], None]
    read: Callable[[Path, Graph], Answer]


def _write_onnx(graph: Graph, path: Path, metadata: dict[str, str]) -> None:
    import onnxscript  # noqa: F401  # torch.onnx needs it, and would say so at length

    program = torch.onnx.export(
        graph,
        (graph.scaling.example,),
        dynamo=True,
        input_names=["input"],
        output_names=["probabilities", "class"],
        dynamic_shapes=({0: "N"},),
        verbose=False,
    )
    assert program is not None, "the dynamo exporter returns a program"
    program.model.metadata_props.update(metadata)
    program.save(path, external_data=False)


def _read_onnx(path: Path, _: Graph) -> Answer:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def answer(x: Tensor) -> tuple[Tensor, Tensor]:
        probabilities, classes = session.run(None, {"input": x.numpy()})
        return torch.from_numpy(probabilities), torch.from_numpy(classes)

    return answer


def _write_torch(graph: Graph, path: Path, metadata: dict[str, str]) -> None:
    program = torch.export.export(graph, (graph.scaling.example,), dynamic_shapes=({0: torch.export.Dim("N")},))
    torch.export.save(program, path, extra_files={"litclf.json": json.dumps(metadata, ensure_ascii=False)})


def _read_torch(path: Path, _: Graph) -> Answer:
    return cast(Answer, torch.export.load(path).module())


def _write_state_dict(graph: Graph, path: Path, _: dict[str, str]) -> None:
    torch.save(graph.network.state_dict(), path)


def _read_state_dict(path: Path, graph: Graph) -> Answer:
    return _with_weights(graph, torch.load(path, weights_only=True))


def _write_safetensors(graph: Graph, beside: Path, metadata: dict[str, str]) -> None:
    from safetensors.torch import save

    weights = {name: weight.contiguous() for name, weight in graph.network.state_dict().items()}
    beside.write_bytes(save(weights, metadata))


def _read_safetensors(path: Path, graph: Graph) -> Answer:
    from safetensors.torch import load_file

    return _with_weights(graph, load_file(path))


def _with_weights(graph: Graph, weights: dict[str, Tensor]) -> Answer:
    """A copy of the graph whose network has nothing but ``weights``."""
    fresh = copy.deepcopy(graph)
    for own in fresh.network.state_dict().values():
        own.zero_()
    fresh.network.load_state_dict(weights)
    return fresh


FORMATS: dict[Format, FileFormat] = {
    "onnx": FileFormat(".onnx", _write_onnx, _read_onnx),
    "torch": FileFormat(".pt2", _write_torch, _read_torch),
    "state_dict": FileFormat(".pt", _write_state_dict, _read_state_dict),
    "safetensors": FileFormat(".safetensors", _write_safetensors, _read_safetensors),
}


@contextmanager
def exporters() -> Iterator[None]:
    """Keeps back what the exporters say of their own inner workings, and names a package that is missing.

    Raises:
        InputError: If one is missing.
        OSError: If there is no folder for temporary files, which they need.
    """
    tempfile.gettempdir()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ModuleNotFoundError as error:
        rule = f"needs the package {error.name}, which is not installed"
        raise InputError("--format", rule, "pip install litclf[export]") from error
