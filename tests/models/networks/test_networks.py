import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from litclf.models.networks.cnn import CNN
from litclf.models.networks.mlp import ACTIVATIONS, MLP, initialize
from litclf.preprocessing.corruption import Corruption
from litclf.utilities.errors import InputError


@pytest.mark.parametrize(("shape", "hidden"), [((2,), []), ((2,), [10, 10]), ((1, 28, 28), [16]), ((3, 4), [])])
def test_mlp_flattens_any_input_to_logits(shape, hidden):
    assert MLP(shape, hidden, 4)(torch.zeros(3, *shape)).shape == (3, 4)


def test_mlp_draws_the_weights_of_the_same_network_written_by_hand():
    torch.manual_seed(42)
    ours = MLP((2,), [10, 10], 1)
    torch.manual_seed(42)
    hand = nn.Sequential(nn.Linear(2, 10), nn.ReLU(), nn.Linear(10, 10), nn.ReLU(), nn.Linear(10, 1))
    x = torch.randn(5, 2)
    assert torch.equal(ours(x), hand(x))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_mlp_applies_the_activation_between_layers_only(name):
    network = MLP((2,), [3], 2, name)
    first, last = (layer for layer in network if isinstance(layer, nn.Linear))
    x = torch.randn(5, 2)
    assert torch.equal(network(x), last(ACTIVATIONS[name]()(first(x))))


def test_mlp_with_identity_is_linear():
    network = MLP((2,), [10, 10], 1, "identity")
    a, b, zero = torch.randn(1, 2), torch.randn(1, 2), torch.zeros(1, 2)
    torch.testing.assert_close(network(a + b) + network(zero), network(a) + network(b))


@pytest.mark.parametrize(("shape", "hidden"), [((1, 28, 28), [4]), ((3, 8, 9), [4]), ((1, 28, 28), [2] * 3)])
def test_cnn_gives_logits_of_images(shape, hidden):
    assert CNN(shape, hidden, 5)(torch.zeros(3, *shape)).shape == (3, 5)


@pytest.mark.parametrize(
    ("shape", "hidden", "message"),
    [
        ((2,), [4], r"^network: cnn needs images, got inputs of shape \(2,\)"),
        ((1, 28, 28), [], r"^hidden_dims: must hold a stage for cnn, got none"),
        (
            (1, 28, 28),
            [4] * 4,
            r"^hidden_dims: has too many stages for images of \(28, 28\) pixels, got \[4, 4, 4, 4\]",
        ),
        ((3, 8, 9), [4, 4], r"^hidden_dims: has too many stages for images of \(8, 9\) pixels, got \[4, 4\]"),
    ],
)
def test_cnn_refuses_what_is_no_image_or_too_small(shape, hidden, message):
    with pytest.raises(InputError, match=message):
        CNN(shape, hidden, 5)


def corrupt_slowly(vector, rounds):
    for number in range(rounds):
        padded = [0.0, *vector, 0.0]
        vector = [(padded[i + 2] - padded[i + 1] - padded[i]) / 3 for i in range(len(vector))]
        if number % 2 == 0:
            half = len(vector) // 2
            vector = vector[half:] + vector[:half]
    return vector


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=12), st.integers(1, 6))
def test_corruption_equals_a_slow_loop(vector, rounds):
    x = torch.tensor([vector], dtype=torch.float64)
    expected = torch.tensor([corrupt_slowly(vector, rounds)], dtype=torch.float64)
    torch.testing.assert_close(Corruption(rounds)(x), expected)


def test_corruption_is_linear_and_can_be_undone():
    matrix = Corruption(5)(torch.eye(16, dtype=torch.float64))
    x = torch.randn(1, 16, dtype=torch.float64)
    torch.testing.assert_close(Corruption(5)(x), x @ matrix)
    assert torch.linalg.matrix_rank(matrix) == 16


def test_derivative_of_3w_squared_at_1_is_18():
    w = torch.tensor(1.0, requires_grad=True)
    ((3 * w) ** 2).backward()
    assert w.grad == 18


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "tanh", "sigmoid", "identity", "selu", "gelu", "silu"])
def test_kaiming_draws_weights_with_the_gain_of_the_activation(activation):
    torch.manual_seed(0)
    network = MLP((400,), [300, 200], 50, activation)
    initialize(network, "kaiming", activation)
    layers = [module for module in network if isinstance(module, nn.Linear)]
    kind = {"identity": "linear", "gelu": "relu", "silu": "relu"}.get(activation, activation)
    gains = [nn.init.calculate_gain(kind)] * 2 + [1.0]
    for layer, gain in zip(layers, gains, strict=True):
        assert float(layer.weight.detach().std()) == pytest.approx(gain / layer.in_features**0.5, rel=0.03)
        assert not layer.bias.any()
