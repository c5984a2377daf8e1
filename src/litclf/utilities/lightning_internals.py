"""Lightning's private parts: all that is used of them, each with its reason.

A checkpoint may fall into the end of a batch, between training and validation, or into the end of an epoch. When such
a fit is resumed, Lightning 2.6 skips what was still to be done there: a row of the logs, a validation that was due, the
means of the epoch. So the state of the loops is saved as if what was going on had ended, beside what it would have
logged. And Lightning counts batches, where an execution is many steps.

No other file touches these names; ``tests/utilities/test_lightning_internals.py`` holds the code against this list, and
has a test for each name that fails when Lightning renames it or changes what it does.

- ``fit_loop``: the loops have no public name; all below but the connector's are reached through it.
- ``epoch_progress``, ``batch_progress``, ``val_loop``: where a fit stands, and a validation that is taken up.
- ``_batches_that_stepped``: the x axis of all loggers, in batches; here it is in optimizer steps.
- ``optim_step_progress``, ``optim_progress``: what ``global_step`` counts with manual and automatic optimization.
- ``_should_accumulate``: whether the batch just done was an optimizer step, and so is logged.
- ``_should_check_val_fx``, ``_data_fetcher``: whether a validation follows the batch just done.
- ``restarting``, ``_restarting``: whether an epoch is begun anew or taken up, which decides what schedules follow.
- ``update_lr_schedulers``: the step of the schedules that wait for an epoch's end.
- ``_logger_connector``: what is logged, and when; the four below are parts of it.
- ``should_update_logs``: whether the batch just done is one that is logged.
- ``metrics``: what would be logged now.
- ``_callback_metrics``: the latest metrics, which ``trainer.callback_metrics`` gives as a copy.
- ``_first_loop_iter``: whether the sums of the epoch are begun anew.
- ``_results``: the sums of the epoch that is not over.
- ``meta``, ``has_reset``, ``is_tensor``, ``metric_state``: how one of these sums is logged, and its content.
- ``_Loop``, ``_BaseProgress``: the classes of loops and of what they count, by which their state is found.
- ``entry_points``: Lightning's way to the callbacks of other packages, for each Trainer anew.
- ``_start_method``: how a strategy that is given as an object, or chosen by Lightning in a notebook, starts processes.
- ``_update_count``, ``_computed``: TorchMetrics' count of what a metric has seen, and its result kept.
"""

from __future__ import annotations

import ast
from functools import cache, partial
from typing import Any, Literal, cast

import torch
from lightning.fabric.utilities import registry
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loops.loop import _Loop
from lightning.pytorch.loops.progress import _BaseProgress
from torch import Tensor
from torchmetrics import Metric

Validation = Literal["none", "running", "done"]
"""How far the validation after the latest batch has come."""

_META = ("fx", "name", "prog_bar", "logger", "on_step", "on_epoch", "metric_attribute")


def settle(trainer: Trainer, loops: dict[str, Any], validation: Validation) -> dict[str, Any]:
    """Changes the saved state of the fit's ``loops`` into that between two batches or two epochs.

    Args:
        trainer: The Trainer that saves.
        loops: State of the fit loop, as a checkpoint holds it; changed in place.
        validation: How far the validation after the latest batch has come.

    Returns:
        What is still to be done: the ``metrics`` to log, empty where there are none, and their ``step``; whether an
        ``epoch`` is to be ended, whose metrics schedules may wait for.
    """
    epoch, batch = loops["epoch_progress"], loops["epoch_loop.batch_progress"]
    val, own = loops["epoch_loop.val_loop.batch_progress"], loops["epoch_loop.state_dict"]
    at_step, pending = own["_batches_that_stepped"], False
    over = epoch["current"]["processed"] == epoch["current"]["ready"]
    in_batch = not over and batch["current"]["processed"] > batch["current"]["completed"]
    due = not over and (validation == "running" or (in_batch and _validation_is_due(trainer)))
    if over:
        pending = epoch["current"]["completed"] < epoch["current"]["processed"]
        at_step -= 1
        _set(epoch, "completed", like="processed")
        batch["is_last_batch"] = False
        for name in batch["current"]:
            batch["current"][name] = 0
    elif in_batch:
        accumulates = trainer.fit_loop._should_accumulate()
        pending = trainer._logger_connector.should_update_logs and not accumulates
        _set(batch, "completed", like="processed")
        own["_batches_that_stepped"] += not (due or accumulates)
    # Lightning takes up a validation that it finds begun.
    for progress in (val["total"], val["current"]):
        progress.update(ready=int(due), started=int(due), processed=0, completed=0)
    val["is_last_batch"] = False
    to_log = _to_log(trainer) if pending and trainer.loggers else {}
    return {"step": at_step, "metrics": to_log, "epoch": over and pending}


