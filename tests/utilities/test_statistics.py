import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from torchmetrics.classification import BinaryCalibrationError, MulticlassCalibrationError

from litclf.utilities.statistics import (
    bands,
    bins,
    calibration,
    holm,
    mcnemar,
    middle,
    paired_interval,
    student,
    wilson,
)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_the_one_of_scipy(counts):
    right, n = counts
    expected = binomtest(right, n).proportion_ci(0.95, method="wilson")
    assert wilson(right / n, n) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert all(0 <= bound <= 1 for bound in wilson(right / n, n))


def test_the_paired_interval_holds_the_truth_nineteen_times_in_twenty():
    counts = np.random.default_rng(0).multinomial(100, [0.15, 0.05, 0.8], 4000)
    ends = [paired_interval(first, second, 100) for first, second, _ in counts]
    assert 0.935 < np.mean([low < 0.1 < high for low, high in ends]) < 0.97


def test_student_by_hand():
    # A mean of -3 with a standard error of 2 / sqrt(3), times 4.302653 of Student's t with two degrees of freedom.
    half = 4.302653 * 2 / 3**0.5
    assert student([-5, -3, -1]) == pytest.approx((-3 - half, -3 + half), abs=1e-5)


@pytest.mark.parametrize(
    ("only_first", "only_second", "p_value"),
    [(0, 0, 1.0), (1, 0, 1.0), (5, 5, 1.0), (0, 6, 2 / 64), (8, 2, 112 / 1024), (10, 1, 24 / 2048)],
)
def test_mcnemar_by_hand(only_first, only_second, p_value):
    assert mcnemar(only_first, only_second) == pytest.approx(p_value, rel=1e-12)


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemar_is_the_formula_of_statsmodels(only_first, only_second):
    # statsmodels.stats.contingency_tables.mcnemar(exact=True): 2 * binom.cdf(min(n1, n2), n1 + n2, 0.5), at most 1
    alone = only_first + only_second
    below = sum(math.comb(alone, number) for number in range(min(only_first, only_second) + 1))
    expected = min(1.0, 2 * below / 2**alone)
    assert mcnemar(only_first, only_second) == pytest.approx(expected, rel=1e-9)


def test_holm_by_hand():
    # 4 * 0.005, 3 * 0.01, then 2 * 0.03, which 1 * 0.04 may not fall below
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1)))
def test_holm_is_the_formula_of_statsmodels(p_values):
    # statsmodels.stats.multitest.multipletests(method="holm")
    order = np.argsort(p_values, kind="stable")
    rising = np.maximum.accumulate(np.asarray(p_values)[order] * np.arange(len(p_values), 0, -1))
    expected = np.empty(len(p_values))
    expected[order] = np.minimum(rising, 1)
    assert holm(p_values) == pytest.approx(expected)


def test_scipy_stats_is_loaded_by_who_needs_it():
    code = "import sys, litclf.utilities.statistics; sys.exit('scipy.stats' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_bands_are_those_of_each_row_that_has_a_finite_value():
    values = np.random.default_rng(0).normal(size=(4, 9))
    values[1, 3], values[1, 4] = np.nan, np.inf
    values[2, 1:] = np.nan
    values[3] = np.nan
    own = bands(values)
    for row, line in enumerate(values):
        kept = line[np.isfinite(line)]
        expected = [np.mean(kept), *np.percentile(kept, [2.5, 97.5])] if len(kept) else [np.nan] * 3
        assert [own.mean[row], own.low[row], own.high[row]] == pytest.approx(expected, nan_ok=True)
        ends = student(kept.tolist()) if len(kept) > 1 else (np.nan, np.nan)
        assert (own.mean_low[row], own.mean_high[row]) == pytest.approx(ends, nan_ok=True)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=60), st.sampled_from([1.0, 0.01, 1 / 7, 1e4]))
def test_bins_hold_every_share_off_their_edges_and_are_of_one_width(counts, unit):
    values = np.array([*counts, counts[0] + 1]) * unit  # two that are as near as shares can be
    edges = bins(values)
    assert len(edges) - 1 <= 20
    assert np.diff(edges) == pytest.approx(np.full(len(edges) - 1, edges[1] - edges[0]))
    assert np.histogram(values, edges)[0].sum() == len(values)
    assert np.abs(values[:, None] - edges).min() > 1e-6 * (edges[1] - edges[0])


def of_both(of_class_1):
    """Probabilities of both classes."""
    return np.stack([1 - np.asarray(of_class_1), of_class_1], axis=1)


@pytest.mark.parametrize("bins", [1, 10, 15])
def test_the_error_of_a_binary_model_is_that_of_torchmetrics(bins):
    rng = np.random.default_rng(0)
    probabilities = rng.uniform(size=2000)
    probabilities[:100] = 1.0
    probabilities[100:150] = 0.0
    targets = (rng.uniform(size=2000) < probabilities**2).astype(int)
    expected = BinaryCalibrationError(n_bins=bins)(torch.tensor(probabilities), torch.tensor(targets))
    assert calibration(targets, of_both(probabilities), True, bins)[3] == pytest.approx(float(expected), abs=1e-6)


def test_the_error_of_a_multiclass_model_is_that_of_torchmetrics():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet([0.3] * 5, size=2000)
    probabilities[0] = [0, 0, 1, 0, 0]
    targets = rng.integers(0, 5, 2000)
    metric = MulticlassCalibrationError(num_classes=5, n_bins=15)
    expected = metric(torch.tensor(probabilities), torch.tensor(targets))
    assert calibration(targets, probabilities)[3] == pytest.approx(float(expected), abs=1e-6)


def test_bins_hold_means_and_shares():
    targets, probabilities = np.array([0, 1, 1, 1]), of_both([0.1, 0.3, 0.6, 1.0])
    confidence, accuracy, share, error = calibration(targets, probabilities, binary=True, bins=2)
    assert confidence == pytest.approx([0.2, 0.6, 1.0])
    assert accuracy == pytest.approx([0.5, 1, 1])
    assert share == pytest.approx([0.5, 0.25, 0.25])
    assert error == pytest.approx(0.5 * 0.3 + 0.25 * 0.4)


@pytest.mark.parametrize("count", [1, 2, 3, 32, 101])
def test_the_middle_of_values_ends_where_numpy_has_it(count):
    values = np.random.default_rng(count).normal(size=count)
    assert middle(np.append(values, [np.nan, np.inf])) == pytest.approx(np.quantile(values, [0.025, 0.975]))
