import numpy as np
import pytest

from litclf.visualization.plots.canvas import pixels
from litclf.visualization.plots.colours import class_colours
from litclf.visualization.plots.data import draw_scatter


def test_points_have_the_colour_of_their_class(colour_at, legend_texts):
    figure = draw_scatter(np.array([[0.0, 0.0], [2.0, 1.0]]), np.array([0, 1]), ["inner", "outer"], "training data")
    axes = figure.axes[0]
    assert colour_at(axes, 0, 0) == pytest.approx(class_colours(2)[0], abs=0.02)
    assert colour_at(axes, 2, 1) == pytest.approx(class_colours(2)[1], abs=0.02)
    assert colour_at(axes, 1, 0.5) == pytest.approx([1, 1, 1])
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("x1", "x2", "training data")
    assert legend_texts(axes.get_legend()) == ["inner", "outer"]


def test_of_many_points_the_same_2000_are_drawn():
    x = np.random.default_rng(0).normal(size=(5000, 2))
    first, second = (draw_scatter(x, np.zeros(5000, int), ["a", "b"]).axes[0].lines[0].get_xydata() for _ in range(2))
    assert len(first) == 2000
    assert np.array_equal(first, second)
    assert len(np.unique(first, axis=0)) == 2000


def test_a_plane_without_extent_is_drawn():
    figure = draw_scatter(np.ones((3, 2)), np.zeros(3, int), ["only"])
    assert figure.axes[0].get_xlim() == (0, 2)
    pixels(figure)


def test_the_legend_of_many_classes_says_how_many_are_left_out(legend_texts):
    names = [f"class {number}" for number in range(30)]
    legend = draw_scatter(np.zeros((1, 2)), np.zeros(1, int), names).axes[0].get_legend()
    assert len(legend_texts(legend)) == 20
    assert legend.get_title().get_text() == "20 of 30"


def test_the_legend_lies_within_the_figure():
    figure = draw_scatter(np.zeros((1, 2)), np.zeros(1, int), ["a name that is rather long", "b"])
    pixels(figure)
    assert figure.axes[0].get_legend().get_window_extent().x1 < figure.bbox.x1


@pytest.mark.parametrize("count", [1, 2, 10, 11, 100])
def test_each_class_has_a_colour_of_its_own(count):
    colours = class_colours(count)
    assert colours.shape == (count, 3)
    assert len(np.unique(colours.round(4), axis=0)) == count
