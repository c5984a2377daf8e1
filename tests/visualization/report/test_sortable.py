import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from litclf.visualization.report.sortable import class_table


def test_classes_are_those_of_scikit_learn():
    stream = np.random.default_rng(0)
    truth = stream.integers(0, 4, 300)
    predicted = np.where(stream.random(300) < 0.7, truth, stream.integers(0, 4, 300))
    counts = np.zeros((4, 4), dtype=int)
    np.add.at(counts, (truth, predicted), 1)
    table = class_table({"confusion": counts.tolist(), "class_names": list("abcd")})
    told = [[cell.value for cell in row] for row in table.rows]
    expected = np.stack(precision_recall_fscore_support(truth, predicted), axis=1)
    assert [row[0] for row in told] == list("abcd")
    np.testing.assert_allclose([row[1:] for row in told], expected)
    # statsmodels' proportion_confint(right, samples, method="wilson") has the share within and is symmetric in it.
    for row in table.rows:
        assert 0 <= row[2].low < row[2].value < row[2].high <= 1


def test_a_class_that_is_not_there_or_never_predicted_has_no_number():
    (_, absent, _) = class_table({"confusion": [[3, 0, 1], [0, 0, 0], [2, 0, 2]]}).rows
    assert [cell.value for cell in absent] == ["1", None, None, None, 0]
    assert class_table({}) is None
    never = class_table({"confusion": [[3, 0], [2, 0]]}).rows[1]
    assert [cell.value for cell in never] == ["1", None, pytest.approx(0.0), 0.0, 2]
