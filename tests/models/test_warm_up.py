"""What a fit owes to an engine before it begins: the kernels it will choose, and no others, are made ready."""

import pytest
import torch
from lightning.pytorch import Callback
from lightning.pytorch.strategies import SingleDeviceStrategy

from litclf import BinaryClassifier, BlobsDataModule, CirclesDataModule, MulticlassClassifier
from litclf.engines.eager import EagerEngine
from litclf.engines.kernel import engine as kernel
from litclf.engines.kernel.engine import KernelEngine


class OwnOptimizer(BinaryClassifier):
    def configure_optimizers(self):
        return torch.optim.RMSprop(self.parameters())


class OwnClipping(BinaryClassifier):
    def configure_gradient_clipping(self, optimizer, gradient_clip_val=None, gradient_clip_algorithm=None):
        self.clip_gradients(optimizer, 0.1, "norm")


class Watching(Callback):
    def on_after_backward(self, trainer, pl_module):
        pass


class Weighed(CirclesDataModule):
    class_weights = (1.0, 2.0)


def other_device():
    return {"strategy": SingleDeviceStrategy(device=torch.device("cuda", 0))}


@pytest.fixture
def warmed(make_trainer, monkeypatch):
    """What is made ready for a fit: the widths of the network, and the samples of a step."""
    found = []
    monkeypatch.setattr(kernel, "_kernel", lambda dims, rows: found.append((dims.tolist(), rows.tolist())))

    def warm_up(kind=BinaryClassifier, data=CirclesDataModule, most=10, own_engine=None, trainer=dict, size=8, **own):
        model = kind(hidden_dims=[4], **own)
        model.own_engine = own_engine
        data = data(num_samples=60, batch_size=size, steps_per_execution=most)
        model.attach(data)
        model.warm_up(make_trainer(max_epochs=1, **trainer()), data)
        return found

    return warm_up


@pytest.mark.parametrize(
    "case",
    [
        {"engine": "auto"},
        {"engine": "kernel"},
        {"data": Weighed},
        {"label_smoothing": 0.1},
        {"trainer": lambda: {"gradient_clip_val": 1.0}},
        {"trainer": lambda: {"devices": 2, "strategy": "ddp_spawn"}},
    ],
    ids=lambda case: ", ".join(case),
)
def test_the_kernel_that_the_fit_will_choose_is_made_ready(case, warmed):
    assert warmed(**case) == [([2, 4, 1], [[0, 8]])]


@pytest.mark.parametrize(
    "case",
    [
        {"engine": "eager"},
        {"engine": "graph"},
        {"most": 1},
        {"kind": OwnOptimizer},
        {"network": torch.nn.Sequential(torch.nn.Conv2d(1, 1, 1))},
        {"own_engine": EagerEngine()},
        {"trainer": other_device},
        {"kind": OwnClipping},
        {"trainer": lambda: {"precision": "bf16-mixed"}},
        {"trainer": lambda: {"callbacks": [Watching()]}},
        {"trainer": lambda: {"devices": 2, "strategy": "ddp_spawn", "callbacks": [Watching()]}},
        {"trainer": lambda: {"precision": "bf16-mixed"}, "engine": "kernel"},
    ],
    ids=lambda case: ", ".join(case),
)
def test_nothing_is_compiled_for_a_fit_that_another_engine_serves(case, warmed):
    assert warmed(**case) == []


def test_full_batches_are_made_ready_for_all_samples(warmed):
    assert warmed(size=None) == [([2, 4, 1], [[0, 48]])]


def test_what_is_made_ready_is_what_the_fit_takes(make_trainer, monkeypatch):
    taken, chosen = [], kernel._kernel

    def noting(dims, rows):
        taken.append(chosen(dims, rows))
        return taken[-1]

    monkeypatch.setattr(kernel, "_kernel", noting)
    for width in (10, 100):
        taken.clear()
        data = BlobsDataModule(num_samples=60, batch_size=16, steps_per_execution=10)
        model, trainer = MulticlassClassifier(hidden_dims=[width]), make_trainer(max_epochs=1)
        model.attach(data)
        model.warm_up(trainer, data)
        trainer.fit(model, datamodule=data)
        assert isinstance(model.engine, KernelEngine)
        assert len(taken) == 2
        assert taken[0] is taken[1]
