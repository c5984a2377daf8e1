"""Progress of a fit: a bar on a terminal, plain lines elsewhere, and a line at the end that sums it up."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Mapping
from shutil import get_terminal_size
from typing import Any, TextIO

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint, ProgressBar
from torch import Tensor
from tqdm import tqdm

from litclf.models.networks.ensemble import members_of
from litclf.training.callbacks.member_bands import Band, bands_of, with_band
from litclf.utilities.data_spec import DataSpec, total_steps
from litclf.utilities.notebook import NotebookLine, in_notebook
from litclf.utilities.terminal import say

_SHOWN = ("train/loss", "train/accuracy", "val/loss", "val/accuracy", "val/psnr")
_VALIDATED = ("acc", "psnr", "loss")  # of what a module logs in validation, the first that is there is shown

_BAR = 14
"""Places of the terminal that the bar itself and what stands at its ends take at least."""

_SECONDS = 0.1
"""Shortest time between two drawings of the bar; drawing and reading the loss then cost next to nothing."""


def engine_and_steps(engine: str, at_once: int) -> str:
    """What runs the steps of a fit, and how many at once.

    Example:
        >>> engine_and_steps("eager", 100)
        'eager, 100 steps at once'
    """
    return f"{engine}, {at_once} steps at once" if at_once > 1 else engine


def known_total(trainer: Trainer) -> int | None:
    """Optimizer steps of the whole fit, with those before a resumed one; None where it has no end that is known."""
    executions = DataSpec.of_trainer(trainer).steps_per_execution > 1
    # In manual optimization the module alone knows how many steps it makes of a batch.
    counted = executions or trainer.lightning_module.automatic_optimization
    total = total_steps(trainer) if counted else trainer.max_steps if trainer.max_steps != -1 else math.inf
    return int(total) if math.isfinite(total) else None


class _Progress(ProgressBar):
    """What bar and lines share: Lightning's switch, the pace of the fit and its summary."""

    def __init__(self) -> None:
        super().__init__()
        self._enabled = self._is_first = True
        self._begin: float | None = None
        self._first_step = 0
        self._total: int | None = None
        self._epoch = ""

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Notes whether this is the first process: the learning-rate finder enables the bars of all."""
        super().setup(trainer, pl_module, stage)
        self._is_first = trainer.is_global_zero

    @property
    def is_enabled(self) -> bool:
        """Whether anything is shown."""
        return self._enabled and self._is_first

    @property
    def is_disabled(self) -> bool:
        """Whether nothing is shown."""
        return not self.is_enabled

    def disable(self) -> None:
        """Shows nothing from now on."""
        self._enabled = False

    def enable(self) -> None:
        """Shows progress again."""
        self._enabled = True

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forgets an earlier fit."""
        self._begin = None

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Begins to measure with the first batch, by which a resumed module has restored its count of steps."""
        first = self._begin is None
        if first:
            self._begin, self._first_step, self._total = time.monotonic(), trainer.global_step, known_total(trainer)
            self._tell(trainer, pl_module)
        if first or batch_idx == 0:
            total = "" if trainer.max_epochs in (None, -1) else f"/{trainer.max_epochs}"
            self._epoch = f"{trainer.current_epoch + 1}{total}"

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Prints steps, seconds and pace of this process, and the best metric of the checkpoints."""
        if self._begin is None:
            return
        done, seconds = trainer.global_step - self._first_step, time.monotonic() - self._begin
        parts = [f"{done} steps in {seconds:.2f} s", *self._pace(trainer.global_step)[:1]]
        checkpoint = trainer.checkpoint_callback
        if isinstance(checkpoint, ModelCheckpoint) and checkpoint.best_model_score is not None:
            parts.append(f"best {checkpoint.monitor} {float(checkpoint.best_model_score):.4f}")
        self.print(", ".join(parts))

    def _tell(self, trainer: Trainer, module: LightningModule) -> None:
        """Says what begins to train, before its first step: the engine is chosen by now."""
        if not self.is_enabled:
            return
        members = members_of(getattr(module, "network", None))
        counts = sum(parameter.numel() for parameter in (members[0] if members else module).parameters())
        each = f", each of {len(members)} members" if len(members) > 1 else ""
        say("parameters", f"{counts}{each}")
        engine, spec = getattr(module, "engine_choice", "ordinary batches"), DataSpec.of_trainer(trainer)
        say("engine", engine_and_steps(engine, spec.steps_at_once))
        say("threads", str(getattr(module, "training_threads", torch.get_num_threads())))

    def _pace(self, step: int) -> list[str]:
        """Steps a second since the fit began and time left, where they are known."""
        seconds, done = 0.0 if self._begin is None else time.monotonic() - self._begin, step - self._first_step
        if seconds <= 0 or done <= 0:
            return []
        rate = done / seconds
        parts = [f"{rate:.0f} steps/s" if rate >= 10 else f"{rate:.2g} steps/s"]
        if self._total is not None:
            parts.append(f"{tqdm.format_interval(max(0, self._total - step) / rate)} left")
        return parts


