"""Hyperparameters of a checkpoint: what is asked of them before anything is built from them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from litclf.utilities.checks import DEEPEST, MOST_VALUES, is_small
from litclf.utilities.errors import InputError

HYPERPARAMETERS = ("hyper_parameters", "datamodule_hyper_parameters")
"""Entries of a checkpoint that constructors are given values from."""

LEARNED = {"model_class", "class_names", "preparation", "members"}
"""Hyperparameters that a model takes from its data or its class, and its constructor is not given."""

ARGUMENTS = {
    *("network", "hidden_dims", "activation", "init", "optimizer", "lr", "momentum", "nesterov", "weight_decay"),
    *("lr_schedule", "engine", "input_shape", "num_classes", "weights_path", "positive_class", "label_smoothing"),
    *("beta2", "bias_lr", "parametrization"),
}
"""Arguments of a classifier; its class is not loaded to read its checkpoint."""

FREE = {"steps_per_execution", "data_dir", "engine", "path", "memory_budget", "num_workers", "positive_class"}
"""Arguments that change nothing about weights or samples, so that who goes on with a checkpoint may change them."""

_BUILDERS = {"_instantiator", "_class_path", "class_path", "init_args", "dict_kwargs"}
"""Keys by which Lightning and jsonargparse are told to import and build something."""

_BY_COLUMN = ("preparation", "rows")
"""The hyperparameters whose keys are columns of the user's table, which may have any name."""

_SPARE = 1_000_000
"""Numbers, a few megabytes of them, that a network may take whatever the file holds."""

_FIX = "pass a checkpoint that litclf wrote"


def check_plain(values: Any, where: str) -> None:
    """Refuses hyperparameters that are more than numbers, strings, booleans, None, and lists and dicts of these.

    Raises:
        InputError: If there is another kind of value, or a key that asks for something to be imported or built.

    Example:
        >>> check_plain({"lr": 0.1, "loss": {"class_path": "os.system"}}, "a.ckpt")
        Traceback (most recent call last):
        litclf.utilities.errors.InputError: ckpt_path: a.ckpt holds class_path, which asks to import and ...
    """
    if not isinstance(values, dict):
        raise _refusal(f"{where} must be values by name, got {type(values).__name__}")
    if not is_small(values):
        raise _refusal(f"{where} holds more than {MOST_VALUES} values, or nests them deeper than {DEEPEST}")
    waiting = [(values, False)]
    while waiting:
        value, by_column = waiting.pop()
        if isinstance(value, dict):
            for key, held in value.items():
                if type(key) is not str:
                    raise _refusal(f"{where} holds a {type(key).__name__} as a name")
                if key in _BUILDERS and not by_column:
                    raise _refusal(f"{where} holds {key}, which asks to import and build something")
                waiting.append((held, by_column or (value is values and key in _BY_COLUMN)))
        elif isinstance(value, list | tuple):
            waiting += [(held, by_column) for held in value]
        elif value is not None and type(value) not in (str, bool, int, float):
            raise _refusal(f"{where} holds a {type(value).__name__}, which is no plain value")


def check_loading(hparams_file: Any, weights_only: bool | None) -> None:
    """Refuses the two arguments of Lightning's ``load_from_checkpoint`` that would go round the checks.

    Raises:
        InputError: If a file of hyperparameters is given, or ``weights_only`` is False.
    """
    if hparams_file is not None:
        raise InputError("hparams_file", f"is not read, got {hparams_file}", "pass its values by name")
    if weights_only is False:
        rule = "must be true: a checkpoint that may hold more than tensors and plain values runs code"
        raise InputError("weights_only", rule, "drop it")


def check_signature(kind: type, values: dict[str, Any], where: str, others: set[str]) -> None:
    """Refuses hyperparameters that are none of the arguments of ``kind``, nor of the classes it is made from.

    Args:
        kind: The class that is to be built.
        values: The hyperparameters.
        where: What holds them, for the message.
        others: Names that are none of its arguments, and known all the same.

    Raises:
        InputError: Naming the hyperparameter.
    """
    # A subclass with fewer arguments than its base saves those of the base too.
    constructors = [cast(Any, base).__init__ for base in kind.__mro__]
    known = {name for constructor in constructors for name in inspect.signature(constructor).parameters} | others
    known -= {"self", "args", "kwargs"}
    for name in values:
        if name not in known:
            raise InputError.unknown(where, name, known)


def check_size(build: Callable[[], nn.Module], content: dict[str, Any], path: Path) -> None:
    """Refuses hyperparameters of networks larger than the weights of the file, before any memory is taken for them.

    Args:
        build: Makes the network, or the module with it; called where its weights take no memory.
        content: What the file holds.
        path: The file, for the message.

    Raises:
        InputError: If all networks together are much larger; what does not fit otherwise is told by their loading, by
            name.
    """
    count = max(1, count_members(content, path))
    with torch.device("meta"), torch.random.fork_rng(devices=[]):
        needed = count * sum(value.numel() for value in build().state_dict().values())
    held = sum(value.numel() for value in content.get("state_dict", {}).values() if isinstance(value, Tensor))
    if needed > 2 * held + _SPARE:
        rule = f"{path} describes a network of {needed} numbers, and holds {held}"
        raise _refusal(rule)


def count_members(content: dict[str, Any], path: Path | str) -> int:
    """How many members a checkpoint tells of, which are those that it holds weights of; 0 for one network.

    Args:
        content: What the file holds.
        path: The file, for the message.

    Raises:
        InputError: If the file tells of others than it holds.

    Example:
        >>> weights = {"network.members.0.bias": torch.zeros(1), "network.members.1.bias": torch.zeros(1)}
        >>> told = {"count": 2, "first": 42, "vary": "both"}
        >>> count_members({"hyper_parameters": {"members": told}, "state_dict": weights}, Path("a.ckpt"))
        2
    """
    told = content.get("hyper_parameters", {}).get("members")
    if told is None:
        return 0
    if not isinstance(told, dict) or told.keys() != {"count", "first", "vary"} or type(told["first"]) is not int:
        raise _refusal(f"{path} does not tell of its members by count, first and vary")
    count = told["count"]
    names = [str(name).split(".") for name in content.get("state_dict", {})]
    held = {parts[2] for parts in names if parts[:2] == ["network", "members"] and len(parts) > 2}
    if type(count) is not int or count != len(held) or held != set(map(str, range(count))):
        raise _refusal(f"{path} holds the weights of {len(held)} members, and tells of others")
    return count


def _refusal(rule: str) -> InputError:
    return InputError("ckpt_path", rule, _FIX)
