"""Validation in a fit through Lightning's private parts, for splits in memory: of `lightning_internals.py` the loop.

Lightning's loop of a validation costs more than all that a small split is measured by: before each it reads the
signatures of hooks anew, walks through all modules four times, fetches ahead, moves what need not be moved, and calls
each hook of each callback, of which most do nothing. Here the hooks that somebody has are called, in the same order and
with the same arguments, and the rest is done once.

- ``fit_loop``, ``val_loop``, ``_EvaluationLoop``: where the loop stands, and its class.
- ``_no_grad_context``: the strategy's way to run without gradients.
- ``_combined_loader``: what is walked.
- ``_has_run``, ``_seen_batches_per_dataloader``, ``batch_progress``, ``max_batches``: what the loop, who resumes it and
  who follows it count.
- ``_verify_dataloader_idx_requirement``: refuses a hook that wants to know of several loaders.
- ``_logger_connector``, ``_evaluation_epoch_end``: who takes what is logged in the loop.
- ``_current_fx_name``: the hook that runs, which ``log`` asks for.
- ``_last_val_time``: when the latest validation ended.
"""

from __future__ import annotations

import inspect
import time
from itertools import islice
from typing import Any, cast

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loops.evaluation_loop import _EvaluationLoop
from lightning.pytorch.loops.utilities import _no_grad_context
from lightning.pytorch.plugins import Precision
from lightning.pytorch.profilers import PassThroughProfiler
from lightning.pytorch.strategies import SingleDeviceStrategy
from lightning.pytorch.trainer.states import RunningStage, TrainerFn
from lightning.pytorch.utilities.exceptions import SIGTERMException
from lightning.pytorch.utilities.model_helpers import is_overridden
from torch import nn

from litclf.utilities.hooks import overrides

_TRANSFERS = ("on_before_batch_transfer", "transfer_batch_to_device", "on_after_batch_transfer")
_MODES = ("on_validation_model_eval", "on_validation_model_train")


class ValidationLoop(_EvaluationLoop):
    """Lightning's loop of the validations in a fit, which walks one loader of a split in memory by itself.

    Such a loader says so by an attribute ``resident``: it yields its batches in order, on the device of the fit, has a
    length, and is asked for nothing else. Where anything is out of the ordinary (several loaders, a precision, several
    processes, a profiler, hooks for the transfer of batches or the modes of modules, a validation that is taken up in
    its middle), the loop is Lightning's.

    Args:
        theirs: The loop of a Trainer whose fit is to begin, which it takes the place of.
    """

    def __init__(self, theirs: _EvaluationLoop) -> None:
        super().__init__(theirs.trainer, TrainerFn.FITTING, RunningStage.VALIDATING)
        vars(self).update(vars(theirs))  # where data comes from, and what the Trainer has set
        self._looked_at: Any = None
        self._walks = False

    def run(self) -> list[Any]:
        """Runs a validation, with the hooks of module and callbacks."""
        self.setup_data()
        if self.skip:
            return []
        if self._looked_at is not self._combined_loader:
            self._looked_at, self._walks = self._combined_loader, self._is_plain()
        if not self._walks or self.restarting or self.trainer.sanity_checking:
            return cast(list[Any], super().run())
        return cast(list[Any], self._walk())

    def _is_plain(self) -> bool:
        """Whether nothing about module, data and Trainer is out of the ordinary."""
        trainer: Any = self.trainer
        module = trainer.lightning_module
        loaders = cast(Any, self._combined_loader).flattened
        if len(loaders) != 1 or not getattr(loaders[0], "resident", False):
            return False
        self._verify_dataloader_idx_requirement()
        return (
            type(trainer.precision_plugin) is Precision
            and type(trainer.strategy) is SingleDeviceStrategy
            and isinstance(trainer.profiler, PassThroughProfiler)
            and len(inspect.signature(module.validation_step).parameters) == 2  # batch and batch_idx
            and not any(is_overridden(hook, trainer.datamodule) for hook in _TRANSFERS)
            and not any(overrides(module, LightningModule, hook) for hook in (*_TRANSFERS, *_MODES))
            and not any(
                overrides(part, nn.Module, "train") or "training" not in vars(part) for part in module.modules()
            )
        )

    @_no_grad_context
    def _walk(self) -> list[Any]:
        """All of the validation, of which Lightning's own loop says what is done when, and why."""
        trainer: Any = self.trainer
        connector, progress = trainer._logger_connector, self.batch_progress
        count, loader = int(self.max_batches[0]), cast(Any, self._combined_loader).flattened[0]
        self._has_run = False
        progress.reset_on_run()
        training = [part for part in trainer.lightning_module.modules() if part.training]
        _set_training(training, False)
        self._call("on_validation_start")
        self._call("on_validation_epoch_start")
        for number, batch in enumerate(islice(loader, count)):
            progress.is_last_batch = number + 1 == count
            self._step(batch, number)
        connector.epoch_end_reached()
        logged = connector.update_eval_epoch_metrics()
        connector._evaluation_epoch_end()
        self._call("on_validation_epoch_end")
        connector.on_epoch_end()
        logged = {**logged, **connector.update_eval_epoch_metrics()}
        connector.log_eval_end_metrics(logged)
        self._call("on_validation_end")
        connector.reset_results()
        _set_training(training, True)
        trainer._last_val_time = time.monotonic()
        self.on_iteration_done()
        return [logged]

    def _step(self, batch: Any, number: int) -> None:
        """One batch."""
        trainer, connector, progress = self.trainer, self.trainer._logger_connector, self.batch_progress
        progress.increment_ready()
        connector.on_batch_start(batch)
        self._call("on_validation_batch_start", batch, number)
        progress.increment_started()
        module = trainer.lightning_module
        vars(module)["_current_fx_name"] = "validation_step"
        output = trainer.strategy.validation_step(batch, number)
        progress.increment_processed()
        self._call("on_validation_batch_end", output, batch, number)
        connector.on_batch_end()
        progress.increment_completed()
        self._has_run = True
        connector.update_eval_step_metrics(self._seen_batches_per_dataloader[0])
        self._seen_batches_per_dataloader[0] += 1
        if not progress.is_last_batch and trainer.received_sigterm:
            raise SIGTERMException

    def _call(self, hook: str, *args: Any) -> None:
        """Calls a hook of the callbacks that have it, and of the module."""
        trainer, module = self.trainer, self.trainer.lightning_module
        vars(module)["_current_fx_name"] = hook  # what a module does to set it takes longer than a hook
        for callback in cast(Any, trainer).callbacks:
            if overrides(callback, Callback, hook):
                getattr(callback, hook)(trainer, module, *args)
        if overrides(module, LightningModule, hook):
            getattr(module, hook)(*args)
        vars(module)["_current_fx_name"] = None


def validate_in_memory(trainer: Trainer) -> None:
    """Has the fits of ``trainer`` validate by a :class:`ValidationLoop`; call it before they begin."""
    loop: Any = trainer.fit_loop.epoch_loop
    if type(loop.val_loop) is _EvaluationLoop:
        loop.val_loop = ValidationLoop(loop.val_loop)


def _set_training(modules: list[nn.Module], training: bool) -> None:
    for module in modules:
        vars(module)["training"] = training
