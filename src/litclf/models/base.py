"""Base module: a LightningModule whose training step takes ordinary batches or executions of many optimizer steps."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Self, cast

import torch
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer
from torch import Tensor, nn

from litclf.engines.base import Engine, Learner, Loss
from litclf.engines.choice import NAMES, choose_engine
from litclf.engines.eager import EagerEngine
from litclf.engines.execution import Execution, Steps
from litclf.models.execution import learner_of, run_execution
from litclf.models.optimizers import Recipe, check_length, check_schedulers
from litclf.models.points import Points, write_rows
from litclf.runs.checkpoint_file import opened
from litclf.runs.hparams import LEARNED, check_loading, check_signature, check_size
from litclf.utilities.checks import one_of
from litclf.utilities.data_spec import DataSpec, Walked, data_of, total_steps
from litclf.utilities.errors import InputError, part
from litclf.utilities.hyperparameters import PlainHyperparameters
from litclf.utilities.lightning_internals import restore_steps
from litclf.utilities.lightning_logging import collect_means, log_row
from litclf.utilities.lightning_validation import validate_in_memory


class SteppedModule(PlainHyperparameters, LightningModule):
    """Trains by :meth:`step`, which a subclass supplies, one mini-batch or one execution at a time.

    With ordinary ``(x, y)`` batches, of anyone's loader, it is an ordinary LightningModule with automatic
    optimization. With a DataModule of ours whose ``steps_per_execution`` is above 1, an engine runs the optimizer
    steps of each execution; the eager engine gives the same weights, the others the same to rounding.

    Logs ``train/loss`` and, for classifiers, ``train/accuracy``: means over the last pass through the training set in
    each Trainer epoch, taken as it trains. ``train/loss_step`` is the mean loss of the steps since its value before,
    one for each ``log_every_n_steps`` of the Trainer, wherever executions begin and end.

    Args:
        recipe: Optimizer and learning-rate schedule.
        engine: What runs the optimizer steps of an execution: ``eager`` PyTorch, the compiled ``kernel`` for fully
            connected networks on the CPU, a captured CUDA ``graph``, or ``auto``, the fastest that can.

    Attributes:
        engine: The engine of the latest fit.
        engine_choice: Its name and the reason for it.
        own_engine: An engine of the user's own, which is then taken.
        latest_losses: Loss of each step of the latest batch or execution, shape ``(K,)``, on the device.
        as_curve: Whether a fit of any length logs as many ``train/loss_step`` as a curve needs, whatever the Trainer's
            ``log_every_n_steps``; a run that names no such number sets it.
    """

    def __init__(self, recipe: Recipe, engine: str = "eager") -> None:
        super().__init__()
        one_of("engine", engine, NAMES)
        self._recipe = recipe
        self.engine_name = engine
        self.engine: Engine = EagerEngine()
        self.engine_choice = "ordinary batches"
        self.own_engine: Engine | None = None
        self.latest_losses: Tensor | None = None
        self.as_curve, self._points = False, Points()
        self._steps_before: int | None = None
        self.save_hyperparameters({"model_class": type(self).__name__})

    @property
    def recipe(self) -> Recipe:
        """Optimizer and learning-rate schedule, by the values of ``hparams``, which finders of Lightning change."""
        names = {field.name for field in fields(Recipe)} & self.hparams.keys()
        return replace(self._recipe, **{name: self.hparams[name] for name in names})

    @classmethod
    def load_from_checkpoint(
        cls,
        checkpoint_path: Any,
        map_location: Any = None,
        hparams_file: Any = None,
        strict: bool | None = None,
        weights_only: bool | None = None,
        **kwargs: Any,
    ) -> Self:
        """Builds the model of a checkpoint with its weights, after the file and its hyperparameters were checked.

        Args:
            checkpoint_path: A local file.
            map_location: Where the weights go, as :func:`torch.load` takes it; None leaves them where they were.
            hparams_file: Not taken; values are passed by name.
            strict: Whether the weights must be those of the model, all of them and no others; None is true.
            weights_only: Always true; False is refused.
            kwargs: Arguments of the constructor that are to be others than the checkpoint's, or that it does not
                hold, such as ``network``.

        Raises:
            InputError: If the file is missing or damaged, or its hyperparameters are not plain values for arguments
                of this class.
        """
        check_loading(hparams_file, weights_only)
        with opened(checkpoint_path) as (file, checkpoint):
            saved, path = checkpoint.get("hyper_parameters", {}), Path(checkpoint_path)
            check_signature(cls, saved, str(path), LEARNED)
            if "weights_path" in saved:
                kwargs.setdefault("weights_path", None)  # no file is read that a checkpoint names
            if cls.__module__.startswith("litclf.") and strict is not False:
                arguments = {name: value for name, value in saved.items() if name not in LEARNED} | kwargs
                check_size(lambda: cls(**arguments), checkpoint, path)
            return super().load_from_checkpoint(file, map_location, strict=strict, weights_only=True, **kwargs)

    def step(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Mean loss of a mini-batch, 0-dimensional, and the outputs it came from."""
        raise NotImplementedError(f"{type(self).__name__} must implement step")

    def correct(self, outputs: Tensor, y: Tensor) -> Tensor | None:
        """How many of the outputs are right, 0-dimensional; None where the task has no such thing."""
        return None

    def logged(self) -> set[str]:
        """The keys of what a fit with validation logs; a class of one's own may log others beside."""
        return {"train/loss_step", "train/loss"}

    def plain_loss(self, data: LightningDataModule) -> Loss | str:
        """The loss on ``data`` for engines that compute it themselves; else why it is nothing that they could."""
        return "the model computes its loss in a way of its own"

    def attach(self, data: LightningDataModule | None) -> None:
        """Takes from ``data`` what the model needs to be built, and refuses data that does not fit."""

    @part("model")
    def setup(self, stage: str) -> None:
        """Attaches the Trainer's data and chooses between ordinary batches and executions."""
        spec = DataSpec.of_trainer(self.trainer)
        self.attach(spec.data)
        validate_in_memory(self.trainer)
        collect_means(self.trainer)
        # Set here, not in the constructor: only now is K known, and Lightning has let the Trainer's own gradient
        # clipping pass, which it refuses for manual optimization and we apply inside the execution.
        # It stays after the fit: by it Lightning finds its count of steps.
        if stage == "fit":
            self.automatic_optimization = spec.steps_per_execution == 1
            self._points = Points()

    def configure_callbacks(self) -> Sequence[Callback] | Callback:
        """Adds none; it is asked before Lightning checks a fit's settings, so the last choice is undone."""
        if self.trainer.training:
            self.automatic_optimization = True
        return super().configure_callbacks()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Notes how many optimizer steps the fit that wrote ``checkpoint`` had done, and its latest losses."""
        self._steps_before = int(checkpoint["global_step"])
        self._points.restore(checkpoint.get("points", (0.0, 0)))
        self.engine_choice = checkpoint.get("engine_choice", self.engine_choice)

    @part("model")
    def on_train_start(self) -> None:
        """Goes on counting where a fit is resumed, also where K was changed from or to 1, and chooses the engine."""
        if self.trainer.ckpt_path is not None and self._steps_before is not None:
            restore_steps(self.trainer, self._steps_before)
            data = data_of(self.trainer)
            if isinstance(data, Walked):
                data.count_batches()
            if self._has_own_schedule():
                check_length(self.recipe, self.trainer)
        self._points.begin(
            self.trainer.global_step, None if self.as_curve else cast(Any, self.trainer).log_every_n_steps
        )
        self.engine_choice = "ordinary batches"
        if not self.automatic_optimization:
            check_schedulers(self.trainer)
        if self.own_engine is not None:
            self.engine, self.engine_choice = self.own_engine, type(self.own_engine).__name__
        elif not self.automatic_optimization:
            self.choose_engines()

    def choose_engines(self) -> None:
        """Chooses what runs the executions of a fit that begins."""
        optimizer = cast(torch.optim.Optimizer, self.optimizers(use_pl_optimizer=False))
        learner = learner_of(self, self.trainer, data_of(self.trainer), optimizer)
        kind, self.engine_choice = choose_engine(self.engine_name, learner)
        self.engine = kind.make(self.engine_name == kind.name)
        if kind.begin is not None:
            kind.begin(learner)

    def warm_up(self, trainer: Trainer, data: LightningDataModule) -> None:
        """Has ready what the engine that a fit will choose needs, before the time of the fit is taken.

        Args:
            trainer: The Trainer of the fit to come.
            data: Its DataModule.
        """
        spec = DataSpec.of(data)
        if spec.steps_per_execution == 1 or self.own_engine is not None or not self._takes_recipe():
            return
        learner = self.first_learner(trainer, data)
        with suppress(InputError):  # the fit itself refuses what cannot be
            kind, _ = choose_engine(self.engine_name, learner)
            if kind.warm_up is not None:
                kind.warm_up(learner, spec.batch_size or spec.num_samples["train"] or 1)

    def first_learner(self, trainer: Trainer, data: LightningDataModule) -> Learner:
        """What an engine of a fit to come will be given, of the first network where there are several."""
        return learner_of(self, trainer, data, self.recipe.build(self))

    def rate_at(self, step: int, otherwise: float) -> float:
        """Learning rate of optimizer step ``step`` of the fit, from 0 on; ``otherwise`` where no schedule moves it."""
        optimizer = torch.optim.SGD([torch.zeros(1)], lr=self.recipe.lr)
        schedule = self.recipe.schedule(optimizer, int(total_steps(self.trainer))) if self._has_own_schedule() else None
        if schedule is None:
            return self.recipe.lr if self._takes_recipe() else otherwise
        for _ in range(step):
            optimizer.step()
            schedule.step()
        return float(optimizer.param_groups[0]["lr"])

    def _takes_recipe(self) -> bool:
        """Whether optimizer and schedule are the recipe's."""
        return type(self).configure_optimizers.__module__.startswith("litclf.")

    def _has_own_schedule(self) -> bool:
        """Whether the recipe's schedule moves the learning rate."""
        return self._takes_recipe() and self.recipe.lr_schedule != "none"

    def on_train_end(self) -> None:
        """Lays the weights out as PyTorch does, whatever layout the engine worked in."""
        for parameter in self.parameters():
            parameter.data = _plain_layout(parameter.data)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Saves weights and optimizer state as PyTorch lays them out: fused optimizers rely on that when resuming."""
        checkpoint["engine_choice"] = self.engine_choice
        checkpoint["points"] = self._points.state()
        checkpoint["state_dict"] = {name: _plain_layout(value) for name, value in checkpoint["state_dict"].items()}
        for saved in checkpoint.get("optimizer_states", []):
            saved["state"] = {
                key: {name: _plain_layout(value) for name, value in own.items()} for key, own in saved["state"].items()
            }

    def training_step(self, batch: Execution | Sequence[Tensor], batch_idx: int) -> Tensor:
        """One optimizer step on an ``(x, y)`` batch, or all steps of an execution; returns the mean loss."""
        if isinstance(batch, Execution):
            if self.automatic_optimization:
                raise InputError("datamodule", "executions came without it", "pass the DataModule itself to fit")
            losses, correct = run_execution(self, self.engine, batch)
            self._log_training(losses, correct, batch.steps, self.trainer.global_step)
            return losses.mean()
        x, y = batch
        loss, outputs = self.step(x, y)
        data, counts, share = data_of(self.trainer), True, 1.0
        if isinstance(data, Walked):
            counts = data.counts_towards_epoch()
            share = data.step_share() if self.trainer.world_size > 1 else 1.0
        steps = Steps([(0, len(y))], 0 if counts else 1, [share])
        own = steps.sizes[0]
        ends_step = (batch_idx + 1) % self.trainer.accumulate_grad_batches == 0 or self.trainer.is_last_batch
        done = self.trainer.global_step + ends_step
        self._log_training(loss.detach().reshape(1), self.correct(outputs.detach()[:own], y[:own]), steps, done)
        return loss if share == 1 else loss * share

    def _log_training(self, losses: Tensor, correct: Tensor | None, steps: Steps, done: int) -> None:
        """Logs the points up to step ``done`` now, and the means of the epoch's last pass at the epoch's end."""
        self.latest_losses = losses
        weighed = losses if steps.shares is None else losses * losses.new_tensor(steps.shares)
        write_rows(self.trainer, "train/loss_step", self._points.add(weighed, done))
        processes = self.trainer.world_size
        step = {"on_step": True, "on_epoch": False, "prog_bar": True, "logger": False, "sync_dist": processes > 1}
        log_row(self, {"train/loss_step": self._points.latest}, batch_size=1, **step)
        sizes = steps.sizes[steps.counted_from :]
        if not sizes:
            return
        losses, samples = losses[steps.counted_from :], sum(sizes)
        if min(sizes) == max(sizes):
            mean = losses.mean()
        else:
            mean = (losses * torch.tensor(sizes, device=losses.device)).sum() / max(samples, 1)
        values = {"train/loss": mean}
        if correct is not None:
            values["train/accuracy"] = correct / max(samples, 1)
        # Lightning divides the samples of all processes by their number, in whole numbers: times it, nothing is lost.
        epoch = {"on_step": False, "on_epoch": True, "sync_dist": processes > 1}
        log_row(self, values, batch_size=samples * processes, **epoch)

    @part("model")
    def configure_optimizers(self) -> Any:
        """The recipe's optimizer and schedule over the optimizer steps of the whole fit."""
        return self.optimizer_of(self)

    def optimizer_of(self, network: nn.Module, spec: DataSpec | None = None) -> Any:
        """The recipe's optimizer and schedule for ``network``, over the fit's data or what ``spec`` tells of."""
        # PyTorch's fused kernels do not leave room for unscaling and clipping between scaler and step.
        fused = self.trainer.precision != "16-mixed"
        return self.recipe.configure(network, fused, total_steps(self.trainer, spec))


def _plain_layout(value: Any) -> Any:
    """A matrix row after row; anything else as it is (convolutions may lie channels-last on purpose)."""
    return value.contiguous() if isinstance(value, Tensor) and value.ndim == 2 else value
