"""Member bands: between which values most members lie, for whoever watches a fit with members."""

from __future__ import annotations

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn

from litclf.models.member_module import MemberModule
from litclf.training.loggers.tensorboard import BAND, RunTensorBoard
from litclf.utilities.statistics import middle

Band = tuple[float, float]


def bands_of(module: LightningModule, stage: str) -> dict[str, Band]:
    """Ends of the middle 95 % of the members in what was measured of them last, by log key; nothing of one network.

    Args:
        module: The module.
        stage: ``val``, or ``train``, of which it is the epoch that ends.
    """
    members = module.members if isinstance(module, MemberModule) else None
    if members is None:
        return {}
    measured = members.of_epoch() if stage == "train" else members.values
    keys = [key for key in (f"{stage}/loss", f"{stage}/accuracy") if key in measured]
    return {key: middle(measured[key].numpy()) for key in keys if measured[key].isfinite().any()}


def with_band(value: float, band: Band | None) -> str:
    """A mean with the ends of its band, where there is one.

    Example:
        >>> with_band(0.5, (0.25, 0.75)), with_band(0.5, None)
        ('0.5000 (0.2500 to 0.7500)', '0.5000')
    """
    return f"{value:.4f}" if band is None else f"{value:.4f} ({band[0]:.4f} to {band[1]:.4f})"


class MemberBands(Callback):
    """Shows in TensorBoard, beside the means over the members, the ends of the band in which 95 % of them lie.

    Example:
        >>> MemberBands().state_key
        'MemberBands'
    """

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Shows those of the validation."""
        if trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking:
            self._show(trainer, bands_of(pl_module, "val"))

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Shows those of the training."""
        self._show(trainer, bands_of(pl_module, "train"))

    def _show(self, trainer: Trainer, bands: dict[str, Band]) -> None:
        ends: dict[str, float] = {}
        for key, (low, high) in bands.items():
            ends |= {BAND.format(key=key, end="low"): low, BAND.format(key=key, end="high"): high}
        for logger in trainer.loggers:
            if ends and isinstance(logger, RunTensorBoard):
                logger.log_metrics(ends, trainer.global_step - 1)
