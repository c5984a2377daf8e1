import math

import pytest

from litclf.runs.history import History, Point


def test_empty_cells_are_no_points_and_epochs_count_from_one():
    rows = [{"step": 4, "epoch": 0, "train/loss": 3.0}, {"step": 9, "epoch": 1, "val/loss": 2.0}, {"step": 10, "x": 1}]
    assert History({}, {}, rows).curve("val/loss") == [Point(9, 2, 2.0)]


@pytest.mark.parametrize(
    ("score", "step"),
    [
        (0.9, 1),  # of accuracies that are equally good, Lightning keeps the first
        (0.30000001192092896, 2),  # float32, where metrics.csv has seven digits
        (0.77, 2),  # of a metric that the report does not know: the lowest validation loss
        (None, 2),
    ],
)
def test_the_best_epoch_is_the_one_of_the_best_checkpoint(score, step):
    losses, accuracies = (0.5, 0.4, 0.3, 0.35), (0.8, 0.9, 0.85, 0.9)
    rows = [
        {"step": n, "val/loss": loss, "val/accuracy": accuracy}
        for n, (loss, accuracy) in enumerate(zip(losses, accuracies, strict=True))
    ]
    assert History({"best": {"score": score}}, {}, rows).best.step == step


def test_without_validation_there_is_a_best_epoch_only_where_a_checkpoint_was_kept():
    rows = [{"step": n, "train/loss": loss} for n, loss in enumerate((0.5, 0.3, 0.4))]
    assert History({"best": {"score": 0.3}}, {}, rows).best == Point(1, 2, 0.3)
    assert History({}, {}, rows).best is None


@pytest.mark.parametrize(
    ("metrics", "facts"),
    [
        ({}, {"num_val": 9}),
        ({"val/accuracy": 0.5}, {}),
        ({"val/accuracy": math.nan}, {"num_val": 9}),
        ({"val/accuracy": 95}, {"num_val": 9}),
    ],
)
def test_without_a_share_and_its_count_there_is_no_interval(metrics, facts):
    assert History(metrics, facts, []).interval("val") is None


def test_a_class_without_a_name_is_called_by_its_number():
    history = History({}, {"class_names": ["cat"]}, [])
    assert [history.class_name(index) for index in (0, 1)] == ["cat", "1"]
