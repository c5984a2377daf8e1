from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import torch
from lightning.pytorch import Callback

from litclf import BinaryClassifier, CirclesDataModule, InputError, engines
from litclf.engines.base import Learner, Loss, Watch
from litclf.engines.choice import ENGINES, NAMES, choose_engine
from litclf.engines.eager import EagerEngine
from litclf.engines.kernel.engine import KernelEngine
from litclf.models.classifier import Classifier

pytestmark = pytest.mark.filterwarnings("ignore:The number of training batches")


class OwnLoss(BinaryClassifier):
    def loss(self, logits, y):
        return 2 * super().loss(logits, y)


class OwnClipping(BinaryClassifier):
    def configure_gradient_clipping(self, optimizer, gradient_clip_val=None, gradient_clip_algorithm=None):
        self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)


class Watching(Callback):
    def on_after_backward(self, trainer, pl_module):
        pass


def fit(make_trainer, kind=BinaryClassifier, engine="auto", **trainer):
    model = kind(hidden_dims=[4], engine=engine)
    data = CirclesDataModule(batch_size=None, repeat=2, steps_per_execution=2)
    make_trainer(max_epochs=1, **trainer).fit(model, datamodule=data)
    return model


def test_help_and_the_rooms_page_name_the_engines_of_the_table():
    assert sorted(NAMES) == ["auto", "eager", "graph", "kernel"]
    assert set(get_args(get_type_hints(Classifier.__init__)["engine"])) == set(NAMES)
    page = (Path(engines.__path__[0]) / "README.md").read_text(encoding="utf-8")
    for kind in ENGINES:
        assert f"``{kind.name}``" in Classifier.__doc__
        assert f"| `{kind.name}` |" in page
        with pytest.raises(FrozenInstanceError):
            kind.name = "other"


@pytest.fixture
def learner():
    network = torch.nn.Sequential(torch.nn.Linear(2, 1))
    return Learner(network, None, None, torch.optim.SGD(network.parameters(), fused=True), loss=Loss())


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({}, "kernel, for a fully connected network on the CPU"),
        ({"watch": Watch("it is looked at", None, None, None)}, "eager, since it is looked at"),
        ({"loss": "it is another"}, "eager, since it is another"),
        ({"device": torch.device("cuda")}, "eager, since the parameters are not on a CUDA device"),
        ({"device": torch.device("mps")}, "eager, since the parameters are not all trained, in float32 and on the CPU"),
    ],
)
def test_a_choice_is_a_function_of_facts(facts, why, learner):
    kind, told = choose_engine("auto", replace(learner, **facts))
    assert told == why
    assert told.startswith(kind.name)


def test_an_engine_that_is_asked_for_by_name_is_strict(learner):
    assert choose_engine("eager", learner)[1] == "eager, as asked"
    with pytest.raises(InputError, match="engine: graph cannot serve this fit: the parameters are not on a CUDA"):
        choose_engine("graph", learner)
    (graph,) = (kind for kind in ENGINES if kind.name == "graph")
    assert [graph.make(asked).strict for asked in (True, False)] == [True, False]


def test_auto_takes_the_kernel_for_a_fully_connected_network(make_trainer):
    model = fit(make_trainer)
    assert isinstance(model.engine, KernelEngine)
    assert model.engine_choice == "kernel, for a fully connected network on the CPU"


@pytest.mark.parametrize("algorithm", ["norm", "value"])
def test_clipping_by_the_trainer_is_the_kernels_own(algorithm, make_trainer):
    weights = []
    for engine in ("auto", "eager"):
        torch.manual_seed(0)
        model = fit(make_trainer, engine=engine, gradient_clip_val=0.001, gradient_clip_algorithm=algorithm)
        weights.append(torch.cat([parameter.flatten() for parameter in model.parameters()]))
    torch.manual_seed(0)
    plain = torch.cat([parameter.flatten() for parameter in fit(make_trainer).parameters()])
    assert isinstance(fit(make_trainer, gradient_clip_val=0.001).engine, KernelEngine)
    torch.testing.assert_close(*weights, atol=1e-7, rtol=0)
    assert not torch.allclose(weights[0], plain, atol=1e-4)


