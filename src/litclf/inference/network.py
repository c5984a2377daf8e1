"""Network of a trained classifier: rebuilt from its checkpoint with its weights, without Lightning."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import nn

from litclf.models.networks.build import build_network
from litclf.models.networks.ensemble import Ensemble, members_of
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.hparams import ARGUMENTS, LEARNED, check_size, count_members
from litclf.utilities.errors import InputError

_ARCHITECTURE = ("network", "input_shape", "hidden_dims", "activation")
"""Hyperparameters that tell the network."""

_PREFIX = "network."
"""What the names of a classifier's weights begin with."""

_FIX = "pass a checkpoint that litclf wrote"

_OWN = "pass --allow_classes with the module that its class is of; in Python litclf.load(path, module=...)"


def rebuild_network(checkpoint: Checkpoint, member: int | None = None) -> nn.Module:
    """The network of a classifier, in evaluation mode; an ensemble of those members that have not diverged.

    Args:
        checkpoint: The checkpoint.
        member: Number of the member to take, from 0 on; None takes all.

    Raises:
        InputError: If the checkpoint is of no such network, its parts do not fit together, or there is no such member.
    """
    _check_class(checkpoint)
    checkpoint = checkpoint if member is None else checkpoint.of_member(member)
    path, saved = checkpoint.path, checkpoint.hparams
    try:
        network = _built(saved, checkpoint)
        weights = {
            key.removeprefix(_PREFIX): value for key, value in checkpoint.weights.items() if key.startswith(_PREFIX)
        }
        network.load_state_dict(weights)
        alive = _alive(network, checkpoint.content)
    except InputError:
        raise
    except (RuntimeError, KeyError, TypeError, ValueError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise InputError("ckpt_path", f"the weights in {path} do not fit its model: {reason}", _FIX) from error
    for key, value in weights.items():
        if not bool(torch.isfinite(value).all()):
            raise InputError("ckpt_path", f"{_PREFIX}{key} in {path} is not finite", "fit again, with a smaller lr")
    if not alive:
        raise InputError("ckpt_path", f"all members of {path} have diverged", "fit again, with a smaller lr")
    if isinstance(network, Ensemble):
        network = Ensemble([network.members[number] for number in alive], network.binary)
    return network.eval()


def _check_class(checkpoint: Checkpoint) -> None:
    path, saved = checkpoint.path, checkpoint.hparams
    name = saved.get("model_class")
    if name not in ("BinaryClassifier", "MulticlassClassifier"):
        rule = f"{path} is of {name or 'a module'}, which is no classifier of litclf"
        raise InputError("ckpt_path", rule, _OWN)
    if "network" not in saved:
        rule = f"{path} is of a network of one's own"
        raise InputError("ckpt_path", rule, f"load it in Python: litclf.load(path, module={name}(network=...))")
    for argument in saved:
        if argument not in LEARNED | ARGUMENTS:
            raise InputError.unknown(f"{path}: {name}", argument, ARGUMENTS)


def _built(saved: dict[str, Any], checkpoint: Checkpoint) -> nn.Module:
    """The network with weights as they are drawn; with members, as many of it."""
    name, shape, hidden_dims, activation = (saved[key] for key in _ARCHITECTURE)
    binary = saved["model_class"] == "BinaryClassifier"
    out_features = 1 if binary else int(saved["num_classes"])
    build = partial(build_network, name, shape, hidden_dims, activation, out_features)
    check_size(build, checkpoint.content, checkpoint.path)
    with torch.random.fork_rng(devices=[]):  # initial weights are drawn, and thrown away
        network = build()
    count = count_members(checkpoint.content, checkpoint.path)
    return Ensemble.like(network, count, binary) if count else network


def _alive(network: nn.Module, content: dict[str, Any]) -> list[int]:
    """Numbers of the members that have not diverged."""
    diverged = content["members"]["diverged"] if isinstance(network, Ensemble) else ()
    return [number for number in range(len(members_of(network))) if number not in diverged]
