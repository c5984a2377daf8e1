"""Picture callbacks: where pictures go, when they are due, and what the model says, for all that draw."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from numpy.typing import NDArray
from torch import Tensor

from litclf.data.base import InMemoryDataModule
from litclf.data.loading.loader import EvalLoader
from litclf.models.classifier import Classifier
from litclf.models.networks.ensemble import Ensemble
from litclf.models.outputs import outputs
from litclf.training.loggers.tensorboard import RunTensorBoard
from litclf.utilities.batches import eval_batch_size
from litclf.utilities.data_spec import DataSpec, data_of, total_steps
from litclf.utilities.errors import InputError
from litclf.utilities.files import write_bytes
from litclf.utilities.processes import gathered

if TYPE_CHECKING:  # matplotlib is loaded when something is drawn
    from matplotlib.figure import Figure

POINTS_IN_TIME = 20
"""How often a fit is looked at, where nobody says: enough for a film, and for a curve to be seen."""


class Picture(Callback):
    """Draws into the run folder, as ``<name>.png``, and into TensorBoard.

    Attributes:
        facts: What was found on the way, in plain numbers and strings; the run keeps it in ``metrics.json``.
    """

    kept: tuple[str, ...] = ("facts",)
    """Attributes that a checkpoint keeps, so that pictures of a resumed run are those of the whole run."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self._fits = True

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Notes whether a fit goes on from the checkpoint; a test of it changes nothing here."""
        self._fits = trainer.state.fn == "fit"

    def state_dict(self) -> dict[str, Any]:
        """What is kept."""
        return {name: deepcopy(getattr(self, name)) for name in self.kept}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes up what was kept; of checkpoints that hold less, what they hold."""
        for name in self.kept:
            if self._fits and name in state_dict:
                setattr(self, name, deepcopy(state_dict[name]))

    def data_of(self, trainer: Trainer) -> InMemoryDataModule:
        """The data that is looked at.

        Raises:
            InputError: If it is none of litclf's kind, whose splits cannot be looked at.
        """
        data = data_of(trainer)
        if not isinstance(data, InMemoryDataModule):
            rule = f"{type(self).__name__} looks at the splits of a DataModule of litclf, and was given none"
            raise InputError("callbacks", rule, "pass one to fit, or drop the callback")
        return data

    def show(self, trainer: Trainer, name: str, figure: Figure) -> None:
        """Writes ``figure`` into the run folder and into TensorBoard."""
        from litclf.visualization.plots import canvas

        content = canvas.png(figure)
        write_bytes(folder_of(trainer) / f"{name}.png", content)
        log_png(trainer, name, content)


