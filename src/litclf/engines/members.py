"""Members side by side: an execution of each of several learners, by as many threads as the engine can use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock

import torch
from torch import Tensor

from litclf.engines.base import Engine, Learner
from litclf.engines.execution import MemberExecutions, Sums, Tell
from litclf.utilities.threads import side_by_side


def run_members(
    members: Mapping[int, tuple[Engine, Learner]],
    executions: MemberExecutions,
    random: list[Tensor],
    threads: int | None = None,
    tell: Tell | None = None,
) -> dict[int, Sums]:
    """Has each member's engine run its execution; the weights are those of one after the other.

    Args:
        members: Engine and learner by number of the member. Where the engines are ``concurrent``, several run at once.
        executions: The executions of all members.
        random: State of PyTorch's random numbers of each member, which dropout draws from, by number; changed in place.
        threads: Threads at most; None takes as many as there are processors.
        tell: Told of the steps of the first member, as an :class:`~litclf.engines.base.Engine` does.

    Returns:
        What the engine gives back for each.
    """
    gathering, first = Lock(), next(iter(members), None)

    def run(number: int) -> Sums:
        engine, learner = members[number]
        with gathering:  # by Python, in which only one works at a time
            execution = executions[number]
        return engine.run(learner, execution, tell if number == first else None)

    if all(getattr(engine, "concurrent", False) for engine, _ in members.values()):
        return dict(zip(members, side_by_side(run, list(members), threads), strict=True))
    return {number: _with_random(random, number, run) for number in members}


def _with_random(states: list[Tensor], number: int, run: Callable[[int], Sums]) -> Sums:
    """Has a member draw its own random numbers."""
    with torch.random.fork_rng():
        torch.set_rng_state(states[number])
        sums = run(number)
        states[number] = torch.get_rng_state()
    return sums
