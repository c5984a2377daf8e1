import numpy as np
import pytest
import torch
from numba import njit

from litclf.engines.kernel.tiles import BITS, DOTS, LANES, adam_rows, add_rows, bits_of, dot_rows, lowest, turn_tile


@njit
def one(z, start, width, rows, scales, which, n):
    add_rows(1, z, start, width, rows, scales, which, n)


@njit
def four(z, start, width, rows, scales, which, n):
    add_rows(4, z, start, width, rows, scales, which, n)


@njit
def places_of(address):
    bits, found = bits_of(address), []
    while bits:
        found.append(lowest(bits))
        bits &= bits - np.uint64(1)
    return found


@njit
def adam(p, g, m, v, n, settings):
    adam_rows(p, g, m, v, n, settings)


@njit
def turn(to, a):
    turn_tile(to, a)


# Of all kinds of pieces: of many vectors, of some, of one, and of a part of one, alone and together.
@pytest.mark.parametrize("width", [*range(1, LANES + 2), 2 * LANES, 8 * LANES, 15 * LANES + 3, 24 * LANES + 5])
@pytest.mark.parametrize(("add", "height"), [(one, 1), (four, 4)])
@pytest.mark.parametrize("n", [0, 7])
def test_sums_of_scaled_rows_are_those_of_a_product_and_nothing_else_is_written(width, add, height, n):
    rng = np.random.default_rng(width)
    rows, scales = (rng.standard_normal(shape).astype(np.float32) for shape in ((20, width + 3), (height, 9)))
    z, start = (rng.standard_normal((height + 1, width + 5)).astype(np.float32) for _ in range(2))
    which = rng.integers(0, 20, n).astype(np.int32)
    wanted = z.copy()
    wanted[:height, :width] = start[:height, :width] + scales[:, :n].astype(np.float64) @ rows[which, :width].astype(
        np.float64
    )
    begin, theirs = (start.ctypes.data, width + 5), (rows.ctypes.data, width + 3)
    add((z.ctypes.data, width + 5), begin, width, theirs, (scales.ctypes.data, 9), which.ctypes.data, n)
    np.testing.assert_allclose(z, wanted, rtol=1e-5, atol=1e-5)
    assert (z[height:] == wanted[height:]).all()
    assert (z[:, width:] == wanted[:, width:]).all()


def test_what_is_not_zero_is_found_with_what_is_no_number():
    a = np.random.default_rng(0).integers(0, 2, BITS + 3).astype(np.float32)
    a[[3, 4, 5]] = np.nan, -0.0, -np.inf
    assert places_of(a.ctypes.data + 12) == np.flatnonzero(a[3:]).tolist()


@pytest.mark.parametrize("n", [1, LANES, 5 * LANES + 3])
def test_steps_of_adam_are_those_of_the_formula_for_squares_of_all_sizes(n):
    rng = np.random.default_rng(n)
    p, g, m, v = (rng.standard_normal(n + 1).astype(np.float32) for _ in range(4))
    v = np.abs(v) * np.logspace(-44, 37, n + 1).astype(np.float32)
    v[0], g[0] = 0, 0
    before = [array.astype(np.float64) for array in (p, g, m, v)]
    settings = tuple(map(np.float32, (0.01, 0.9, 0.1, 0.001, 0.03, 1.7, 1e-8)))
    decay, shrunk, rest1, rest2, size, inverse, eps = (float(value) for value in settings)
    adam(*(array.ctypes.data for array in (p, g, m, v)), n, settings)
    weight, gradient, first, second = before
    gradient = gradient + decay * weight
    first = first + (gradient - first) * rest1
    second = second + (gradient**2 - second) * rest2
    wanted = shrunk * weight - size * first / (np.sqrt(second) * inverse + eps)
    for own, right, old in zip((p, m, v), (wanted, first, second), (weight, before[2], before[3]), strict=True):
        np.testing.assert_allclose(own[:n], right[:n], rtol=1e-6, atol=1e-7)
        assert own[n] == old[n]


def test_a_step_of_adam_keeps_what_is_not_finite_as_torch_does():
    p, g = np.zeros(2, np.float32), np.array([np.nan, 1e25], np.float32)
    m, v = np.zeros(2, np.float32), np.zeros(2, np.float32)
    settings = tuple(map(np.float32, (0, 1, 0.1, 0.001, 0.03, 1, 1e-8)))
    adam(*(array.ctypes.data for array in (p, g, m, v)), 2, settings)
    weight = torch.zeros(2, requires_grad=True)
    weight.grad = torch.tensor([np.nan, 1e25])
    torch.optim.Adam([weight], lr=0.03).step()
    assert np.isnan(p[0])
    assert np.isnan(weight[0].item())
    assert p[1] == pytest.approx(weight[1].item(), abs=1e-6)


def test_a_tile_is_turned_and_nothing_else_is_written():
    a = np.random.default_rng(0).standard_normal((LANES, LANES + 3)).astype(np.float32)
    to = np.zeros((LANES + 1, LANES + 7), np.float32)
    turn((to.ctypes.data, LANES + 7), (a.ctypes.data, LANES + 3))
    wanted = np.zeros_like(to)
    wanted[:LANES, :LANES] = a[:, :LANES].T
    np.testing.assert_array_equal(to, wanted)


@njit
def dots(height, width, g, a, d, n):
    if height == 4:
        if width == DOTS:
            dot_rows(4, DOTS, g, a, d, n)
        else:
            dot_rows(4, 1, g, a, d, n)
    elif width == DOTS:
        dot_rows(1, DOTS, g, a, d, n)
    else:
        dot_rows(1, 1, g, a, d, n)


@pytest.mark.parametrize("n", [1, LANES - 1, LANES, 5 * LANES + 3])
@pytest.mark.parametrize("height", [1, 4])
@pytest.mark.parametrize("width", [1, DOTS])
def test_products_of_rows_are_those_of_matrices_and_nothing_else_is_written(height, width, n):
    rng = np.random.default_rng(n)
    a, d = (rng.standard_normal((rows, n + 2)).astype(np.float32) for rows in (height, width))
    g = np.ones((height + 1, width + 3), np.float32)
    wanted = g.copy()
    wanted[:height, :width] = a[:, :n].astype(np.float64) @ d[:, :n].astype(np.float64).T
    places = [(matrix.ctypes.data, matrix.shape[1]) for matrix in (g, a, d)]
    dots(height, width, *places, n)
    np.testing.assert_allclose(g, wanted, rtol=1e-5, atol=1e-5)
