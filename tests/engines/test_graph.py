"""The CUDA graph engine: what it refuses, and on a machine with a GPU, its fits against the eager engine."""

import pytest
import torch
from torch import nn

from litclf import BinaryClassifier, CirclesDataModule, InputError, MulticlassClassifier
from litclf.data.blobs import BlobsDataModule
from litclf.engines import graph
from litclf.engines.eager import EagerEngine
from litclf.engines.graph import GraphEngine
from tests.engines.contract import CENTERS, EngineContract

pytestmark = pytest.mark.filterwarnings("ignore:The number of training batches")
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
RECIPES = {
    "sgd": {"optimizer": "sgd", "lr": 0.1, "weight_decay": 0.01},
    "nesterov": {"optimizer": "sgd", "lr": 0.05, "momentum": 0.9, "nesterov": True, "lr_schedule": "cosine"},
    "adam": {"optimizer": "adam", "lr": 0.003, "lr_schedule": "step"},
    "adamw": {"optimizer": "adamw", "lr": 0.003, "weight_decay": 0.1},
}


class ReplaysEagerly:
    """Stands for a captured step where there is no GPU: the same buffers and shapes, the step itself eager."""

    def __init__(self, learner, x, y):
        self.learner, self.x, self.y = learner, x.clone(), y.clone()
        self.replays = 0

    def fits(self, learner, x, y):
        return x.shape == self.x.shape

    def replay(self, x, y):
        self.x.copy_(x)
        self.y.copy_(y)
        self.replays += 1
        return graph._eager_step(self.learner, self.x, self.y)


def cannot_capture(*_step):
    raise RuntimeError("operation not permitted when stream is capturing")


def fit(make_trainer, engine, accelerator="cpu", batch_size=32, network="mlp", own_engine=None, **recipe):
    torch.manual_seed(0)
    data = BlobsDataModule(num_samples=150, centers=CENTERS, batch_size=batch_size, repeat=5, steps_per_execution=7)
    model = MulticlassClassifier(network=network, hidden_dims=[8], engine=engine, **recipe)
    model.own_engine = own_engine
    trainer = make_trainer(max_epochs=4, accelerator=accelerator)
    trainer.fit(model, datamodule=data)
    return model, trainer


def test_on_the_cpu_it_is_refused_with_the_reason(make_trainer):
    model = BinaryClassifier(hidden_dims=[4], engine="graph")
    data = CirclesDataModule(batch_size=None, repeat=2, steps_per_execution=2)
    with pytest.raises(InputError, match="engine: graph cannot serve this fit: the parameters are not on a CUDA"):
        make_trainer(max_epochs=1).fit(model, datamodule=data)


@pytest.fixture
def stand_in(monkeypatch):
    """Captures and replays without a GPU."""
    monkeypatch.setattr(graph, "_CapturedStep", ReplaysEagerly)
    monkeypatch.setattr(graph, "_on_side_stream", graph._eager_step)
    monkeypatch.setattr(graph, "_on_cuda", lambda _: True)


@pytest.mark.usefixtures("stand_in")
class TestGraphEngineWithoutGPU(EngineContract):
    def make(self):
        return GraphEngine()


@pytest.mark.usefixtures("stand_in")
def test_which_steps_are_replayed_and_what_is_counted(make_trainer):
    own, trainer = fit(make_trainer, "auto", own_engine=GraphEngine(), **RECIPES["nesterov"])
    assert own.engine._step.replays == 4 * 5 * 3 - 1  # not the first step, and not the short last one of a pass
    assert trainer.global_step == 4 * 5 * 4


@pytest.mark.usefixtures("stand_in")
def test_a_step_that_cannot_be_captured_runs_eagerly_or_is_refused(make_trainer, monkeypatch):
    monkeypatch.setattr(graph, "_CapturedStep", cannot_capture)
    with pytest.warns(UserWarning, match="graph cannot capture a step of MLP: .*; steps run eagerly"):
        _, trainer = fit(make_trainer, "auto", own_engine=GraphEngine(strict=False))
    assert trainer.global_step == 4 * 5 * 4
    with pytest.raises(InputError, match="engine: graph cannot capture a step"):
        fit(make_trainer, "auto", own_engine=GraphEngine())


@needs_cuda
class TestGraphEngine(EngineContract):
    near, device = 1e-5, "cuda"

    def make(self):
        return GraphEngine()


@needs_cuda
def test_checkpoints_hold_plain_numbers(make_trainer, tmp_path):
    _, trainer = fit(make_trainer, "graph", "gpu", **RECIPES["adam"])
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    group = torch.load(tmp_path / "a.ckpt", weights_only=True)["optimizer_states"][0]["param_groups"][0]
    assert isinstance(group["lr"], float)
    assert group["capturable"] is False


@needs_cuda
def test_auto_takes_it_and_goes_on_eagerly_where_a_step_cannot_be_captured(make_trainer):
    class Waits(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 4)

        def forward(self, x):
            logits = self.layer(x)
            return logits * float(logits.sum().item() != 0)

    assert isinstance(fit(make_trainer, "auto", "gpu")[0].engine, GraphEngine)
    with pytest.warns(UserWarning, match="graph cannot capture a step"):
        fit(make_trainer, "auto", "gpu", network=Waits())
    with pytest.raises(InputError, match="graph cannot capture a step"):
        fit(make_trainer, "graph", "gpu", network=Waits())


@needs_cuda
def test_a_schedule_that_moves_the_momentum_is_left_to_the_eager_engine(make_trainer):
    recipe = {**RECIPES["nesterov"], "lr_schedule": "onecycle"}
    model, _ = fit(make_trainer, "auto", "gpu", **recipe)
    assert isinstance(model.engine, EagerEngine)
    assert "moves the momentum" in model.engine_choice
