from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from litclf.visualization.plots.boundary import mesh_points
from litclf.visualization.plots.canvas import pixels
from litclf.visualization.plots.colours import TRAIN, VAL
from litclf.visualization.plots.comparison import Plane, draw_comparison
from litclf.visualization.plots.curves import MemberLines

SLOW = {
    "train/loss": ([10, 20], [0.7, 0.6]),
    "val/loss": ([10, 20], [0.8, 0.7]),
    "val/accuracy": ([10, 20], [0.5, 0.6]),
}
FAST = {"train/loss": ([5, 10], [0.3, 0.1])}


def plane(right_class):
    """Two points; everything is given to one class."""
    x = np.array([[0.0, 0.0], [1.0, 1.0]])
    probabilities = np.tile(np.eye(2)[right_class], (len(mesh_points(x)), 1))
    return Plane(x, np.array([0, 1]), probabilities, np.array([right_class] * 2), ("left", "right"))


def test_a_column_for_each_run_and_a_row_for_each_metric():
    figure = draw_comparison({"slow": SLOW, "fast": FAST})
    labels = [(panel.get_title(), panel.get_xlabel(), panel.get_ylabel()) for panel in figure.axes]
    assert labels == [
        ("slow", "optimizer step", "loss"),
        ("fast", "optimizer step", "loss"),
        ("", "optimizer step", "accuracy"),
        ("", "optimizer step", "accuracy"),
    ]


def test_lines_are_those_of_the_stages():
    panel = draw_comparison({"slow": SLOW}).axes[0]
    lines = {line.get_label(): line for line in panel.lines}
    assert (lines["train"].get_color(), lines["val"].get_color()) == (TRAIN, VAL)
    assert lines["val"].get_xydata().tolist() == [[10, 0.8], [20, 0.7]]


def test_panels_of_a_metric_have_one_scale():
    slow, fast, accuracy, none = draw_comparison({"slow": SLOW, "fast": FAST}).axes
    assert slow.get_ylim() == fast.get_ylim()
    low, high = slow.get_ylim()
    assert low < 0.1
    assert high > 0.8
    assert accuracy.get_ylim() != none.get_ylim()


@pytest.mark.parametrize("worst", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_leaves_the_others_to_be_seen(worst):
    figure = draw_comparison({"a": FAST, "b": {"train/loss": ([5, 10], [0.5, worst])}})
    assert all(np.isfinite(panel.get_ylim()).all() for panel in figure.axes)
    pixels(figure)


def test_boundaries_stand_above_the_curves():
    figure = draw_comparison({"a": FAST, "b": FAST}, {"a": plane(0), "b": plane(1)})
    first, second, *curves = figure.axes
    assert (first.get_title(), second.get_title()) == ("a, accuracy 50.0 %", "b, accuracy 50.0 %")
    assert [panel.get_ylabel() for panel in curves] == ["loss", "loss"]
    picture = pixels(figure)
    for panel, colour in ((first, "#0072B2"), (second, "#D55E00")):
        column, row = panel.transData.transform((0.7, 0.3))
        strength = 0.65
        expected = 255 * (1 - strength + strength * np.array(to_rgb(colour)))
        assert picture[len(picture) - int(row), int(column)] == pytest.approx(expected, abs=6)


def test_members_of_a_run_lie_behind_its_mean_and_have_thin_borders():
    points = plane(0)
    each = [np.stack([1 - own, own], axis=1) for own in (mesh_points(points.x)[:, 0] > at for at in (0.25, 0.75))]
    behind = MemberLines({"train/loss": ([5, 10], np.array([[0.5, 0.1], [0.2, 0.1]]))})
    planes = {"a": replace(points, members=[own.astype(float) for own in each]), "b": points}
    figure = draw_comparison({"a": FAST, "b": FAST}, planes, {"a": behind})
    with_members, alone, loss, other = figure.axes
    lines = with_members.collections[-1].get_segments()
    assert sorted(round(line[:, 0].mean(), 1) for line in lines) == [0.2, 0.8]
    assert not alone.collections[-1].get_segments()
    assert [line[:, 1].tolist() for line in loss.collections[0].get_segments()] == [[0.5, 0.2], [0.1, 0.1]]
    assert not other.collections
    pixels(figure)


def test_a_run_without_curves_has_an_empty_column():
    figure = draw_comparison({"a": {}, "b": {}})
    assert [panel.get_title() for panel in figure.axes] == ["a", "b"]