class PlainProgress(_Progress):
    """Prints a line at the end of each epoch, for output that goes to a file or a pipe, and one at the end of the fit.

    Example:
        >>> PlainProgress().is_enabled
        True
    """

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Prints epoch, step, the main metrics, of members with the band of 95 % of them, pace and time left."""
        metrics, step = trainer.callback_metrics, trainer.global_step
        bands = bands_of(pl_module, "val" if "val/loss" in metrics else "train")
        values = [f"{key} {with_band(float(metrics[key]), bands.get(key))}" for key in _SHOWN if key in metrics]
        self.print(f"epoch {self._epoch}", f"step {step}", *values, *self._pace(step), sep="  ")

    def print(self, *args: Any, **kwargs: Any) -> None:
        """Prints on the first process only, at once."""
        if self.is_enabled:
            print(*args, **kwargs, flush=True)


class BarProgress(_Progress):
    """One bar for the whole fit, with steps per second, time left, training loss and a metric of the validation.

    It counts optimizer steps, also within an execution of many: an engine that runs long calls :meth:`on_steps`. With
    anyone's module it shows what that logs with ``prog_bar=True``, and the loss of ``training_step``. A fit without
    an end shows its steps instead of a bar.

    Example:
        >>> BarProgress().is_enabled
        True
    """

    def __init__(self) -> None:
        super().__init__()
        self._bar: tqdm[Any] | None = None
        self._drawn, self._read = 0.0, 0.0
        self._batch_start = 0
        self._loss: Any = None
        self._trained: list[str] = []
        self._validated: dict[str, str] = {}

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Notes where the batch begins, and draws the bar where there is none yet."""
        super().on_train_batch_start(trainer, pl_module, batch, batch_idx)
        self._batch_start = trainer.global_step
        if self._bar is None and self.is_enabled:
            self._open()

    def on_steps(self, trainer: Trainer, pl_module: LightningModule, steps: int) -> None:
        """Moves the bar while an execution runs, of which ``steps`` steps are done."""
        if self._is_due(self._drawn):
            self._draw(self._batch_start + steps)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Moves the bar and reads the loss."""
        self._loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
        if self._is_due(self._read):  # also where the bar was just moved: that was by `on_steps`, which reads nothing
            self._take(trainer)
            self._draw(trainer.global_step)

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Says that the fit is validating, where that takes long."""
        if self._is_due(self._drawn):
            self._draw(trainer.global_step, "validation")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reads the metric of the validation, of members with the band of 95 % of them."""
        if self._bar is None:
            return
        metrics = trainer.callback_metrics
        names = [name for kind in _VALIDATED for name in metrics if name.startswith("val") and kind in name]
        bands = bands_of(pl_module, "val") if names else {}
        self._validated = {name: _labelled(name, float(metrics[name]), bands.get(name)) for name in names[:1]}

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reads the accuracy of members that are not validated, with the band of 95 % of them."""
        name, metrics = "train/accuracy", trainer.callback_metrics
        bands = bands_of(pl_module, "train") if self._bar is not None else {}
        if name in bands and name in metrics and not any(key.startswith("val") for key in metrics):
            self._validated = {name: _labelled(name, float(metrics[name]), bands[name])}

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leaves the bar as it ended, and the summary below it."""
        if self._bar is not None and self.is_enabled:
            self._take(trainer)
            self._draw(trainer.global_step)
        self._close()
        super().on_train_end(trainer, pl_module)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Leaves the terminal to the message."""
        self._close()

    def print(self, *args: Any, sep: str = " ", end: str = "\n", file: TextIO | None = None) -> None:
        """Prints above the bar, on the first process only."""
        if self.is_enabled:
            tqdm.write(sep.join(map(str, args)), file=file, end=end)

    def _is_due(self, latest: float) -> bool:
        return self._bar is not None and time.monotonic() - latest >= _SECONDS and self.is_enabled

    def _open(self) -> None:
        shape = "{desc}, {n_fmt} steps{postfix}" if self._total is None else "{desc} |{bar}| {percentage:.0f}%{postfix}"
        self._loss, self._trained, self._validated = None, [], {}
        self._drawn = time.monotonic()
        self._bar = tqdm(
            total=self._total,
            initial=self._batch_start,
            desc=f"epoch {self._epoch}",
            bar_format=shape,
            dynamic_ncols=True,
            file=NotebookLine() if in_notebook() else sys.stdout,
        )

    def _draw(self, step: int, stage: str = "epoch") -> None:
        bar = self._bar
        if bar is None:
            return
        self._drawn = time.monotonic()
        bar.n = step
        bar.set_description_str(f"{stage} {self._epoch}", refresh=False)
        parts = [*self._pace(step), *self._trained, *self._validated.values()]
        bar.set_postfix_str(_fitting(parts, get_terminal_size().columns - len(bar.desc) - _BAR), refresh=False)
        bar.refresh()

    def _take(self, trainer: Trainer) -> None:
        """Takes what the module logs for the bar; where there is no training loss among it, that of the last batch."""
        self._read = time.monotonic()
        shown = {
            name: float(value)
            for name, value in trainer.progress_bar_metrics.items()
            if isinstance(value, int | float) and name not in self._validated
        }
        logged = any("loss" in name and not name.startswith("val") for name in shown)
        if isinstance(self._loss, Tensor) and not logged:
            shown = {"loss": float(self._loss), **shown}
        self._trained = [_labelled(name, value) for name, value in shown.items()]

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _fitting(parts: list[str], places: int) -> str:
    """The parts that have room on a narrow terminal, of which those behind tell most."""
    while len(parts) > 1 and len(", ".join(parts)) > places:
        parts = parts[1:]
    return ", ".join(parts)


def _labelled(name: str, value: float, band: Band | None = None) -> str:
    """A metric as the bar shows it: ``train/loss_step`` is ``loss``, ``val/accuracy`` is ``val accuracy``."""
    return f"{name.removeprefix('train/').removesuffix('_step').replace('/', ' ')} {with_band(value, band)}"
