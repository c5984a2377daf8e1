import numpy as np
import pytest
from numba import njit
from scipy.special import erf

from litclf.engines.kernel.activations import error_function, exponential, hyperbolic_tangent

SMALL = np.logspace(-30, 0, 2000)


def each(function, values):
    """The function of each of some values, in a loop that becomes vectors."""

    @njit
    def loop(x):
        out = np.empty_like(x)
        for j in range(len(x)):
            out[j] = function(x[j])
        return out

    return loop(np.asarray(values, np.float32))


@pytest.mark.parametrize(
    ("function", "oracle", "reach", "units"),
    [(exponential, np.exp, 86.9, 2), (hyperbolic_tangent, np.tanh, 20, 6), (error_function, erf, 6, 6)],
)
def test_a_function_without_branches_is_right_to_some_units_of_the_last_digit(function, oracle, reach, units):
    x = np.concatenate([np.linspace(-reach, reach, 200_001), SMALL, -SMALL, [0]]).astype(np.float32)
    right = oracle(x.astype(np.float64))
    off = np.abs(each(function, x) - right) / np.spacing(np.abs(right).astype(np.float32))
    assert off.max() <= units


def test_what_lies_beyond_stays_at_the_ends_and_nan_stays_nan():
    ends = [np.inf, 1000, -1000, -np.inf]
    large, larger, small, smaller = each(exponential, ends)
    assert large == larger > 1e38
    assert 0 < small == smaller < 1e-37
    for function in (hyperbolic_tangent, error_function):
        np.testing.assert_allclose(each(function, ends), [1, 1, -1, -1], rtol=1e-6)
        assert np.isnan(each(function, [np.nan])).all()
    assert np.isnan(each(exponential, [np.nan])).all()
