"""Logging through Lightning's private parts, at a tenth of the price: of `lightning_internals.py` what logs.

A logged value is a module of TorchMetrics in Lightning: half a millisecond to make, and a tenth of one in each epoch,
in which hooks, loggers and callbacks ask for it a dozen times. What is logged as the mean of tensors, as nearly all is,
needs but a sum and a count.

- ``_results``, ``_ResultCollection``: what was logged in a loop; its class, of which ours is one.
- ``fit_loop``, ``val_loop``, ``validate_loop``, ``test_loop``: the loops that have one.
- ``_Metadata``, ``_Sync``: how a value is logged, and by which call over several processes.
- ``_forward_cache``, ``_computed``, ``_update_count``, ``has_reset``: what Lightning and a resumed fit know of a value.
- ``update_metrics``: adds to one of the sums.
- ``_logger_connector``, ``_LoggerConnector``, ``metrics``, ``_callback_metrics``, ``_first_loop_iter``: who asks for
  what was logged, its class, of which ours is one, and whether that is of a batch or an epoch.
- ``should_reset_tensors``, ``_current_fx``, ``_current_fx_name``: whether the sums of a hook are begun anew, the hook
  that has logged before, and the one that logs.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, cast

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.trainer.connectors.logger_connector.logger_connector import _LoggerConnector
from lightning.pytorch.trainer.connectors.logger_connector.result import _Metadata, _ResultCollection, _Sync
from lightning.pytorch.trainer.states import RunningStage, TrainerFn
from torch import Tensor

_DESCRIBED = {field.name for field in fields(_Metadata)}
_ZERO = torch.zeros(())


class Mean:
    """A logged value: the mean over the samples of an epoch, or the latest of a step.

    Args:
        meta: How it is logged.

    Attributes:
        value: The sum over samples, or the latest value.
        cumulated_batch_size: The number of samples.
    """

    is_tensor = True

    def __init__(self, meta: _Metadata) -> None:
        self.meta = meta
        self.reset()

    def reset(self) -> None:
        """Begins anew."""
        self.value = _ZERO
        self.cumulated_batch_size: int | Tensor = 0
        self._forward_cache: Tensor | None = None
        self._computed: Tensor | None = None
        self._update_count, self.has_reset = 0, True

    def forward(self, value: Tensor, batch_size: int) -> None:
        """Takes the mean of further samples."""
        self._computed, self._update_count = None, self._update_count + 1
        value = value if value.dtype in (torch.float32, torch.float64) else value.float()
        if self.meta.on_step:
            self.value = self._forward_cache = self._over_processes(value)
            return
        share = value if batch_size == 1 else value * batch_size
        self.value = share if self._update_count == 1 else self.value + share
        self.cumulated_batch_size = self.cumulated_batch_size + batch_size

    def compute(self) -> Tensor:
        """The mean."""
        if self._computed is None:
            value, samples = self.value, self.cumulated_batch_size
            if self.meta.sync.should:  # both in one message
                value, samples = self._over_processes(torch.stack([value, value.new_tensor(samples)]))
            self._computed = value if type(samples) is int and samples == 1 else value / samples
        return self._computed

    def to(self, *args: Any, **kwargs: Any) -> None:
        """Moves what is kept."""
        self.value = self.value.to(*args, **kwargs)

    @property
    def metric_state(self) -> dict[str, Tensor]:
        """What is kept, for a checkpoint."""
        samples = torch.as_tensor(self.cumulated_batch_size, device=self.value.device)
        return {"value": self.value, "cumulated_batch_size": samples}

    def _over_processes(self, value: Tensor) -> Tensor:
        sync = self.meta.sync
        return cast(Tensor, sync(value.clone())) if sync.should else value  # it reduces in place


class Results(_ResultCollection):
    """What was logged in a loop, with a :class:`Mean` for each value that is one."""

    def __init__(self, training: bool) -> None:
        super().__init__(training)
        self._told: dict[bool, dict[str, dict[str, Any]]] = {}

    def log(self, fx: str, name: str, value: Any, **settings: Any) -> None:
        """Makes a value known that is logged for the first time, and takes it."""
        described = {key: setting for key, setting in settings.items() if key in _DESCRIBED}
        key, meta = f"{fx}.{name}", _Metadata(fx, name, **described)
        means = isinstance(value, Tensor) and meta.is_mean_reduction and not meta.forked and not meta.enable_graph
        if key not in self and means and self.dataloader_idx is None:
            meta.sync = _Sync(
                _should=settings.get("sync_dist", False),
                fn=settings.get("sync_dist_fn", _Sync.no_op),
                _group=settings.get("sync_dist_group"),
                rank_zero_only=settings.get("rank_zero_only", False),
            )
            self[key] = Mean(meta)
        super().log(fx, name, value, **settings)

    def update_metrics(self, key: str, value: Any, batch_size: int) -> None:
        """Adds to what was logged under ``key``."""
        self._told = {}
        if type(item := self[key]) is not Mean:
            super().update_metrics(key, value, batch_size)
            return
        item.forward(value, batch_size)  # Lightning asks PyTorch's compiler first, which takes longer
        item.has_reset = False

    def reset(self, metrics: bool | None = None, fx: str | None = None) -> None:
        """Begins all sums anew, or those of one kind or of the hook ``fx``."""
        self._told = {}
        super().reset(metrics, fx)

    def metrics(self, on_step: bool) -> Any:
        """The values as they are now, for callbacks, loggers and the progress bar."""
        if self.dataloader_idx is not None or not all(type(item) is Mean for item in self.values()):
            return super().metrics(on_step)
        if on_step not in self._told:
            self._told[on_step] = self._means(on_step)
        return {kind: dict(values) for kind, values in self._told[on_step].items()}

    def _means(self, on_step: bool) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {"callback": {}, "log": {}, "pbar": {}}
        for item in self.values():
            meta = item.meta
            if item.has_reset or meta.on_step is not on_step:
                continue
            value = item._forward_cache if on_step else item.compute()
            if meta.logger:
                found["log"][meta.name] = value
            if self.training or not on_step:
                found["callback"][meta.name] = value
            if meta.prog_bar:
                found["pbar"][meta.name] = value.item()
        return found

    def to(self, *args: Any, **kwargs: Any) -> Results:
        """Moves all values."""
        self._told = {}
        for item in self.values():
            item.to(*args, **kwargs)
        return self


class Connector(_LoggerConnector):
    """Lightning's, which finds what was logged in the loop that runs without comparing the text of two dozen names.

    Args:
        theirs: That of a Trainer, which it takes the place of.
    """

    def __init__(self, theirs: _LoggerConnector) -> None:
        super().__init__(theirs.trainer)
        vars(self).update(vars(theirs))

    @property
    def metrics(self) -> Any:
        """The values of the batch that runs, or of the epoch."""
        return results_of(self.trainer).metrics(self._first_loop_iter is not None)

    @property
    def callback_metrics(self) -> dict[str, Any]:
        """The latest values."""
        if results_of(self.trainer):
            self._callback_metrics.update(self.metrics["callback"])
        return self._callback_metrics


def results_of(trainer: Trainer) -> Any:
    """What was logged in the loop that runs; None where none does."""
    if trainer.state.fn is TrainerFn.FITTING:
        if trainer.state.stage is RunningStage.TRAINING:
            return trainer.fit_loop.epoch_loop._results
        if trainer.state.stage is RunningStage.VALIDATING:
            return trainer.fit_loop.epoch_loop.val_loop._results
    return trainer._results


def collect_means(trainer: Trainer) -> None:
    """Has the loops of ``trainer`` collect what is logged in :class:`Results`; call it before anything is."""
    loop: Any = trainer.fit_loop.epoch_loop
    for one in (loop, loop.val_loop, trainer.validate_loop, trainer.test_loop):
        one._results = Results(one._results.training)
    if type(trainer._logger_connector) is _LoggerConnector:
        trainer._logger_connector = Connector(trainer._logger_connector)


def log_row(module: LightningModule, values: dict[str, Tensor], batch_size: int, **settings: Any) -> None:
    """Logs values as ``module.log_dict`` does, and the same, for a tenth of its price from the second time on.

    Lightning makes the settings of each value anew, and compares them with those it has. What a hook logs again as it
    did before needs but the sum.

    Args:
        module: The module, in a hook of its Trainer.
        values: What is logged, 0-dimensional, by log key.
        batch_size: Samples that each value is the mean of.
        settings: Further arguments of ``log_dict``, the same each time.
    """
    results = results_of(module.trainer)
    if type(module).log is not LightningModule.log or not results or results.dataloader_idx is not None:
        module.log_dict(values, batch_size=batch_size, **settings)
        return
    hook, connector = cast(str, module._current_fx_name), module.trainer._logger_connector
    if connector.should_reset_tensors(hook):
        results.reset(metrics=False, fx=hook)
    connector._current_fx = hook
    meta = None
    for name, value in values.items():
        key = f"{hook}.{name}"
        if meta is not None and key not in results:
            results[key] = Mean(replace(meta, name=name))
        if key in results and results[key].is_tensor and results[key].value.device == value.device:
            results.update_metrics(key, value.detach(), batch_size)
        else:
            module.log(name, value, batch_size=batch_size, **settings)
            meta = results[key].meta if type(results.get(key)) is Mean else None