class PeriodicPicture(Picture):
    """Looks at the model before the first step, after every ``every_n_train_steps`` and at the end.

    Executions of many steps are cut where a look is due.

    Args:
        every_n_train_steps: Optimizer steps from one look to the next, at least 1; None makes 20 looks in a fit.

    Attributes:
        latest: Optimizer steps before the latest look; -1 where there was none.
    """

    kept: tuple[str, ...] = ("facts", "latest")

    def __init__(self, every_n_train_steps: int | None = None) -> None:
        super().__init__()
        self.every_n_train_steps = every_n_train_steps or 0
        self.latest = -1

    def look(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """What a subclass does at each look."""
        raise NotImplementedError(f"{type(self).__name__} must implement look")

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Chooses how often to look, by the length of the fit."""
        self.data_of(trainer)
        if stage == "fit" and not self.every_n_train_steps:
            total = total_steps(trainer)
            self.every_n_train_steps = max(1, math.ceil(total / POINTS_IN_TIME)) if math.isfinite(total) else 100

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Looks before the first step; not where a fit goes on."""
        if trainer.ckpt_path is None:
            self._look(trainer, pl_module)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Looks where it is due."""
        if trainer.global_step // self.every_n_train_steps > self.latest // self.every_n_train_steps:
            self._look(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Looks at the end, where it has not just been done."""
        if trainer.global_step != self.latest:
            self._look(trainer, pl_module)

    def _look(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.latest = trainer.global_step
        if trainer.is_global_zero:
            self.look(trainer, pl_module)


class Evaluation(NamedTuple):
    """The test split and what the model says of it.

    Attributes:
        targets: Classes, int64 of shape ``(N,)``.
        probabilities: Of each class, float64 of shape ``(N, C)``.
        class_names: Names of the classes.
        binary: Whether what is measured is measured of class 1, as of a model with one logit.
    """

    targets: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    class_names: tuple[str, ...]
    binary: bool = False

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The most probable class of each sample."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def losses(self) -> NDArray[np.float64]:
        """Cross-entropy of each sample, in nats."""
        own = self.probabilities[np.arange(len(self.targets)), self.targets]
        return np.asarray(-np.log(np.clip(own, 1e-12, None)))


class EvaluationPicture(Picture):
    """Draws what the test of the best checkpoint shows."""

    def __init__(self) -> None:
        super().__init__()
        self._logits: list[Tensor] = []
        self._targets: list[Tensor] = []

    def draw(self, trainer: Trainer, evaluation: Evaluation) -> None:
        """What a subclass draws."""
        raise NotImplementedError(f"{type(self).__name__} must implement draw")

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forgets an earlier test."""
        self._logits, self._targets = [], []

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keeps the logits of a batch."""
        if isinstance(outputs, Mapping) and "logits" in outputs:
            self._logits.append(outputs["logits"])
            self._targets.append(batch[1])

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draws, on the first process, of the whole split."""
        if not self._logits or not isinstance(pl_module, Classifier):
            return
        logits, y = _all_rows(trainer, torch.cat(self._logits)), _all_rows(trainer, torch.cat(self._targets))
        if not trainer.is_global_zero:
            return
        probabilities = pl_module.probabilities(logits.double()).cpu().numpy()
        names = class_names(trainer, probabilities.shape[1])
        self.draw(trainer, Evaluation(y.long().cpu().numpy(), probabilities, names, pl_module.binary))
        self._logits, self._targets = [], []


def _all_rows(trainer: Trainer, own: Tensor) -> Tensor:
    """The rows of all processes, of which each has every ``world_size``-th, in the order of the split."""
    if trainer.world_size == 1:
        return own
    parts = gathered(own.cpu())
    rows = own.new_empty((sum(map(len, parts)), *own.shape[1:]), device="cpu")
    for rank, part in enumerate(parts):
        rows[rank :: trainer.world_size] = part
    return rows


def folder_of(trainer: Trainer) -> Path:
    """The folder of the run: where its own logger writes, or another, or, without one, the Trainer's root."""
    # Not `trainer.log_dir`, at which all processes would have to ask together.
    loggers = sorted(trainer.loggers, key=lambda logger: not isinstance(logger, RunTensorBoard))
    logger = loggers[0] if loggers else None
    return Path(getattr(logger, "log_dir", None) or getattr(logger, "save_dir", None) or trainer.default_root_dir)


def log_png(trainer: Trainer, name: str, content: bytes) -> None:
    """Shows the content of a PNG file in TensorBoard, at the latest optimizer step."""
    for logger in trainer.loggers:
        if isinstance(logger, RunTensorBoard):
            logger.log_png(f"pictures/{name}", content, max(0, trainer.global_step - 1))


def class_names(trainer: Trainer, num_classes: int) -> tuple[str, ...]:
    """Names of the classes, as the data tells them; their numbers where it does not."""
    return DataSpec.of_trainer(trainer).class_names or tuple(str(number) for number in range(num_classes))


def logits_of(module: LightningModule, data: InMemoryDataModule, x: Tensor) -> Tensor:
    """Logits of stored inputs ``x``, on the CPU."""
    loader = EvalLoader(x.to(module.device), x, eval_batch_size(data.input_shape), data.prepare)
    return outputs(module, loader)[0]


@contextmanager
def first_member(module: LightningModule) -> Iterator[str]:
    """Within it, the first member that has not diverged is the module's network, by the words for it.

    Without members nothing changes, and there are no words.
    """
    network = module.network if isinstance(module, Classifier) else None
    if not isinstance(network, Ensemble):
        yield ""
        return
    module.network = next(member for number, member in enumerate(network.members) if number not in network.left)
    try:
        yield "first member"
    finally:
        module.network = network


def some_of(data: InMemoryDataModule, split: str, most: int) -> tuple[Tensor, Tensor]:
    """Stored inputs and targets of at most ``most`` samples, spread over a split and always the same, on the CPU."""
    y = data.splits[split].y.cpu()
    rows = torch.arange(0, len(y), max(1, -(-len(y) // most)))
    return data.stored(split, rows).cpu(), y[rows]
