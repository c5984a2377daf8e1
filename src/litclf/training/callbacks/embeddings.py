"""Embedding callback: what the last hidden layer makes of the test samples, when asked for."""

from __future__ import annotations

import torch
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor, nn

from litclf.training.callbacks.picture import Picture, class_names, first_member, logits_of
from litclf.training.loggers.tensorboard import RunTensorBoard
from litclf.utilities.checks import positive
from litclf.utilities.data_spec import DataSpec


class Embeddings(Picture):
    """Shows test samples in TensorBoard's projector, by the inputs of the network's last linear layer.

    Each sample has its class and, where the data are images, its image. Of a fit with members, it is that of the first.

    Args:
        samples: Test samples to show, at least 1; the first ones.

    Example:
        >>> Embeddings(samples=500).samples
        500
    """

    def __init__(self, samples: int = 1000) -> None:
        super().__init__()
        positive("samples", samples, 1000)
        self.samples = samples

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Adds the embedding of the tested weights."""
        with first_member(pl_module):
            self._add(trainer, pl_module)

    def _add(self, trainer: Trainer, pl_module: LightningModule) -> None:
        data = self.data_of(trainer)
        y = data.splits["test"].y[: self.samples]
        x = data.stored("test", torch.arange(len(y)))
        last = [module for module in pl_module.modules() if isinstance(module, nn.Linear)][-1:]
        if not last:
            return
        inputs: list[Tensor] = []
        hook = last[0].register_forward_pre_hook(lambda _module, args: inputs.append(args[0]))
        try:
            logits_of(pl_module, data, x)
        finally:
            hook.remove()
        names = class_names(trainer, int(y.max()) + 1)
        labels = [names[target] for target in y.tolist()]
        images = data.prepare(x) if DataSpec.of(data).is_image else None
        for logger in trainer.loggers:
            if isinstance(logger, RunTensorBoard):
                features = torch.cat(inputs).flatten(1)
                logger.experiment.add_embedding(features, labels, images, trainer.global_step, "test")