def _set(progress: dict[str, Any], name: str, like: str) -> None:
    for part in ("total", "current"):
        progress[part][name] = progress[part][like]


def _validation_is_due(trainer: Trainer) -> bool:
    fetcher = trainer.fit_loop._data_fetcher
    return fetcher is not None and trainer.fit_loop.epoch_loop._should_check_val_fx(fetcher)


def _to_log(trainer: Trainer) -> dict[str, float]:
    logged = trainer._logger_connector.metrics["log"]
    return {"epoch": trainer.current_epoch, **{name: float(value) for name, value in logged.items()}} if logged else {}


def quicken_states(trainer: Trainer) -> None:
    """Has the loops of ``trainer`` tell their state in a sixth of the time: Lightning copies each number deeply."""
    for loop in (trainer.fit_loop, trainer.validate_loop, trainer.test_loop, trainer.predict_loop):
        cast(Any, loop).state_dict = partial(loop_state, loop)


def loop_state(loop: _Loop, prefix: str = "") -> dict[str, Any]:
    """What a checkpoint holds of a loop and of those within it, each under a key that begins with ``prefix``."""
    state: dict[str, Any] = {f"{prefix}state_dict": loop.on_save_checkpoint()}
    for name, value in vars(loop).items():
        if isinstance(value, _BaseProgress):
            state[prefix + name] = _counts(value)
        elif isinstance(value, _Loop):
            state |= loop_state(value, f"{prefix}{name}.")
    return state


def _counts(progress: _BaseProgress) -> dict[str, Any]:
    return {key: _counts(one) if isinstance(one, _BaseProgress) else one for key, one in vars(progress).items()}


def begin_epoch(trainer: Trainer, pending: dict[str, Any]) -> None:
    """Makes a fit that goes on at the beginning of an epoch begin it as any other."""
    loop = trainer.fit_loop.epoch_loop
    if pending["epoch"]:
        loop.update_lr_schedulers("epoch", update_plateau_schedulers=True)
    if loop.batch_progress.current.ready == 0:
        loop.restarting = False


def end_restart(trainer: Trainer) -> None:
    """Makes the end of the epoch where a fit was resumed that of any other: schedules then follow its metrics."""
    trainer.fit_loop._restarting = False


def metrics_state(trainer: Trainer) -> dict[str, Any]:
    """The metrics of the fit so far, as plain values and tensors: the latest, and the sums of an epoch not yet over."""
    progress: Any = trainer.fit_loop.epoch_progress.current
    results = trainer.fit_loop.epoch_loop._results
    counted = [item for item in results.values() if item.meta.on_epoch and not item.has_reset]
    return {
        "latest": {name: value.detach().clone() for name, value in trainer.callback_metrics.items()},
        "sums": [_sum_state(item) for item in counted] if progress.processed < progress.ready else [],
    }


def restore_latest(trainer: Trainer, state: dict[str, Any]) -> None:
    """Takes up the latest values of :func:`metrics_state`, which callbacks and the end of the fit read."""
    device = trainer.strategy.root_device
    trainer._logger_connector._callback_metrics.update({key: x.to(device) for key, x in state["latest"].items()})


def restore_sums(trainer: Trainer, module: LightningModule, sums: list[dict[str, Any]]) -> None:
    """Takes up the sums of :func:`metrics_state`, so that the epoch's means are those of the whole epoch."""
    if not sums:
        return
    results = trainer.fit_loop.epoch_loop._results
    for saved in sums:
        named = {name: saved[name] for name in _META}
        kept = {name: value.to(module.device) for name, value in saved["kept"].items()}
        attribute = saved["metric_attribute"]
        value: Tensor | Metric = kept["value"] if attribute is None else cast(Metric, module.get_submodule(attribute))
        reduce_fx = {fx.__name__: fx for fx in (torch.mean, torch.sum, torch.max, torch.min, max, min, sum)}
        results.log(
            value=value,
            reduce_fx=reduce_fx[saved["reduce_fx"]],
            sync_dist=saved["sync_dist"],
            sync_dist_fn=trainer.strategy.reduce,
            batch_size=1,
            **named,
        )
        counted: Any = results[f"{saved['fx']}.{saved['name']}"] if attribute is None else value
        for name, content in kept.items():
            setattr(counted, name, content)
        counted._update_count, counted._computed = saved["updates"], None
    # Else the first batch would count as that of a new epoch, which begins its sums anew.
    trainer._logger_connector._first_loop_iter = False


