"""Engine choice: which engine carries out a fit, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from litclf.engines import graph
from litclf.engines.base import Engine, Learner
from litclf.engines.eager import EagerEngine
from litclf.engines.kernel import engine as kernel
from litclf.utilities.errors import InputError


@dataclass(frozen=True)
class EngineKind:
    """An engine that can be chosen.

    Attributes:
        name: What the argument ``engine`` calls it.
        serves: What it is for, in the reason for a choice.
        make: Makes it, told whether it was asked for by name, so that what it cannot do is an error.
        reason_against: Why it cannot serve a learner; None where it can.
        device: Type of the only devices on which ``auto`` tries it; None for all.
        warm_up: Has ready what steps of a learner on mini-batches of so many samples need; None where nothing takes
            long.
        begin: Readies the weights of a learner for its first step; None where nothing is to be done.
    """

    name: str
    serves: str
    make: Callable[[bool], Engine]
    reason_against: Callable[[Learner], str | None]
    device: str | None = None
    warm_up: Callable[[Learner, int], None] | None = None
    begin: Callable[[Learner], None] | None = None


ENGINES = (
    EngineKind(
        "graph",
        "for one optimizer step after the other on a CUDA device",
        graph.GraphEngine,
        graph.reason_against,
        device="cuda",
    ),
    EngineKind(
        "kernel",
        "for a fully connected network on the CPU",
        lambda _: kernel.KernelEngine(),
        kernel.reason_against,
        warm_up=kernel.warm_up,
        begin=kernel.begin,
    ),
    EngineKind("eager", "as asked", lambda _: EagerEngine(), lambda _: None),
)
"""All engines, the fastest first."""

NAMES = ("auto", *(kind.name for kind in ENGINES))


def choose_engine(name: str, learner: Learner) -> tuple[EngineKind, str]:
    """The engine called ``name``, or with ``auto`` the fastest that can serve the fit.

    Args:
        name: ``auto``, or the name of an engine.
        learner: What is trained.

    Returns:
        The engine's kind, and its name with the reason for it.

    Raises:
        InputError: If the engine asked for cannot serve the fit; the message says why.

    Example:
        >>> import torch
        >>> network = torch.nn.Linear(2, 1)
        >>> sgd = torch.optim.SGD(network.parameters())
        >>> learner = Learner(network, lambda x, y: (network(x).mean(), x), lambda outputs, y: None, sgd)
        >>> choose_engine("auto", learner)[1]
        'eager, since the model computes its loss in a way of its own'
    """
    auto = [kind for kind in ENGINES if kind.device in (None, learner.device.type)]
    against: str | None = None
    for kind in auto if name == "auto" else [kind for kind in ENGINES if kind.name == name]:
        reason = kind.reason_against(learner)
        if reason is None:
            return kind, f"{kind.name}, " + (kind.serves if against is None else f"since {against}")
        if kind.name == name:
            raise InputError("engine", f"{name} cannot serve this fit: {reason}", "pass auto, or eager")
        against = against or reason
    raise AssertionError(f"eager serves every fit, so {name} is no engine")
