"""Dead units and samples that a layer is silent on, of networks that are made so."""

import torch
from torch import nn

from litclf.models.networks.dead_units import dead_units


def counted(network, *batches):
    """What is counted over batches of inputs, all of one class, or over pairs of inputs and classes."""
    pairs = [batch if isinstance(batch, tuple) else (batch, [0] * len(batch)) for batch in batches]
    return dead_units(network, [(torch.tensor(x), torch.tensor(y)) for x, y in pairs])


def units_of(layers):
    return [(layer["units"], layer["dead"]) for layer in layers]


def with_biases(*layers):
    """Layers of units that give their bias whatever they are given, each followed by a rectifier."""
    parts, width = [], 1
    for biases in layers:
        linear = nn.Linear(width, len(biases))
        nn.init.zeros_(linear.weight)
        linear.bias = nn.Parameter(torch.tensor(biases))
        parts, width = [*parts, linear, nn.ReLU()], len(biases)
    return nn.Sequential(*parts)


def rectifier():
    network = nn.Sequential(nn.Linear(1, 1, bias=False), nn.ReLU())
    nn.init.ones_(network[0].weight)
    return network


def test_dead_units_are_counted_by_layer():
    network = with_biases([1.0, -1.0, -2.0], [-1.0, 1.0]).train()
    assert units_of(counted(network, [[0.0]])) == [(3, 2), (2, 1)]
    assert network.training
    assert not network[1]._forward_hooks
    assert counted(nn.Sequential(nn.Linear(1, 2), nn.Tanh()), [[0.0]]) == []


def test_a_unit_that_one_sample_of_a_later_batch_wakes_is_not_dead():
    asleep = [[-1.0], [-2.0]]
    assert units_of(counted(rectifier(), asleep, asleep)) == [(1, 1)]
    assert units_of(counted(rectifier(), asleep, [[-1.0], [0.5]])) == [(1, 0)]


def test_weights_of_64_bits_are_looked_at_too():
    assert units_of(counted(rectifier().double(), [[-1.0], [0.5]])) == [(1, 0)]


def test_the_rest_of_the_split_is_not_looked_at_once_all_have_reacted():
    given = iter([(torch.tensor([[1.0]]), torch.zeros(1))] * 2)
    dead_units(rectifier(), given)
    assert len(list(given)) == 1


def test_samples_that_no_unit_reacts_to_are_lost_but_for_those_of_their_most_frequent_class():
    batches = ([[-1.0], [-2.0], [3.0]], [0, 1, 1]), ([[-3.0], [-1.0]], [1, 2])
    assert counted(rectifier(), *batches) == [{"units": 1, "dead": 0, "silent": 4, "lost": 2}]
    assert counted(rectifier(), ([[-1.0], [2.0]], [0, 1])) == [{"units": 1, "dead": 0, "silent": 1, "lost": 0}]


def test_a_channel_is_a_unit_and_layers_that_share_a_rectifier_are_told_apart():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.relu = nn.ReLU()

        def forward(self, x):
            return self.relu(torch.cat([x, -x, x], 1)), self.relu(x), self.relu(-x)

    # The last two have one unit each, and are taken as one layer: it hears what either of them reacts to.
    found = counted(Shared(), [[[[1.0, 2.0]]], [[[-1.0, -3.0]]]])
    assert found == [{"units": 3, "dead": 0, "silent": 0, "lost": 0}, {"units": 1, "dead": 0, "silent": 0, "lost": 0}]
    assert units_of(counted(Shared(), [[[[1.0, 2.0]]]])) == [(3, 1), (1, 0)]
