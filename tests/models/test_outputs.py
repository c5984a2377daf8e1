import pytest
import torch
from torch import nn

from litclf.models.outputs import outputs


@pytest.mark.parametrize("training", [True, False])
def test_outputs_are_those_of_evaluation_and_the_mode_stays(training):
    network = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5), nn.BatchNorm1d(3)).train(training)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    x, y = torch.randn(5, 2), torch.arange(5)
    found, targets = outputs(network, [(x[:2], y[:2]), (x[2:], y[2:])])
    assert network.training == training
    assert torch.equal(targets, y)
    assert not found.requires_grad
    torch.testing.assert_close(found, network.eval()(x).detach())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_without_batches_there_is_nothing():
    found, targets = outputs(nn.Linear(2, 3), [])
    assert (len(found), len(targets), targets.dtype) == (0, 0, torch.int64)


def test_the_mode_stays_where_the_network_fails():
    network = nn.Linear(2, 3)
    with pytest.raises(RuntimeError):
        outputs(network, [(torch.zeros(1, 5), torch.zeros(1))])
    assert network.training
