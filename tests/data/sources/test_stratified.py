import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from litclf import InputError
from litclf.data.sources.stratified import lone_classes, stratified_rows

NAMES = ("a", "b")


@given(st.integers(10, 200), st.integers(0, 5))
def test_splits_keep_shares_and_every_row(size, seed):
    targets = np.arange(size) % 2
    rows = stratified_rows(targets, NAMES, 0.2, 0.3, seed)
    assert sorted(np.concatenate(list(rows.values()))) == list(range(size))
    assert (len(rows["val"]), len(rows["test"])) == (round(0.2 * size), round(0.3 * size))
    assert all(abs(targets[places].mean() - 0.5) <= 1 / len(places) for places in rows.values())
    test = train_test_split(np.arange(size), test_size=round(0.3 * size), stratify=targets, random_state=seed)[1]
    assert np.array_equal(rows["test"], test)


def test_zero_shares_leave_all_for_training():
    rows = stratified_rows(np.array([0, 1]), NAMES, 0, 0, seed=0)
    assert {name: len(places) for name, places in rows.items()} == {"train": 2, "val": 0, "test": 0}


@pytest.mark.parametrize(
    ("targets", "sizes", "message"),
    [
        ([0] * 20 + [1], (0.1, 0.1), "test_size: needs a row of each class in every split; class b has 1"),
        ([0] * 4 + [1] * 2, (0.4, 0.5), "val_size: needs a row of each class in every split; class b has 2"),
        ([0, 1] * 5, (0.0, 0.1), "test_size: must leave every split a row of each of 2 classes, got 0.1 of 10 rows"),
        ([0, 1] * 5, (0.5, 0.4), "val_size: must leave every split a row of each of 2 classes, got 0.5 of 10 rows"),
        ([0, 1] * 5, (0.01, 0.0), "val_size: must leave every split a row of each of 2 classes, got 0.01 of 10 rows"),
    ],
)
def test_split_without_a_row_of_each_class_is_refused(targets, sizes, message):
    with pytest.raises(InputError, match=f"^{message}"):
        stratified_rows(np.array(targets), NAMES, *sizes, seed=0)


def test_a_class_of_one_row_is_for_training_and_said_where_most_classes_have_more():
    targets = np.array([0, 1] * 20 + [2])
    rows = stratified_rows(targets, "abc", 0.1, 0.2, seed=3)
    assert {split: sorted({*targets[places].tolist()}) for split, places in rows.items()} == {
        "train": [0, 1, 2],
        "val": [0, 1],
        "test": [0, 1],
    }
    assert sorted(np.concatenate(list(rows.values()))) == list(range(41))
    held = {split: targets[places] for split, places in rows.items()}
    assert lone_classes(held, "abc", sample="image") == [
        "class c has 1 image, too few for val and test: all are for training"
    ]
    assert lone_classes({"train": [0, 1, 1], "val": [0], "test": [0, 1]}, "ab") == [
        "class b has 3 rows, too few for val: none is in val"
    ]
    assert lone_classes(held, "abc", drawn=()) == []
    with pytest.raises(InputError, match="needs a row of each class in every split; class c has 1"):
        stratified_rows(np.array([0, 1] * 20 + [2, 3]), "abcd", 0.1, 0.2, seed=3)
