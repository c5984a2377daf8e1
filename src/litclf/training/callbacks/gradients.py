"""Gradient callback: how the gradient reaches each layer, and which units have gone idle."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import torch
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor, nn

from litclf.training.callbacks.picture import PeriodicPicture, first_member, some_of
from litclf.utilities.batches import eval_batch_size

_SAMPLES = 1000
_VANISHES = 1e-3
"""First layer's norm over the last one's, below which the first layers hardly learn."""

_EARLY = 3
"""Looks that must all find it: at the first one a last layer of zeros passes nothing back, and what trains for long
without a gradient may end where all of them are alike small."""

_MANY_IDLE = 0.5
"""Share of a layer's units from which on their idleness is worth a word."""

_SLOPES: dict[type[nn.Module], Callable[[Tensor], Tensor]] = {
    nn.Sigmoid: lambda a: 4 * a * (1 - a),
    nn.Tanh: lambda a: 1 - a * a,
    nn.ReLU: lambda a: (a > 0).float(),
}
"""Slope of an activation over its largest one, from its output."""

_FLAT = 0.01


class GradientNorms(PeriodicPicture):
    """Logs ``gradients/<layer>``, the norm of each layer's weight gradient, and draws ``gradients.png``.

    The gradient is that of the mean loss over up to 1000 training samples, before the first step and then 20 times in a
    fit, whatever engine runs the steps. ``gradients/first_over_last`` tells whether it vanishes on its way back: about
    1 is healthy. ``idle/<layer>`` is the share of a hidden layer's units that are dead or saturated: their slope is
    below a hundredth of the largest, on average over the samples. Of a fit with members, all is of the first one.

    Args:
        every_n_train_steps: Optimizer steps from one look to the next, at least 1; None makes 20 looks in a fit.

    Attributes:
        steps: Optimizer steps before each look.
        norms: Norm of each layer's gradient at each look.
        idle: Share of idle units of each layer at each look.

    Example:
        >>> GradientNorms(every_n_train_steps=50).every_n_train_steps
        50
    """

    kept = ("facts", "latest", "steps", "norms", "idle")

    def __init__(self, every_n_train_steps: int | None = None) -> None:
        super().__init__(every_n_train_steps)
        self.steps: list[int] = []
        self.norms: dict[str, list[float]] = {}
        self.idle: dict[str, list[float]] = {}

    def look(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Measures and logs."""
        data = self.data_of(trainer)
        x, y = some_of(data, "train", eval_batch_size(data.input_shape, _SAMPLES))
        with first_member(pl_module) as of:
            loss, norms, idle = measure(pl_module, data.prepare(x.to(pl_module.device)), y.to(pl_module.device))
        self.facts.setdefault("initial_loss", loss)
        values = {f"gradients/{name}": norm for name, norm in norms.items()}
        if norms:
            in_order = list(norms.values())
            ratio = in_order[0] / in_order[-1] if in_order[-1] else float("nan")
            values["gradients/first_over_last"] = ratio
        values.update({f"idle/{name}": share for name, share in idle.items()})
        self.steps.append(trainer.global_step)
        for measured, series in ((norms, self.norms), (idle, self.idle)):
            for name, value in measured.items():
                series.setdefault(name, []).append(value)
        if norms:
            found = verdict(list(self.norms.values()), idle, self.steps)
            self.facts["gradients"] = f"{found} ({of})" if found and of else found
        for logger in trainer.loggers:
            logger.log_metrics(values, step=max(0, trainer.global_step - 1))

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draws the norms over time."""
        if self.norms and trainer.is_global_zero and not trainer.fast_dev_run:  # type: ignore[attr-defined]
            from litclf.visualization.plots.gradients import draw_gradients

            with first_member(pl_module) as of:
                self.show(trainer, "gradients", draw_gradients(self.steps, self.norms, self.idle, of))


def measure(module: LightningModule, x: Tensor, y: Tensor) -> tuple[float, dict[str, float], dict[str, float]]:
    """Mean loss of ``x`` and ``y``, gradient norm of each trained weight matrix, share of idle units of each layer.

    The module's own gradients, buffers and mode stay as they are.
    """
    weights = {
        name.removesuffix(".weight"): parameter
        for name, parameter in module.named_parameters()
        if parameter.ndim > 1 and parameter.requires_grad
    }
    idle: dict[str, float] = {}
    hooks = [
        part.register_forward_hook(partial(_note_idle, idle, name))
        for name, part in module.named_modules()
        if type(part) in _SLOPES
    ]
    training = module.training
    module.eval()  # batch norms must not learn from being looked at
    try:
        with torch.enable_grad():
            loss = cast(Any, module).step(x, y)[0]
            gradients = torch.autograd.grad(loss, list(weights.values()), allow_unused=True)
    finally:
        module.train(training)
        for hook in hooks:
            hook.remove()
    norms = {
        name: float(gradient.norm()) for name, gradient in zip(weights, gradients, strict=True) if gradient is not None
    }
    return float(loss.detach()), norms, idle


def _note_idle(idle: dict[str, float], name: str, part: nn.Module, _inputs: Any, output: Tensor) -> None:
    """Notes which share of a layer's units, or channels, hardly reacts to any sample."""
    slopes = _SLOPES[type(part)](output.detach())
    by_unit = slopes.transpose(0, 1).flatten(1).mean(1)
    idle[name] = float((by_unit < _FLAT).float().mean())


def verdict(norms: Sequence[Sequence[float]], idle: dict[str, float], steps: Sequence[int]) -> str | None:
    """What is wrong with the gradients, in words; None where nothing is.

    Args:
        norms: Gradient norm of each layer at each look so far; the layers from the first to the last.
        idle: Share of idle units of each hidden layer at the latest look, in [0, 1].
        steps: Optimizer steps before each look.

    Example:
        >>> verdict([[1e-6], [1.0]], {}, [0])
        'The gradient vanishes: before the first step the first layer gets 1e-06 of what the last one gets. Take ReLU, fewer layers, or batch norm.'
        >>> verdict([[0.8], [1.0]], {"network.1": 0.1, "network.3": 0.75}, [200])
        '75 % of the units of hidden layer 2 are dead or saturated after 200 steps. Take a smaller learning rate, scaled inputs, or leaky ReLU.'
    """  # noqa: E501
    early = [first / last if last else math.nan for first, last in zip(norms[0], norms[-1], strict=True)][:_EARLY]
    if all(ratio < _VANISHES for ratio in early):
        ratio, step = max(zip(early, steps, strict=False))
        when = f"after {step} steps" if step else "before the first step"
        return (
            f"The gradient vanishes: {when} the first layer gets {ratio:.0e} of what the last one gets. "
            "Take ReLU, fewer layers, or batch norm."
        )
    name = max(idle, key=lambda layer: idle[layer], default=None)
    if name is not None and idle[name] >= _MANY_IDLE:
        # Of a network of one's own the name says more than a number: its layers need not come in a row.
        where = f"hidden layer {list(idle).index(name) + 1}" if name.startswith("network.") else f"the layer {name}"
        return (
            f"{100 * idle[name]:.0f} % of the units of {where} are dead or saturated after {steps[-1]} steps. "
            "Take a smaller learning rate, scaled inputs, or leaky ReLU."
        )
    return None
