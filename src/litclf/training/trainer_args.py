"""Trainer arguments that cannot be meant, although Lightning takes them; refused before anything runs."""

from __future__ import annotations

import copy
import inspect
import math
import os
from pathlib import Path
from typing import Any, cast

import torch
from lightning.fabric.plugins.environments.lsf import LSFEnvironment
from lightning.fabric.plugins.environments.mpi import MPIEnvironment
from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning.fabric.plugins.environments.xla import XLAEnvironment
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.strategies import StrategyRegistry
from torch import Tensor, nn

from litclf.utilities.checks import one_of, whole
from litclf.utilities.errors import InputError
from litclf.utilities.lightning_internals import keep_entry_points, start_method

_AT_LEAST = {
    "max_epochs": -1,
    "max_steps": -1,
    "min_epochs": 0,
    "min_steps": 0,
    "log_every_n_steps": 0,
    "check_val_every_n_epoch": 1,
    "accumulate_grad_batches": 1,
    "num_sanity_val_steps": -1,
    "reload_dataloaders_every_n_epochs": 0,
    "num_nodes": 1,
}

_LAUNCHERS = (TorchElasticEnvironment, SLURMEnvironment, LSFEnvironment, MPIEnvironment, XLAEnvironment)
"""What starts a fit on several machines, each known by what it leaves in the environment."""

_REFUSALS = (ValueError, TypeError, RuntimeError, MisconfigurationException, ModuleNotFoundError)
"""What a Trainer raises of arguments that it does not take; of two callbacks that are alike a RuntimeError."""

_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


def check_names(args: dict[str, Any]) -> None:
    """Refuses names that are no argument of a Trainer.

    Raises:
        InputError: With the nearest that is.
    """
    known = inspect.signature(Trainer).parameters
    for argument in args:
        if argument not in known:
            raise InputError.unknown("fit", argument, known)


def checked_trainer(args: dict[str, Any]) -> Trainer:
    """A Trainer; what it refuses is told in one line.

    Raises:
        InputError: With what Lightning says.
    """
    keep_entry_points()
    try:
        return Trainer(**args)
    except InputError:
        raise
    except _REFUSALS as error:
        where, reason = _at_fault(args), " ".join(str(error).split())
        raise InputError(where, reason, "change that setting of the Trainer") from error


def _at_fault(args: dict[str, Any]) -> str:
    """The first argument that a Trainer refuses alone; Lightning does not name all that it refuses."""
    defaults = inspect.signature(Trainer).parameters
    for name, value in args.items():
        if name != "logger" and value != defaults[name].default:
            try:
                Trainer(**{"logger": False, name: value})
            except _REFUSALS:
                return f"trainer.{name}"
    return "trainer"


def check_trainer_args(args: dict[str, Any]) -> None:
    """Refuses arguments of a Trainer that cannot be meant, or that exclude each other.

    Args:
        args: The arguments that were given.

    Raises:
        InputError: Naming the setting and the value it got.

    Example:
        >>> check_trainer_args({"max_epochs": 3})
        >>> check_trainer_args({"gradient_clip_val": -1})
        Traceback (most recent call last):
        litclf.utilities.errors.InputError: trainer.gradient_clip_val: must be above 0, got -1; fix: pass a norm ...
    """
    for name, least in _AT_LEAST.items():
        if args.get(name) is not None:
            whole(f"trainer.{name}", args[name], least, example=max(least, 1))
    if args.get("max_epochs") == 0 or args.get("max_steps") == 0:
        name = "max_epochs" if args.get("max_epochs") == 0 else "max_steps"
        raise InputError(f"trainer.{name}", "must be above 0, or -1 for no end, got 0", "pass a value such as 10")
    for unit in ("epochs", "steps"):
        fewest, most = args.get(f"min_{unit}"), args.get(f"max_{unit}")
        if fewest is not None and most is not None and fewest > most != -1:
            rule = f"must be at most max_{unit}, got {fewest} and {most}"
            raise InputError(f"trainer.min_{unit}", rule, f"pass {most} or less, or raise --trainer.max_{unit}")
    _check_clipping(args)
    _check_limits(args)
    _check_devices(args)
    _check_nodes(args)
    _check_callbacks(args)
    if args.get("barebones"):
        rule = "switches off what a run folder is made of, got True"
        raise InputError("trainer.barebones", rule, "drop it, or use lightning.Trainer")
    root = args.get("default_root_dir")
    if root is not None and Path(root).exists() and not Path(root).is_dir():
        raise InputError("trainer.default_root_dir", f"must be a folder, got the file {root}", "pass a folder")
    profiler = args.get("profiler")
    if isinstance(profiler, str):
        one_of("trainer.profiler", profiler, ("simple", "advanced", "pytorch", "xla"))