def _sum_state(item: Any) -> dict[str, Any]:
    """One metric that is logged for the epoch: how it is logged, and its sums."""
    counted = item if item.is_tensor else item.value
    kept = {name: value for name, value in counted.metric_state.items() if isinstance(value, Tensor)}
    return {
        **{name: getattr(item.meta, name) for name in _META},
        "reduce_fx": item.meta.reduce_fx.__name__,
        "sync_dist": item.meta.sync.should,
        "updates": counted._update_count,
        "kept": {name: value.detach().clone() for name, value in kept.items()},
    }


def count_steps(trainer: Trainer, steps: int) -> None:
    """Counts ``steps`` optimizer steps that bypassed Lightning's optimizer wrapper.

    ``trainer.global_step`` reads this counter, and with it ``max_steps``, checkpoint names and ``every_n_train_steps``.
    """
    progress = trainer.fit_loop.epoch_loop.manual_optimization.optim_step_progress
    progress.total.increment_by(steps)
    progress.current.increment_by(steps)


def restore_steps(trainer: Trainer, steps: int) -> None:
    """Makes ``trainer.global_step`` go on from ``steps``.

    Lightning keeps one counter for ordinary steps and one for ours, and a resumed fit may change from one to the other.
    """
    loop = trainer.fit_loop.epoch_loop
    if trainer.lightning_module.automatic_optimization:
        loop.automatic_optimization.optim_progress.optimizer.step.increment_by(steps - trainer.global_step)
    else:
        count_steps(trainer, steps - trainer.global_step)


def align_logging(trainer: Trainer) -> None:
    """Makes the x axis of all loggers the index of the last optimizer step, as in ordinary Lightning.

    ``log_every_n_steps`` and every callback that logs read this counter; Lightning itself adds one after each batch.
    """
    trainer.fit_loop.epoch_loop._batches_that_stepped = trainer.global_step - 1


def count_batches(trainer: Trainer, done: int) -> None:
    """Makes the Trainer of a resumed fit, once it has its state, count ``done`` batches of the epoch as handed out."""
    progress: Any = trainer.fit_loop.epoch_loop.batch_progress.current
    ending = progress.processed - progress.completed
    progress.ready = progress.started = progress.processed = done
    progress.completed = done - ending


def steps_between_checkpoints(callback: ModelCheckpoint) -> int:
    """Optimizer steps after which ``callback`` saves; 0 where it goes by epochs or by time.

    Its ``state_key`` is where ModelCheckpoint tells its settings in public: its class and a dict of them.

    Example:
        >>> steps_between_checkpoints(ModelCheckpoint(every_n_train_steps=50))
        50
    """
    settings = ast.parse(callback.state_key[callback.state_key.index("{") :], mode="eval").body
    assert isinstance(settings, ast.Dict)
    told = {ast.unparse(key): value for key, value in zip(settings.keys, settings.values, strict=True) if key}
    return int(ast.literal_eval(told["'every_n_train_steps'"]))


def start_method(trainer: Trainer) -> str:
    """How the other processes of a run start: by running its script anew, ``popen``, or with a copy of this one.

    The registry of strategies tells it of those that are given by name, and of no others.

    Example:
        >>> start_method(Trainer(logger=False, enable_checkpointing=False, devices=1))
        'popen'
    """
    return str(getattr(trainer.strategy, "_start_method", "popen"))


def keep_entry_points() -> None:
    """Has Lightning look for callbacks of other packages once in a process: it takes longer than the rest of a Trainer.

    Example:
        >>> keep_entry_points()
        >>> list(registry.entry_points(group="no.such.group"))
        []
    """
    module: Any = registry
    if not hasattr(module.entry_points, "cache_info"):
        module.entry_points = cache(module.entry_points)
