import numpy as np
import pytest
from numba import njit

from litclf.engines.kernel.tiles import BITS, LANES, add_rows, lowest, nonzero


@njit
def one(z, start, width, rows, scales, which, n):
    add_rows(1, z, start, width, rows, scales, which, n)


@njit
def four(z, start, width, rows, scales, which, n):
    add_rows(4, z, start, width, rows, scales, which, n)


@njit
def places_of(a, first, n):
    bits, found = nonzero(a, first, n), []
    while bits:
        found.append(lowest(bits))
        bits &= bits - np.uint64(1)
    return found


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


@pytest.mark.parametrize("n", [1, 13, BITS - 1, BITS])
def test_what_is_not_zero_is_found_with_what_is_no_number(n):
    a = np.random.default_rng(n).integers(0, 2, 2 * BITS).astype(np.float32)
    a[[3, 4, 5]] = np.nan, -0.0, -np.inf
    assert places_of(a, 3, n) == np.flatnonzero(a[3 : 3 + n]).tolist()
