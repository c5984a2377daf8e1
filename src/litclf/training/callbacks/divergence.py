"""Divergence callback: a fit that diverges ends at its first bad step, and leaves the last good checkpoint as it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from litclf.models.base import SteppedModule
from litclf.utilities.errors import RunError

_MOST_VALIDATIONS = 3
"""Validations in a row whose loss may be infinite or not a number while the training loss is finite."""


class StopOnDivergence(Callback):
    """Ends a fit whose training loss is infinite or not a number, before anything of it is saved.

    The losses of single steps are looked at also within an execution. On a CUDA device, ordinary batches are looked at
    one batch later, so that nothing waits for the device; a checkpoint waits for all. A validation loss that is not
    finite ends the fit when it stays so for three validations.

    Raises:
        RunError: Naming the loss, the step, the learning rate and what to try.

    Example:
        >>> StopOnDivergence().bad_validations
        0
    """

    def __init__(self) -> None:
        self.bad_validations = 0
        self._unseen: list[tuple[int, Tensor, float]] = []
        self._rate = math.nan

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Notes the learning rate of the batch."""
        if trainer.optimizers:
            self._rate = float(trainer.optimizers[0].param_groups[0]["lr"])

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Looks at the losses of the batch, or of the one before."""
        losses = pl_module.latest_losses if isinstance(pl_module, SteppedModule) else None
        if losses is None:
            losses = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
        if not isinstance(losses, Tensor):
            return
        losses = losses.detach().reshape(-1)
        waits = losses.is_cuda and len(losses) == 1
        if not waits:
            self._look(trainer, pl_module)
        self._unseen.append((trainer.global_step - len(losses), losses, self._rate))
        self._look(trainer, pl_module, keep=int(waits))

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Looks at what is left."""
        self._look(trainer, pl_module)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Lets nothing be saved of a fit that has diverged, also where the latest update did it."""
        self._look(trainer, pl_module)
        # A sum is not finite where one of its terms is not; of large ones it may be so by itself, which a look tells.
        trained = [p.detach() for optimizer in trainer.optimizers for g in optimizer.param_groups for p in g["params"]]
        finite = not trained or math.isfinite(float(torch.stack([one.sum() for one in trained]).sum()))
        if not finite and not all(bool(torch.isfinite(one).all()) for one in trained):
            raise _error("weights", "are infinite or not a number", trainer.global_step, self._rate)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Counts validations in a row whose loss is not finite."""
        metrics = trainer.callback_metrics  # once: each time it is asked for, Lightning gathers them anew
        bad = [
            name for name in metrics if name.startswith("val") and "loss" in name and not math.isfinite(metrics[name])
        ]
        self.bad_validations = 0 if trainer.sanity_checking or not bad else self.bad_validations + 1
        if self.bad_validations >= _MOST_VALIDATIONS:
            what = f"is {float(metrics[bad[0]])} in {_MOST_VALIDATIONS} validations in a row"
            raise _error(bad[0], what, trainer.global_step, self._rate)

    def state_dict(self) -> dict[str, Any]:
        """Validations in a row whose loss is not finite."""
        return {"bad_validations": self.bad_validations}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on counting."""
        self.bad_validations = int(state_dict["bad_validations"])

    def _look(self, trainer: Trainer, module: LightningModule, keep: int = 0) -> None:
        """Looks at all losses but the latest ``keep``."""
        while len(self._unseen) > keep:
            before, losses, rate = self._unseen.pop(0)
            if math.isfinite(float(losses.sum())):
                continue
            bad = torch.nonzero(~torch.isfinite(losses)).flatten()
            if len(bad):
                step = before + int(bad[0])
                if isinstance(module, SteppedModule) and len(losses) > 1:
                    rate = module.rate_at(step, rate)
                raise _error("train/loss", f"is {float(losses[bad[0]])}", step + 1, rate)


def _error(where: str, what: str, step: int, rate: float) -> RunError:
    return RunError(
        where,
        f"{what} at step {step}, with a learning rate of {rate:.3g}",
        "lower it (--model.lr), clip gradients (--trainer.gradient_clip_val 1), or look at the data",
    )
