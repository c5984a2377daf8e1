"""What is drawn and counted of members, against their files, networks made so, and the gradient of one by hand."""

import csv
import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import litclf
from litclf.models.networks.ensemble import members_of
from litclf.training.callbacks.gradients import measure
from litclf.training.callbacks.member_pictures import dead_units

CPU = torch.device("cpu")


def batches(*xs):
    return [(torch.tensor(x), torch.zeros(len(x))) for x in xs]


def with_biases(*layers):
    """Layers of units that give their bias whatever they are given, each followed by a rectifier."""
    parts, width = [], 1
    for biases in layers:
        linear = nn.Linear(width, len(biases))
        nn.init.zeros_(linear.weight)
        linear.bias = nn.Parameter(torch.tensor(biases))
        parts, width = [*parts, linear, nn.ReLU()], len(biases)
    return nn.Sequential(*parts)


def test_dead_units_are_counted_by_layer():
    network = with_biases([1.0, -1.0, -2.0], [-1.0, 1.0]).train()
    assert dead_units(network, batches([[0.0]]), CPU) == [{"units": 3, "dead": 2}, {"units": 2, "dead": 1}]
    assert network.training
    assert not network[1]._forward_hooks
    assert dead_units(nn.Sequential(nn.Linear(1, 2), nn.Tanh()), batches([[0.0]]), CPU) == []


def test_a_unit_that_one_sample_of_a_later_batch_wakes_is_not_dead():
    network = nn.Sequential(nn.Linear(1, 1, bias=False), nn.ReLU())
    nn.init.ones_(network[0].weight)
    asleep = [[-1.0], [-2.0]]
    assert dead_units(network, batches(asleep, asleep), CPU) == [{"units": 1, "dead": 1}]
    assert dead_units(network, batches(asleep, [[-1.0], [0.5]]), CPU) == [{"units": 1, "dead": 0}]
    given = iter(batches([[1.0]], [[1.0]]))
    dead_units(network, given, CPU)
    assert len(list(given)) == 1  # the rest of the split is not looked at


def test_a_channel_is_a_unit_and_layers_that_share_a_rectifier_are_told_apart():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.relu = nn.ReLU()

        def forward(self, x):
            return self.relu(torch.cat([x, -x, x], 1)), self.relu(x)

    network = Shared()
    assert dead_units(network, batches([[[[1.0, 2.0]]]]), CPU) == [{"units": 3, "dead": 1}, {"units": 1, "dead": 0}]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A fit of circles with three members and pictures."""
    return litclf.fit(
        litclf.BinaryClassifier(hidden_dims=[6], lr=0.5),
        litclf.CirclesDataModule(batch_size=None, repeat=100, steps_per_execution=100),
        **{"members": 3, "marks": {"test/accuracy": 0.6}, "pictures": True, "max_epochs": 2},
        **{"default_root_dir": tmp_path_factory.mktemp("members"), "enable_progress_bar": False},
    )


def test_pictures_of_members_are_those_of_one_network_and_their_histogram(run):
    assert {"boundary.png", "curves.png", "gradients.png", "members.png"} <= {p.name for p in run.folder.iterdir()}
    with Image.open(run.folder / "members.png") as picture:
        assert picture.size == (500, 420)


def test_the_facts_count_the_dead_units_of_each_member(run):
    written = json.loads((run.folder / "metrics.json").read_text())["facts"]["dead_units"]
    data = litclf.CirclesDataModule()
    last = torch.load(run.folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    for number, (layer,) in enumerate(written):
        weight, bias = (last[f"network.members.{number}.0.{name}"] for name in ("weight", "bias"))
        largest = (data.splits["train"].x @ weight.T + bias).amax(0)
        assert layer == {"units": 6, "dead": int((largest <= 0).sum())}
    assert written[0] != [{"units": 6, "dead": 6}]


def test_gradients_are_those_of_the_first_member(run):
    with (run.folder / "metrics.csv").open(newline="") as file:
        (*_, last) = (row for row in csv.DictReader(file) if row.get("gradients/network.0"))
    assert not [name for name in last if "members" in name]
    model = litclf.BinaryClassifier(hidden_dims=[6], input_shape=[2], num_classes=2)
    state = torch.load(run.folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    prefix = "network.members.0."
    model.network.load_state_dict({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
    _, norms, _ = measure(model, *litclf.CirclesDataModule().splits["train"])
    assert float(last["gradients/network.0"]) == pytest.approx(norms["network.0"], rel=1e-4)
    assert len(members_of(run.model.network)) == 3  # the ensemble is whole again


def test_the_boundary_has_the_line_of_each_member(run, monkeypatch):
    from litclf.visualization.plots.boundary import BoundaryFilm

    drawn = []
    monkeypatch.setattr(BoundaryFilm, "draw_members", lambda _, each: drawn.extend(each))
    litclf.fit(
        litclf.BinaryClassifier(hidden_dims=[6], lr=0.5),
        litclf.CirclesDataModule(batch_size=None, repeat=100, steps_per_execution=100),
        **{"members": 2, "pictures": True, "max_epochs": 1, "enable_progress_bar": False},
        default_root_dir=run.folder.parent / "again",
    )
    assert [own.shape for own in drawn] == [(10_000, 2)] * 2
    assert not np.array_equal(*drawn)
