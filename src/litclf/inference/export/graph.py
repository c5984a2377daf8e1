"""Export graph: a trained model as one tensor program, from raw numbers or pixels to probabilities and classes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from litclf.inference.model import LoadedModel
from litclf.preprocessing.base import Preparation
from litclf.utilities.errors import InputError
from litclf.utilities.text import listed


class Rows(nn.Module):
    """Rows of numbers, as they are.

    Attributes:
        takes: What ``forward`` takes, in words.
        example: Two such inputs.
    """

    def __init__(self, columns: list[str]) -> None:
        super().__init__()
        self.takes = f"float32 of shape (N, {len(columns)}): {listed(columns)}"
        self.example = torch.zeros(2, len(columns))

    def forward(self, x: Tensor) -> Tensor:
        """The network inputs of raw ones."""
        return x

    def raw(self, x: Tensor) -> Tensor:
        """The raw inputs of the network's."""
        return x


class Pixels(nn.Module):
    """Images of the size that the network takes, as bytes.

    Attributes:
        takes: What ``forward`` takes, in words.
        example: Two such inputs.
    """

    def __init__(self, shape: list[int]) -> None:
        super().__init__()
        self.takes = f"uint8 of shape (N, {', '.join(map(str, shape))}): pixels from 0 to 255"
        self.example = torch.zeros(2, *shape, dtype=torch.uint8)

    def forward(self, x: Tensor) -> Tensor:
        """Pixels in [0, 1], float32."""
        return x.to(torch.float32) / 255

    def raw(self, x: Tensor) -> Tensor:
        """Pixels from 0 to 255, uint8."""
        return (x * 255).round().to(torch.uint8)


class TableRows(nn.Module):
    """Rows of a table in float64, which keeps what float32 would lose of large numbers before they are standardised.

    A missing number is NaN. A category is its place in the preparation's list of that column, from 0 on; any other
    number stands for one that is not in the list.

    Args:
        preparation: A :class:`~litclf.preprocessing.table.TablePreparation`, described as plain numbers and strings.

    Attributes:
        takes: What ``forward`` takes, in words.
        example: Two such inputs.
    """

    mean: Tensor
    scale: Tensor
    fill: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, preparation: Preparation) -> None:
        super().__init__()
        described = preparation.to_dict()
        columns, numbers, categories = (described[name] for name in ("columns", "numbers", "categories"))
        for name in ("mean", "scale", "fill"):
            values = [number[name] for number in numbers.values()]
            self.register_buffer(name, torch.tensor(values, dtype=torch.float64))
        bins = [(p, *ends) for p, own in enumerate(numbers.values()) for ends in pairwise(own.get("edges", []))]
        self.binned = [place for place, _, _ in bins]
        for name, end in (("low", 1), ("high", 2)):
            self.register_buffer(name, torch.tensor([own[end] for own in bins], dtype=torch.float64))
        self.numbers = [columns.index(name) for name in numbers]
        self.marked = [place for place, number in enumerate(numbers.values()) if number["indicator"]]
        self.categories = [(columns.index(name), len(known)) for name, known in categories.items()]
        coded = f"; {listed(categories)} as places in the lists of the preparation" if categories else ""
        self.takes = f"float64 of shape (N, {len(columns)}): {listed(columns)}; NaN where a number is missing{coded}"
        self.example = torch.zeros(2, len(columns), dtype=torch.float64)

    def forward(self, x: Tensor) -> Tensor:
        """The network inputs, float32, of raw ones, float64 of shape ``(N, columns)``."""
        numbers = x[:, self.numbers]
        missing = numbers.isnan()
        filled = torch.where(missing, self.fill, numbers)
        parts = [(filled - self.mean) / self.scale, missing[:, self.marked]]
        parts += [x[:, place, None] == torch.arange(known) for place, known in self.categories]
        if self.binned:
            parts.append(((filled[:, self.binned] - self.low) / (self.high - self.low)).clamp(0, 1))
        return torch.cat([part.to(torch.float32) for part in parts], dim=1)

    def raw(self, x: Tensor) -> Tensor:
        """Raw inputs that have the network inputs ``x``."""
        end, marks = len(self.numbers), len(self.marked)
        rows = torch.empty(len(x), self.example.shape[1], dtype=torch.float64)
        numbers = x[:, :end].double() * self.scale + self.mean
        for mark, place in enumerate(self.marked):
            numbers[:, place][x[:, end + mark] > 0] = float("nan")
        rows[:, self.numbers] = numbers
        first = end + marks
        for place, known in self.categories:
            shares = x[:, first : first + known]
            rows[:, place] = torch.where(shares.any(dim=1), shares.argmax(dim=1), -1).double()
            first += known
        return rows


class Graph(nn.Module):
    """What is exported: scaling, network, temperature, softmax or sigmoid, and the choice of the class.

    ``forward`` takes what ``scaling`` takes, and returns probabilities, float32 of shape ``(N, C)``, and classes,
    int64 of shape ``(N,)``.

    Args:
        model: The trained model.

    Attributes:
        scaling: Turns raw inputs into the network's: :class:`Rows`, :class:`Pixels` or :class:`TableRows`.
        network: The network alone, which returns logits.
    """

    def __init__(self, model: LoadedModel) -> None:
        super().__init__()
        self.network, self.decision, self.binary = model.network, model.decision, model.binary
        self.scaling = _scaling(model.preparation, model.input_shape)
        self.eval()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities and classes of raw inputs."""
        logits = self.network(self.scaling(x))
        probabilities, classes = self.decision(logits.flatten() if self.binary else logits)
        return probabilities, classes


def _scaling(preparation: Preparation, shape: list[int]) -> Rows | Pixels | TableRows:
    if preparation.kind == "image":
        return Pixels(shape)
    if preparation.kind == "table":
        return TableRows(preparation)
    if int(np.prod(shape)) != len(columns := preparation.to_dict()["columns"]):
        raise InputError("preparation", f"has {len(columns)} columns, the network takes {shape}", "fit again")
    return Rows(columns)
