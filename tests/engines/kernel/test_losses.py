"""Losses of the kernels, and through all layers their gradients, against autograd in double precision."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn

from litclf.engines.base import Loss
from litclf.engines.kernel.activations import ACTIVATIONS
from litclf.engines.kernel.cache import load_kernel
from litclf.engines.kernel.engine import layers_of
from litclf.engines.kernel.updates import GRADIENTS
from litclf.models.networks.mlp import MLP
from tests.engines.by_hand import loss_by_hand, right_by_hand


def one_step(run, network, x, y, weights, smoothing):
    """Loss, right answers and gradients as the kernel sees them, layer by layer."""
    layers = [module for module in network if isinstance(module, nn.Linear)]
    parts = [part for layer in layers for part in (layer.weight.detach().t().contiguous(), layer.bias.detach())]
    addresses = np.array([[w.data_ptr(), b.data_ptr()] * 3 for w, b in zip(parts[::2], parts[1::2], strict=True)])
    losses, gradients = np.zeros(1), np.zeros(sum(part.numel() for part in parts), np.float32)
    told = layers_of(network)
    batch = (x.numpy(), y.numpy(), np.array([[0, len(y)]]), 0)
    rule = (0, 0, np.float32(0), np.zeros((1, len(parts), 9), np.float32))
    described = (told.dims, ACTIVATIONS.index(told.activation), addresses, gradients)
    loss = (np.array(weights, np.float32), np.float32(smoothing))
    correct = run(GRADIENTS, batch, described, loss, rule, losses)
    found = torch.from_numpy(gradients).split([part.numel() for part in parts])
    return losses[0], correct, [own.reshape(part.shape) for own, part in zip(found, parts, strict=True)]


# Beyond what the wide kernel takes at a time: samples, inputs, outputs; and units that no sample lets through.
FEW, MANY = {"dims": [70, 300, 5, 3], "count": 2}, {"dims": [130, 300, 40, 3], "count": 150}


@settings(max_examples=40, deadline=None)
@example(activation="relu", wide=True, weighed=False, smoothing=0.0, seed=0, **FEW)
@example(activation="relu", wide=True, weighed=False, smoothing=0.0, seed=1, **MANY)
@example(activation="gelu", wide=True, weighed=False, smoothing=0.0, seed=2, **MANY)
@given(
    dims=st.lists(st.one_of(st.integers(1, 9), st.sampled_from([31, 32, 33, 70])), min_size=2, max_size=5),
    count=st.integers(1, 20),
    activation=st.sampled_from(ACTIVATIONS),
    wide=st.booleans(),
    weighed=st.booleans(),
    smoothing=st.sampled_from([0.0, 0.1, 0.7]),
    seed=st.integers(0, 1000),
)
def test_gradients_are_those_of_autograd(dims, count, activation, wide, weighed, smoothing, seed):
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    network = MLP(dims[:1], dims[1:-1], dims[-1], activation)
    x = torch.randn(count, dims[0], generator=generator)
    x[torch.rand(x.shape, generator=generator) < 0.3] = 0
    classes = max(2, dims[-1])
    y = torch.randint(0, classes, (count,), generator=generator)
    weights = (torch.rand(classes, generator=generator) * 3 if weighed else torch.ones(classes)).tolist()
    exact = copy.deepcopy(network).double()
    logits = exact(x.double())
    loss = loss_by_hand(logits, y, Loss(tuple(weights) if weighed else None, smoothing))
    loss.backward()
    # By its cache, so that it is compiled once for all tests.
    found, correct, gradients = one_step(load_kernel("wide" if wide else "narrow"), network, x, y, weights, smoothing)
    assert found == pytest.approx(loss.item(), abs=1e-5)
    assert correct == int(right_by_hand(logits, y))
    for own, theirs in zip(gradients, exact.parameters(), strict=True):
        wanted = theirs.grad.T.float() if theirs.ndim == 2 else theirs.grad.float()
        torch.testing.assert_close(own, wanted, atol=2e-6, rtol=1e-4)
