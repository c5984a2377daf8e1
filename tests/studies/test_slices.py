"""Slices of held-out rows, on rows whose right and wrong answers are known."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from litclf import BlobsDataModule, TableDataModule
from litclf.studies.folds import OutOfFold
from litclf.studies.slices import slices


def held(targets, predicted, class_names=("a", "b")):
    """Rows that were taken for what is given; -1 for one that was never held out."""
    probabilities = np.eye(len(class_names))[predicted].astype(float)
    probabilities[np.array(predicted) < 0] = np.nan
    names = [f"row {number}" for number in range(len(targets))]
    return OutOfFold(names, np.array(targets), probabilities, np.ones((len(targets), 1), int), class_names)


@pytest.fixture
def table(tmp_path):
    rows = {"colour": ["red"] * 8 + ["blue"] * 8 + ["rare"] * 4, "size": range(20), "y": ["a", "b"] * 10}
    pd.DataFrame(rows).to_csv(tmp_path / "t.csv", index=False)
    return TableDataModule(path=str(tmp_path / "t.csv"), target="y", test_size=0.0, val_size=0.0)


def test_the_worst_slice_comes_first_with_its_interval(table):
    targets = [0, 1] * 10
    predicted = [1, 1, 1, 1, 0, 1, 0, 1, *targets[8:]]  # of the red ones, two of class a were taken for b
    found = slices(held(targets, predicted), table)
    first = found.iloc[0]
    assert (first["column"], first["value"], first["rows"], first["accuracy"]) == ("colour", "red", 8, 0.75)
    interval = stats.binomtest(6, 8).proportion_ci(method="wilson")
    assert (first["accuracy_low"], first["accuracy_high"]) == (
        pytest.approx(interval.low),
        pytest.approx(interval.high),
    )
    assert first["mostly_taken_for"] == "b"
    assert found["accuracy"].is_monotonic_increasing
    assert set(found["column"] + " " + found["value"]) == {"colour red", "colour blue", "class a", "class b"}


def test_rows_that_were_never_held_out_are_in_no_slice(table):
    targets = [0, 1] * 10
    found = slices(held(targets, [-1] * 8 + targets[8:]), table)
    assert "red" not in set(found["value"])
    assert (found["accuracy"] == 1).all()


def test_data_without_nominal_columns_has_its_classes():
    data = BlobsDataModule(num_samples=40)
    targets = data.drawn_targets.tolist()
    assert set(slices(held(targets, targets, data.class_names), data)["column"]) == {"class"}
