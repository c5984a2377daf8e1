import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from litclf.utilities.differences import paired_difference, unpaired_difference

VALUES = st.lists(st.floats(0, 1).map(lambda value: round(value, 3)), min_size=2, max_size=7)


@given(
    VALUES.flatmap(lambda one: st.tuples(st.just(one), st.lists(st.floats(0, 1), min_size=len(one), max_size=len(one))))
)
def test_pairs_are_compared_as_by_scipy(pair):
    first, second = pair
    told = paired_difference(first, second)
    differences = np.round(np.subtract(first, second), 12)
    assert told.mean == pytest.approx(differences.mean(), abs=1e-9)
    if len(set(differences)) > 1:
        expected = stats.ttest_1samp(differences, 0)
        assert (told.p_value, told.test) == (pytest.approx(expected.pvalue), "paired t test")
        assert (told.low, told.high) == pytest.approx(tuple(expected.confidence_interval(0.95)), abs=1e-9)


@pytest.mark.parametrize(
    ("first", "second", "p_value"),
    [
        ([0.9, 0.8, 0.7], [0.9, 0.8, 0.7], 1.0),
        ([0.9, 0.8, 0.7], [0.8, 0.7, 0.6], 2 / 2**3),  # the same difference but for rounding: by signs alone
        ([0.9] * 10, [0.8] * 10, 2 / 2**10),
        ([*[0.9] * 10, 0.8], [0.8] * 11, 2 / 2**10),  # a pair without a difference says nothing
    ],
)
def test_signed_ranks_by_hand(first, second, p_value):
    told = paired_difference(first, second)
    assert told.test == "Wilcoxon's signed ranks"
    assert told.p_value == pytest.approx(p_value)


def test_differences_that_are_far_from_normal_are_compared_by_ranks():
    rng = np.random.default_rng(0)
    first, second = rng.standard_cauchy(40) + 1, np.zeros(40)
    told = paired_difference(first.tolist(), second.tolist())
    expected = stats.wilcoxon(first)
    assert (told.test, told.p_value) == ("Wilcoxon's signed ranks", pytest.approx(expected.pvalue))
    assert told.low < told.mean < told.high


@given(VALUES, VALUES)
def test_values_without_pairs_are_compared_as_by_scipy(first, second):
    told = unpaired_difference(first, second)
    assert told.mean == pytest.approx(np.mean(first) - np.mean(second))
    if len(set(first)) > 1 or len(set(second)) > 1:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            expected = stats.ttest_ind(first, second, equal_var=False)
        assert (told.p_value, told.test) == (pytest.approx(expected.pvalue), "Welch's t test")
        assert (told.low, told.high) == pytest.approx(tuple(expected.confidence_interval(0.95)), abs=1e-9)


def test_a_single_value_is_compared_with_many_by_hand():
    values, single = [0.7, 0.8, 0.9, 0.85], 0.5
    told = unpaired_difference(values, [single])
    t = (np.mean(values) - single) / (np.std(values, ddof=1) * math.sqrt(1 + 1 / 4))
    assert told.p_value == pytest.approx(2 * stats.t.sf(t, 3))
    assert told.test == "Student's t test of a single value"


@pytest.mark.parametrize(("first", "second", "p_value"), [(3, 4, 2 / 35), (1, 8, 2 / 9), (2, 2, 2 / 6)])
def test_values_that_never_vary_are_compared_by_ranks(first, second, p_value):
    told = unpaired_difference([0.9] * first, [0.8] * second)
    assert (told.p_value, told.test) == (pytest.approx(p_value), "Mann and Whitney's ranks")
    assert unpaired_difference([0.9] * first, [0.9] * second).p_value == 1
