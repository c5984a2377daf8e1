"""Points of the training curve, against means by hand, for any way to cut a fit into executions."""

import csv

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from litclf import BinaryClassifier, CirclesDataModule, fit
from litclf.models.points import Points

LENGTHS = [50, 51, 64, 65, 200, 2000, 34_380]


def points_of(losses, every, sizes=()):
    """Steps and values of all points, with the losses given in parts of ``sizes``; a checkpoint lies between two."""
    found, done = [], 0
    points = Points()
    for size in [*sizes, len(losses)]:
        part = losses[done : done + size]
        state, points = points.state(), Points()
        points.restore(state)
        points.begin(done, every)
        done += len(part)
        if len(part):
            rows = points.add(torch.from_numpy(part), done)
            found += zip(rows.steps, rows.values, strict=True)
    return found


@pytest.mark.parametrize("length", LENGTHS)
def test_a_fit_of_any_length_has_fifty_points_and_not_thousands(length):
    steps = [step for step, _ in points_of(np.ones(length), None)]
    assert 50 <= len(steps) <= 400
    assert max(np.diff(steps)) <= max(1, length / 16)


@given(
    st.lists(st.integers(1, 200), max_size=12),
    st.one_of(st.none(), st.integers(1, 90)),
    st.integers(1, 1000),
)
def test_points_are_the_means_since_the_point_before_however_a_fit_is_cut(sizes, every, length):
    losses = np.random.default_rng(length).random(length)
    found = points_of(losses, every, sizes)
    begin = 0
    for step, value in found:
        assert value == pytest.approx(losses[begin : step + 1].mean())
        begin = step + 1
    assert [step for step, _ in found] == [step for step, _ in points_of(losses, every)]
    assert every is None or [step for step, _ in found] == list(range(every - 1, length, every))


def test_no_points_where_none_are_asked_for():
    assert points_of(np.ones(100), 0) == []


@pytest.mark.parametrize(("most", "repeat", "epochs"), [(1, 10, 6), (60, 60, 1), (7, 15, 4)])
def test_a_fit_that_names_nothing_has_a_curve_of_its_training_loss(most, repeat, epochs, tmp_path):
    data = CirclesDataModule(batch_size=None, repeat=repeat, steps_per_execution=most)
    settings = {"max_epochs": epochs, "default_root_dir": tmp_path, "enable_progress_bar": False}
    folder = fit(BinaryClassifier(), data, **settings).folder
    with (folder / "metrics.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["train/loss_step"]]
    assert [int(row["step"]) for row in rows] == list(range(60))
    assert [int(row["epoch"]) for row in rows] == [step // repeat for step in range(60)]
