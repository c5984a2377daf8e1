"""Resume state: what a checkpoint holds beside weights and optimizer, so that a fit goes on to the same bits."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from litclf.utilities import lightning_internals as loops
from litclf.utilities.processes import gathered
from litclf.utilities.rng import rng_state, set_rng_state

KEY = "resume"
"""Entry of a checkpoint that this callback writes and reads."""

_SETTINGS = (
    "gradient_clip_val",
    "gradient_clip_algorithm",
    "accumulate_grad_batches",
    "precision",
    "limit_train_batches",
)


class Resume(Callback):
    """Saves what Lightning's checkpoints leave out, and takes it up when a fit is resumed.

    These are the random numbers of each process, the sums of an epoch that is not over, the latest metrics, whether
    the fit was told to stop, what was still to be logged and how far the logs were, and the seconds of the fit.

    Attributes:
        has_trained: Whether this part of the fit has had a batch.

    Args:
        folder: The run folder; paths of checkpoints in it are followed where it was moved. None where nothing is kept.

    Example:
        >>> Resume(None).seconds
        0.0
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = None if folder is None else folder.resolve()
        self.started = datetime.now().astimezone().isoformat(timespec="seconds")
        self._saved: dict[str, Any] = {}
        self._seconds_before = 0.0
        self._begin: float | None = None
        self._validation: loops.Validation = "none"
        self.has_trained = False

    @property
    def seconds(self) -> float:
        """Seconds of the fit so far: those of its earlier parts, each up to the checkpoint it was resumed from."""
        return self._seconds_before + (0.0 if self._begin is None else time.perf_counter() - self._begin)

    def begin(self) -> None:
        """Begins to count the seconds of this part."""
        self._begin = time.perf_counter()

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Notes that no validation has followed yet."""
        self._validation, self.has_trained = "none", True

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Notes where the fit stands."""
        self._validation = "running"

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Notes where the fit stands."""
        self._validation = "done"

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Adds the entry ``resume``, and settles the state of the loops."""
        metrics = loops.metrics_state(trainer)
        own = [{"rng": rng_state(), "sums": metrics.pop("sums")}]
        if trainer.world_size > 1:
            own = gathered(own[0])
        pending = loops.settle(trainer, checkpoint["loops"]["fit_loop"], self._validation)
        states = {type(logger).__name__: logger.state() for logger in trainer.loggers if hasattr(logger, "state")}
        checkpoint[KEY] = {
            "processes": own,
            "metrics": metrics,
            "pending": pending,
            "should_stop": trainer.should_stop,
            "loggers": states,
            "seconds": self.seconds,
            "started": self.started,
            "folder": str(self.folder or ""),
            "trainer": settings_of(trainer),
        }

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Keeps what is to be taken up, and makes paths those of a run folder that was moved."""
        self._saved = checkpoint.get(KEY, {}) if trainer.state.fn == "fit" else {}
        if not self._saved:
            return
        self._seconds_before, self.started = self._saved["seconds"], self._saved["started"]
        before, now = self._saved["folder"], str(self.folder)
        if before and before != now:
            checkpoint["callbacks"] = _moved(checkpoint["callbacks"], before, now)

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Takes up random numbers and metrics, and logs what was still to be logged."""
        if not self._saved:
            return
        loops.restore_latest(trainer, self._saved["metrics"])
        pending = self._saved["pending"]
        for logger in trainer.loggers if pending["metrics"] else []:
            logger.log_metrics(pending["metrics"], pending["step"])
            logger.save()
        self._set_rng(trainer)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Takes up the sums of an epoch that is not over, and a stop that was asked for."""
        if not self._saved:
            return
        loops.begin_epoch(trainer, self._saved["pending"])
        processes = self._saved["processes"]
        if trainer.global_rank < len(processes):
            loops.restore_sums(trainer, pl_module, processes[trainer.global_rank]["sums"])
        trainer.should_stop = self._saved["should_stop"]

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Ends the epoch where the fit was resumed as any other."""
        if self._saved:
            loops.end_restart(trainer)
            self._saved = {}

    def _set_rng(self, trainer: Trainer) -> None:
        processes = self._saved["processes"]
        if len(processes) == trainer.world_size:
            set_rng_state(processes[trainer.global_rank]["rng"])


def settings_of(trainer: Trainer) -> dict[str, Any]:
    """Settings of the Trainer that change weights, as plain values."""
    values = {name: getattr(trainer, name) for name in _SETTINGS}
    return {name: value if isinstance(value, int | float | None) else str(value) for name, value in values.items()}


def _moved(value: Any, before: str, now: str) -> Any:
    """``value`` with all paths below the folder ``before`` made those below ``now``."""
    if isinstance(value, dict):
        return {_moved(key, before, now): _moved(item, before, now) for key, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, before, now) for item in value]
    if isinstance(value, str) and (value == before or value.startswith(before + "/")):
        return now + value[len(before) :]
    return value
