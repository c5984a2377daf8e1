"""Other processes of a fit: that one of them has ended is told of the error that this one then fails by."""

from __future__ import annotations

from lightning.pytorch import Callback, LightningModule, Trainer

from litclf.utilities.processes import Others


class OtherProcesses(Callback):
    """Knows whether a fit failed since another process of it has ended, which each library tells in its own words.

    Example:
        >>> OtherProcesses().ended
        False
    """

    def __init__(self) -> None:
        self.ended = False
        self._others: Others | None = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Gets to know the others."""
        if stage == "fit" and trainer.world_size > 1:
            self._others = Others()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Looks after them, before Lightning ends those that it has started."""
        if self._others is not None and isinstance(exception, RuntimeError):
            self.ended = self._others.ended(within=1)
        self._forget()  # no teardown follows

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Lets go of them."""
        self._forget()

    def _forget(self) -> None:
        if self._others is not None:
            self._others.forget()
