"""Models and data of known length: so many steps, each of so many seconds of the clock."""

import torch

from litclf import BinaryClassifier, CirclesDataModule


def make_model(clock, seconds, validation=0.0, **settings):
    """A model whose steps and validation batches take so many seconds."""

    class Slow(BinaryClassifier):
        def step(self, x, y):
            clock.now += seconds
            return super().step(x, y)

        def validation_step(self, batch, batch_idx):
            clock.now += validation
            super().validation_step(batch, batch_idx)

    torch.manual_seed(0)
    return Slow(**settings)


def make_data(most, repeat, **settings):
    return CirclesDataModule(num_samples=100, batch_size=None, repeat=repeat, steps_per_execution=most, **settings)
