"""Networks of torchvision: by name, fitted to the size, the channels and the classes of the data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision import models

from litclf.utilities.errors import InputError

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of red, green and blue in ImageNet, on which the weights of torchvision were trained."""


@cache
def backbone_names() -> tuple[str, ...]:
    """Names of torchvision's classification networks.

    Example:
        >>> backbone_names()[0], "resnet18" in backbone_names()
        ('alexnet', True)
    """
    return tuple(models.list_models(module=models))


class Backbone(nn.Module):
    """A classification network of torchvision, with a last layer for the classes at hand.

    Takes pixels in [0, 1] and standardises them as torchvision's weights want it. For grey images the first
    convolution takes one channel; weights for colour are then summed over red, green and blue, which gives a grey image
    the outputs it would have in colour.

    Args:
        name: A name of :func:`backbone_names`.
        input_shape: Shape ``(channels, height, width)`` of one image.
        out_features: Number of logits.
        weights_path: File of weights as torchvision publishes them; None draws random ones. The last layer keeps its
            random weights where the file's is for another number of classes. Nothing is ever downloaded.

    Raises:
        InputError: If inputs are no images or too small for the network, or the weights do not fit.

    Source: :mod:`torchvision.models`.

    Example:
        >>> Backbone("resnet18", (1, 32, 32), 5)(torch.zeros(2, 1, 32, 32)).shape
        torch.Size([2, 5])
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, name: str, input_shape: Sequence[int], out_features: int, weights_path: str | Path | None = None
    ) -> None:
        super().__init__()
        if len(input_shape) != 3 or input_shape[0] not in (1, 3):
            rule = f"{name} needs images, grey or in colour, got inputs of shape {tuple(input_shape)}"
            raise InputError("network", rule, "pass mlp")
        channels = input_shape[0]
        mean, std = torch.tensor(_MEAN)[:, None, None], torch.tensor(_STD)[:, None, None]
        self.register_buffer("mean", mean if channels == 3 else mean.mean(0, keepdim=True), persistent=False)
        self.register_buffer("std", std if channels == 3 else std.mean(0, keepdim=True), persistent=False)
        self.network = models.get_model(name, weights=None, num_classes=out_features, **_settings(name, input_shape))
        if channels == 1:
            _take_grey(self.network)
        if weights_path is not None:
            _load(self.network, name, Path(weights_path))
        self.to(memory_format=torch.channels_last)
        self._check_size(name, input_shape)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of images ``x``, shape ``(N, channels, height, width)``, pixels in [0, 1]."""
        logits: Tensor = self.network((x - self.mean) / self.std)
        return logits

    def _check_size(self, name: str, input_shape: Sequence[int]) -> None:
        """Refuses images that the network cannot take, which only a pass through it tells."""
        self.eval()
        try:
            with torch.no_grad():
                self(torch.zeros(1, *input_shape))
        except (RuntimeError, ValueError) as error:
            height, width = input_shape[1:]
            rule = f"{name} cannot take images of {width} x {height} pixels: {' '.join(str(error).split())}"
            raise InputError("network", rule, "pass --data.size 224, or --model.network cnn") from error
        self.train()


def _settings(name: str, input_shape: Sequence[int]) -> dict[str, Any]:
    """What some networks must be told beside the number of classes."""
    height, width = input_shape[1:]
    if name.startswith("vit"):
        if height != width:
            raise InputError("network", f"{name} needs square images, got {width} x {height}", "pass --data.size 224")
        return {"image_size": height}
    if name == "maxvit_t":
        return {"input_size": (height, width)}
    if name in ("googlenet", "inception_v3"):
        # Their weights were trained on another scale, which they make of torchvision's common one themselves.
        return {"aux_logits": False, "init_weights": True, "transform_input": input_shape[0] == 3}
    return {}


def _take_grey(network: nn.Module) -> None:
    """Replaces the first convolution by one of a single channel."""
    name, stem = next((name, part) for name, part in network.named_modules() if isinstance(part, nn.Conv2d))
    grey = nn.Conv2d(
        1,
        stem.out_channels,
        stem.kernel_size,  # type: ignore[arg-type]
        stem.stride,  # type: ignore[arg-type]
        stem.padding,  # type: ignore[arg-type]
        bias=stem.bias is not None,
    )
    network.set_submodule(name, grey)


def _load(network: nn.Module, name: str, path: Path) -> None:
    """Loads the weights of a file, but for a last layer of another number of classes."""
    saved, own = _read(path), network.state_dict()
    if name.startswith("densenet"):  # published with names that modules could have before PyTorch 0.4
        saved = {re.sub(r"(norm|relu|conv)\.([12])\.", r"\1\2.", key): value for key, value in saved.items()}
    stem = next(key for key, value in own.items() if value.ndim == 4)
    if stem in saved and saved[stem].ndim == 4 and saved[stem].shape[1] == 3 and own[stem].shape[1] == 1:
        saved[stem] = saved[stem].sum(dim=1, keepdim=True)
    # The last layer is the last module with parameters of its own.
    last = [key for key, part in network.named_modules() if next(part.parameters(recurse=False), None) is not None][-1]
    for key, value in own.items():
        theirs = saved.get(key)
        if key.rpartition(".")[0] == last:
            continue
        if theirs is None and not key.endswith("num_batches_tracked"):
            raise _misfit(path, name, f"{key} is missing there")
        if theirs is not None and theirs.shape != value.shape:
            raise _misfit(path, name, f"{key} has shape {list(theirs.shape)} there, not {list(value.shape)}")
    network.load_state_dict(
        {key: value for key, value in saved.items() if key in own and value.shape == own[key].shape}, strict=False
    )


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise InputError(
            "weights_path", f"there is no file {path}", "pass the path of a .pth file, or null for random weights"
        )
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises many kinds for a damaged file
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise InputError("weights_path", f"cannot read {path}: {reason}", "pass an undamaged .pth file") from error
    if not isinstance(saved, dict) or not saved or not all(isinstance(value, Tensor) for value in saved.values()):
        rule = f"{path} does not hold a state_dict of tensors"
        raise InputError("weights_path", rule, "save network.state_dict() with torch.save")
    return dict(saved)


def _misfit(path: Path, name: str, reason: str) -> InputError:
    return InputError("weights_path", f"{path} does not fit {name}: {reason}", f"pass weights of {name}")
