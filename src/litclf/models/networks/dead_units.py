"""Dead units: rectifiers that react to no sample, and samples that no rectifier of a layer reacts to."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

Layer = dict[str, int]
"""Of a layer, its ``units``; how many of them are ``dead``, which react to no sample; how many samples are ``silent``,
to which no unit reacts; and how many of those are ``lost``, since all of them get one class, which is another's."""


def dead_units(network: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> list[Layer]:
    """Counts units that are zero for every input of ``batches``, and inputs for which a whole layer is zero.

    Looks no further than to the batch by which each unit has reacted to something, and something to each sample.

    Args:
        network: The network, of which :class:`torch.nn.ReLU` are looked at.
        batches: Inputs, shape ``(N, *input_shape)``, and their classes, shape ``(N,)``.

    Returns:
        What was counted of each layer, in the order in which they are called.

    Example:
        >>> network = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
        >>> _ = nn.init.ones_(network[0].weight), nn.init.zeros_(network[0].bias)
        >>> batch = torch.tensor([[-2.0], [-1.0], [1.0]]), torch.tensor([0, 1, 1])
        >>> dead_units(network, [batch])
        [{'units': 1, 'dead': 0, 'silent': 2, 'lost': 1}]
    """
    watch = _Watch()
    hooks = [
        part.register_forward_hook(partial(watch.note, name))
        for name, part in network.named_modules()
        if isinstance(part, nn.ReLU)
    ]
    training, like = network.training, next(network.parameters(), torch.zeros(()))
    network.eval()
    try:
        with torch.no_grad():
            for x, y in batches if hooks else ():
                network(x.to(like))
                watch.end_batch(y)
                if watch.has_nothing_to_find:
                    break
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    return watch.layers()


class _Watch:
    """What reacts to what, by layer; a residual network calls one rectifier for several, told apart by their units."""

    def __init__(self) -> None:
        self._reacted: dict[tuple[str, int], Tensor] = {}
        self._heard: dict[tuple[str, int], Tensor] = {}
        self._silent: dict[tuple[str, int], list[Tensor]] = {}

    def note(self, name: str, _part: nn.Module, _inputs: Any, output: Tensor) -> None:
        active, nothing = output > 0, torch.zeros((), dtype=torch.bool, device=output.device)
        key = (name, output.shape[1])
        self._reacted[key] = active.transpose(0, 1).flatten(1).any(1) | self._reacted.get(key, nothing)
        self._heard[key] = active.flatten(1).any(1) | self._heard.get(key, nothing)

    def end_batch(self, y: Tensor) -> None:
        for key, heard in self._heard.items():
            self._silent.setdefault(key, []).append(y[~heard.cpu()].long())
        self._heard = {}

    @property
    def has_nothing_to_find(self) -> bool:
        return all(own.all() for own in self._reacted.values()) and not any(
            len(own) for batches in self._silent.values() for own in batches
        )

    def layers(self) -> list[Layer]:
        found = []
        for key, own in self._reacted.items():
            silent = torch.cat(self._silent[key])
            named_right = int(silent.bincount().max()) if len(silent) else 0
            counts = {"units": len(own), "dead": int((~own).sum())}
            found.append(counts | {"silent": len(silent), "lost": len(silent) - named_right})
        return found
