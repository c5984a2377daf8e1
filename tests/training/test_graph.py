"""The graph that TensorBoard shows, against what a network is known to call."""

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

from litclf import BinaryClassifier, CirclesDataModule, fit
from litclf.models.networks.build import build_network
from litclf.training.loggers.graph import graph_of


def edges(network, *shape):
    return {node.name: list(node.input) for node in graph_of(network, torch.zeros(shape)).node}


class Residual(nn.Module):
    """Adds what a layer gives to what it takes, twice, by a branch that no trace could follow."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(3, 3), nn.ReLU(inplace=True))

    def forward(self, x):
        for _ in range(2):
            if float(x.sum()) > -1:
                x = x + self.inner(x)
        return torch.cat([x, x.neg()])


def test_each_call_stands_in_its_module_and_knows_where_its_inputs_come_from():
    found = edges(Residual(), 2, 3)
    assert found == {
        "input": [],
        "sum": ["input"],
        "inner/0/linear": ["input"],
        "inner/1/relu": ["inner/0/linear"],
        "add": ["input", "inner/1/relu"],
        "sum_1": ["add"],
        "inner/0/linear_1": ["add"],
        "inner/1/relu_1": ["inner/0/linear_1"],
        "add_1": ["add", "inner/1/relu_1"],
        "neg": ["add_1"],
        "cat": ["add_1", "neg"],
    }


def test_shapes_are_those_of_the_outputs():
    graph = graph_of(nn.Sequential(nn.Linear(2, 5), nn.ReLU(), nn.Linear(5, 1)), torch.zeros(4, 2))
    shapes = [[dim.size for dim in node.attr["_output_shapes"].list.shape[0].dim] for node in graph.node]
    assert shapes == [[4, 2], [4, 5], [4, 5], [4, 1]]


@pytest.mark.parametrize(("name", "sizes"), [("cnn", [4, 8]), ("resnet18", [])])
def test_networks_of_images_are_one_graph_and_stay_as_they_were(name, sizes):
    network = build_network(name, [3, 32, 32], sizes, "relu", 2).train()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    found = edges(network, 1, 3, 32, 32)
    assert [key for key, inputs in found.items() if not inputs] == ["input"]
    assert network.training
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())


def test_a_run_shows_its_network(tmp_path):
    data = CirclesDataModule(num_samples=50)
    result = fit(BinaryClassifier(hidden_dims=[3]), data, max_epochs=1, default_root_dir=tmp_path)
    graph = EventAccumulator(str(result.folder)).Reload().Graph()
    assert [node.name for node in graph.node] == ["input", "0/linear", "1/relu", "2/linear"]