def test_eager_is_taken_as_asked(make_trainer):
    assert isinstance(fit(make_trainer, engine="eager").engine, EagerEngine)


@pytest.mark.parametrize(
    ("kind", "trainer", "reason"),
    [
        (OwnLoss, {}, "a way of its own"),
        (BinaryClassifier, {"callbacks": [Watching()]}, "need to see every step"),
        (OwnClipping, {"gradient_clip_val": 1.0}, "need to see every step"),
        (BinaryClassifier, {"precision": "bf16-mixed"}, "need to see every step"),
    ],
)
def test_what_the_kernel_cannot_serve_goes_to_the_eager_engine_or_is_refused(kind, trainer, reason, make_trainer):
    model = fit(make_trainer, kind, **trainer)
    assert isinstance(model.engine, EagerEngine)
    assert reason in model.engine_choice
    with pytest.raises(InputError, match=f"engine: kernel cannot serve this fit: .*{reason}"):
        fit(make_trainer, kind, "kernel", **trainer)


def test_a_network_of_ones_own_goes_to_the_eager_engine(make_trainer):
    network = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.Softplus(), torch.nn.Linear(4, 1))
    model = BinaryClassifier(network=network)
    data = CirclesDataModule(batch_size=None, repeat=2, steps_per_execution=2)
    make_trainer(max_epochs=1).fit(model, datamodule=data)
    assert "linear layers with one activation" in model.engine_choice


def test_outputs_that_do_not_fit_the_classes_are_no_work_for_the_kernel(make_trainer):
    # The kernel would tell the loss by the number of outputs; PyTorch says what is wrong.
    model = BinaryClassifier(network=torch.nn.Sequential(torch.nn.Linear(2, 2)))
    data = CirclesDataModule(batch_size=None, repeat=2, steps_per_execution=2)
    with pytest.raises(ValueError, match="must be the same as input size"):
        make_trainer(max_epochs=1).fit(model, datamodule=data)
    assert model.engine_choice == "eager, since the network's outputs do not fit the classes"


def test_weights_that_are_not_the_layers_own_are_no_work_for_the_kernel(make_trainer):
    network = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    torch.nn.utils.parametrizations.weight_norm(network[0])
    model = BinaryClassifier(network=network)
    data = CirclesDataModule(batch_size=None, repeat=2, steps_per_execution=2)
    make_trainer(max_epochs=1).fit(model, datamodule=data)
    assert isinstance(model.engine, EagerEngine)


def test_freezing_in_the_middle_of_a_fit_is_respected(make_trainer):
    class Freeze(Callback):
        def on_train_epoch_start(self, trainer, pl_module):
            if trainer.current_epoch == 1:
                pl_module.network[0].weight.requires_grad_(False)
                self.before = pl_module.network[0].weight.detach().clone()

    freeze = Freeze()
    model = BinaryClassifier(hidden_dims=[4])
    data = CirclesDataModule(batch_size=None, repeat=2, steps_per_execution=2)
    make_trainer(max_epochs=3, callbacks=[freeze]).fit(model, datamodule=data)
    assert torch.equal(freeze.before, model.network[0].weight)


def test_hooks_of_layers_are_called(make_trainer):
    model = BinaryClassifier(hidden_dims=[4], input_shape=[2], num_classes=2)
    calls = []
    model.network[0].register_forward_hook(lambda *_: calls.append(1))
    data = CirclesDataModule(batch_size=None, repeat=2, steps_per_execution=2)
    make_trainer(max_epochs=1, limit_val_batches=0).fit(model, datamodule=data)
    assert len(calls) == 2
