"""Graph engine: an optimizer step of any network on a CUDA device, captured once, replayed as a whole."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor
from torch.optim import Optimizer

from litclf.engines.base import Learner
from litclf.engines.eager import EagerEngine
from litclf.engines.execution import Execution, Sums, Tell, batches_in_pieces
from litclf.utilities.errors import InputError

_OPTIMIZERS = ("SGD", "Adam", "AdamW")


def reason_against(learner: Learner) -> str | None:
    """Why a CUDA graph cannot hold a step of ``learner``; None where it can."""
    optimizer = learner.optimizer
    if learner.watch is not None:
        return learner.watch.reason
    if not _on_cuda(learner):
        return "the parameters are not on a CUDA device"
    if type(optimizer).__name__ not in _OPTIMIZERS or not type(optimizer).__module__.startswith("torch.optim"):
        return f"the optimizer is {type(optimizer).__name__}, not SGD, Adam or AdamW of torch.optim"
    if not all(group.get("fused") for group in optimizer.param_groups):
        return "the optimizer is not fused, and only fused ones read their rate from the device"
    if any(getattr(schedule, "cycle_momentum", False) for schedule in learner.schedules):
        return "the schedule moves the momentum too, which a captured step holds fixed"
    return None


def _on_cuda(learner: Learner) -> bool:
    return all(parameter.device.type == "cuda" for parameter in learner.parameters)


class GraphEngine:
    """Captures an optimizer step in a CUDA graph and replays it for each mini-batch of an execution.

    The first mini-batch of a fit runs eagerly, which makes the optimizer's state, and so does one of another size
    than the captured. The learning rate lives on the device, so that schedules move it between replays.

    Args:
        strict: Whether a step that cannot be captured is an error; if not, a warning says so and steps run eagerly.

    Example:
        >>> from litclf.engines.base import Engine
        >>> engine: Engine = GraphEngine()
    """

    def __init__(self, strict: bool = True) -> None:
        self.strict = strict
        self._captures = True
        self._step: _CapturedStep | None = None
        self._warm = False

    def run(self, learner: Learner, execution: Execution, tell: Tell | None = None) -> Sums:
        """One optimizer step for each mini-batch of ``execution``; see :class:`~litclf.engines.base.Engine`.

        What is changed in the middle of a fit so that no graph can hold a step goes to the eager engine.
        """
        if reason_against(learner) is not None:
            return EagerEngine().run(learner, execution, tell)
        losses = torch.empty(len(execution.steps), device=execution.x.device)
        correct: Tensor | None = None
        for number, (x, y) in batches_in_pieces(execution, tell):
            if not self._warm:
                loss, right = _on_side_stream(learner, x, y)
                self._warm = True
            else:
                if self._step is None and self._captures:
                    self._step = self._capture(learner, x, y)
                if self._step is not None and self._step.fits(learner, x, y):
                    loss, right = self._step.replay(x, y)
                else:
                    loss, right = _eager_step(learner, x, y)
            losses[number] = loss
            if right is not None and number >= execution.steps.counted_from:
                correct = right.clone() if correct is None else correct + right
            for schedule in learner.schedules:
                schedule.step()
        return Sums(losses, correct)

    def _capture(self, learner: Learner, x: Tensor, y: Tensor) -> _CapturedStep | None:
        """A captured step; None where it cannot be captured and that is no error."""
        try:
            return _CapturedStep(learner, x, y)
        except RuntimeError as error:
            reason = f"graph cannot capture a step of {type(learner.network).__name__}: {str(error).splitlines()[0]}"
            if self.strict:
                raise InputError("engine", reason, "pass eager") from error
            warnings.warn(f"{reason}; steps run eagerly", stacklevel=2)
            self._captures = False
            return None


class _CapturedStep:
    """Forward, backward and update as one CUDA graph over buffers of its own."""

    def __init__(self, learner: Learner, x: Tensor, y: Tensor) -> None:
        self._optimizer = optimizer = learner.optimizer
        self._x, self._y = x.clone(), y.clone()
        self._rates = [torch.tensor(float(group["lr"]), device=x.device) for group in optimizer.param_groups]
        self._graph = torch.cuda.CUDAGraph()
        optimizer.zero_grad(set_to_none=True)  # so that the capture makes gradients in memory of its own
        with _capturable(optimizer, self._rates), torch.cuda.graph(self._graph):
            self._loss, self._right = _eager_step(learner, self._x, self._y)
        # The captured update reads these: they must not be given back to the allocator.
        self._gradients = [parameter.grad for parameter in learner.parameters]
        self._trained = _trained(learner)

    def fits(self, learner: Learner, x: Tensor, y: Tensor) -> bool:
        """Whether ``x`` and ``y`` are of the captured shapes and dtypes, and the same parameters are trained."""
        if self._trained != _trained(learner):
            return False
        return (x.shape, x.dtype, y.shape, y.dtype) == (self._x.shape, self._x.dtype, self._y.shape, self._y.dtype)

    def replay(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor | None]:
        """The step on ``x`` and ``y``; what it returns is overwritten by the next."""
        self._x.copy_(x)
        self._y.copy_(y)
        for rate, group in zip(self._rates, self._optimizer.param_groups, strict=True):
            rate.fill_(float(group["lr"]))
        self._graph.replay()
        return self._loss, self._right


def _trained(learner: Learner) -> list[bool]:
    return [parameter.requires_grad for parameter in learner.parameters]


def _eager_step(learner: Learner, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor | None]:
    loss, outputs = learner.step(x, y)
    learner.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]  # PyTorch leaves it untyped
    if learner.clip is not None:
        learner.clip.apply(learner.parameters)
    cast(Any, learner.optimizer).step()
    return loss.detach(), learner.correct(outputs.detach(), y)


def _on_side_stream(learner: Learner, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor | None]:
    """A step on a stream of its own, as capturing asks of what runs before it."""
    stream, current = cast(Any, torch.cuda).Stream(), torch.cuda.current_stream()
    stream.wait_stream(current)
    with torch.cuda.stream(stream):
        result = _eager_step(learner, x, y)
    current.wait_stream(stream)
    return result


@contextmanager
def _capturable(optimizer: Optimizer, rates: list[Tensor]) -> Any:
    """Makes the optimizer read its rates from the device while a step is captured."""
    before = [(group["lr"], group.get("capturable")) for group in optimizer.param_groups]
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = rate
        if "capturable" in group:
            group["capturable"] = True
    try:
        yield
    finally:
        for group, (lr, capturable) in zip(optimizer.param_groups, before, strict=True):
            group["lr"] = lr
            if "capturable" in group:
                group["capturable"] = capturable
