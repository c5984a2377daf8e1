"""Folding: no row of a group, nor of the future, on both sides; classes on each; and what cannot be parted so."""

import numpy as np
import pytest

from litclf import InputError
from litclf.data.sources.folding import Folding

DRAW = np.random.default_rng(0)
GROUPS = DRAW.integers(0, 30, 400)
TARGETS = DRAW.integers(0, 3, 400)
NAMES = ["a", "b", "c"]


def each_row_once(folds, rows):
    return all(sorted(np.concatenate(list(fold.values()))) == list(range(rows)) for fold in folds)


@pytest.mark.parametrize("val_share", [0.0, 0.2])
def test_no_group_is_on_two_sides(val_share):
    folds = Folding(5, 2, val_share).grouped(TARGETS, NAMES, GROUPS)
    assert len(folds) == 10
    assert each_row_once(folds, 400)
    for fold in folds:
        groups = [set(GROUPS[rows]) for rows in fold.values()]
        assert sum(map(len, groups)) == 30 == len(set.union(*groups))
        assert len(fold["val"]) == pytest.approx(val_share * (400 - len(fold["test"])), abs=40)
    for repeat in (folds[:5], folds[5:]):
        assert sorted(np.concatenate([fold["test"] for fold in repeat])) == list(range(400))


@pytest.mark.parametrize("val_share", [0.0, 0.2])
def test_nothing_of_the_future_and_no_time_is_on_two_sides(val_share):
    when = DRAW.integers(0, 100, 400) / 7
    folds = Folding(4, 2, val_share).ordered(TARGETS, NAMES, when)
    assert len(folds) == 8
    for fold in folds:
        train, val, test = (when[fold[name]] for name in ("train", "val", "test"))
        assert max([*train, *val]) < min(test)
        assert bool(val_share) == bool(len(val))
        assert not len(val) or max(train) < min(val)
        assert set(np.flatnonzero(when < min(test))) == {*fold["train"], *fold["val"]}
    tested = np.concatenate([fold["test"] for fold in folds[:4]])
    assert len(tested) == len(set(tested))
    assert set(tested) == set(np.flatnonzero(when >= min(when[folds[0]["test"]])))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (np.arange(12) // 4, r"groups: must be at least as many as there are folds, got 3 for 4; fix: pass --folds 3"),
        (np.zeros(12, dtype=int), r"groups: must be at least .*, got 1 for 4; fix: pass another column"),
        (np.arange(12) % 4, r"groups: leaves class [ab] alone to test on in fold 1"),
    ],
)
def test_groups_that_cannot_be_parted_are_refused(groups, message):
    with pytest.raises(InputError, match=message):
        Folding(4).grouped(np.arange(12) % 2, ["a", "b"], groups)


def test_a_class_in_one_group_alone_leaves_nothing_of_it_to_train_on():
    targets = np.array([0, 1] * 10 + [2] * 5)
    groups = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4] * 2 + [5] * 5)
    with pytest.raises(InputError, match=r"groups: leaves no row of class c to train on in fold \d"):
        Folding(3).grouped(targets, NAMES, groups)


def test_classes_that_come_later_and_too_few_times_are_refused():
    with pytest.raises(InputError, match=r"order_by: leaves no row of class b to train on in fold 1"):
        Folding(2).ordered(np.arange(9) // 5, ["a", "b"], np.arange(9))
    with pytest.raises(InputError, match=r"order_by: leaves no row"):
        Folding(2).ordered(np.arange(9) % 2, ["a", "b"], np.zeros(9))
    with pytest.raises(InputError, match=r"folds: must be below the 9 rows, got 9"):
        Folding(9).ordered(np.arange(9) % 2, ["a", "b"], np.arange(9))