def _check_clipping(args: dict[str, Any]) -> None:
    value, algorithm = args.get("gradient_clip_val"), args.get("gradient_clip_algorithm")
    if value is not None and not (isinstance(value, int | float) and value > 0 and math.isfinite(value)):
        raise InputError(
            "trainer.gradient_clip_val", f"must be above 0, got {value}", "pass a norm such as 1.0, or drop it"
        )
    if algorithm is not None:
        one_of("trainer.gradient_clip_algorithm", algorithm, ("norm", "value"))
        if value is None:
            rule = f"does nothing without gradient_clip_val, got {algorithm}"
            raise InputError("trainer.gradient_clip_algorithm", rule, "pass --trainer.gradient_clip_val 1.0 too")


def _check_devices(args: dict[str, Any]) -> None:
    """Refuses more processes than there are processors, which Lightning would start and the machine not survive."""
    devices, accelerator = args.get("devices"), args.get("accelerator") or "auto"
    on_cpu = accelerator == "cpu" or (accelerator == "auto" and not torch.cuda.is_available())
    wanted = int(devices) if isinstance(devices, int) or (isinstance(devices, str) and devices.isdigit()) else None
    most = (os.cpu_count() or 1) if on_cpu else torch.cuda.device_count()
    if wanted is not None and on_cpu and not 0 < wanted <= most:
        raise InputError("trainer.devices", f"must be 1 to {most} processes on this machine, got {wanted}", "pass 1")


def _check_nodes(args: dict[str, Any]) -> None:
    """Refuses several machines where nothing says who the others are: each would wait for them without a word."""
    nodes = args.get("num_nodes") or 1
    told = "MASTER_ADDR" in os.environ or args.get("plugins") or any(kind.detect() for kind in _LAUNCHERS)
    if nodes > 1 and not told:
        rule = f"needs a launcher on each machine, which tells where the others are, got {nodes} without one"
        start = f"torchrun --nnodes {nodes} --node-rank 0 --master-addr HOST --master-port 29500 -m litclf fit"
        raise InputError("trainer.num_nodes", rule, f"pass 1, or start each by its rank: {start} ...")


def _check_callbacks(args: dict[str, Any]) -> None:
    given = args.get("callbacks") or []
    for one in given if isinstance(given, list | tuple) else [given]:
        if isinstance(one, type):
            rule = f"must be made, got the class {one.__name__}"
            raise InputError("trainer.callbacks", rule, f"pass {one.__name__}()")


def _check_limits(args: dict[str, Any]) -> None:
    for stage in ("train", "val", "test", "predict"):
        name = f"limit_{stage}_batches"
        value = args.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
            raise InputError(f"trainer.{name}", f"must be zero or more, got {value!r}", "pass a number of batches")
        if isinstance(value, float) and value > 1:
            rule = f"as a share must be at most 1.0, got {value}"
            raise InputError(f"trainer.{name}", rule, f"pass {int(value)} for so many batches")
        if stage == "train" and not value:
            raise InputError(f"trainer.{name}", "leaves nothing to train, got 0", "pass a number of batches such as 10")
    interval = args.get("val_check_interval")
    if isinstance(interval, int | float) and not 0 < interval < math.inf:
        raise InputError("trainer.val_check_interval", f"must be above 0, got {interval}", "pass a share such as 0.5")
    if isinstance(interval, float) and interval > 1:
        rule = f"as a share must be at most 1.0, got {interval}"
        raise InputError("trainer.val_check_interval", rule, f"pass {int(interval)} for so many batches")


def check_launcher(trainer: Trainer, strategy: object) -> None:
    """Refuses strategies whose processes end with each stage, and take what the fit has counted with them.

    Args:
        trainer: The Trainer.
        strategy: What it was given as its strategy.

    Raises:
        InputError: Naming the strategy, and the one to use instead.
    """
    if isinstance(strategy, str) and strategy in StrategyRegistry:
        started = StrategyRegistry[strategy]["init_params"].get("start_method", "popen")
    else:
        started = start_method(trainer)
    if started != "popen":
        rule = f"must run the script in each of its processes, which {strategy} does not"
        raise InputError("trainer.strategy", rule, "pass ddp, or start the script by torchrun")


def check_last_batch(model: LightningModule, num_samples: int, batch_size: int | None) -> None:
    """Refuses a last mini-batch of one sample, where batch normalisation has nothing to take a spread from.

    Args:
        model: The model, built.
        num_samples: Size of the training split.
        batch_size: Samples of a mini-batch; None for all.

    Raises:
        InputError: Naming the size of the mini-batches.
    """
    network, example = getattr(model, "network", None), model.example_input_array
    last = num_samples % batch_size if batch_size else num_samples
    normalises = isinstance(network, nn.Module) and any(isinstance(part, _BATCH_NORMS) for part in network.modules())
    if last != 1 or not normalises or not isinstance(example, Tensor):
        return
    try:
        with torch.no_grad():
            copy.deepcopy(cast(nn.Module, network)).train()(example[:1])
    except ValueError as error:
        rule = f"{batch_size} leaves one of {num_samples} samples for the last mini-batch, too few for batch norm"
        raise InputError("data.batch_size", rule, f"pass {(batch_size or 1) + 1}") from error
