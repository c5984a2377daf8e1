import numpy as np
import pytest

from litclf.visualization.plots.canvas import pixels
from litclf.visualization.plots.colours import class_colours
from litclf.visualization.plots.gradients import draw_gradients

STEPS = [0, 100, 200]
NORMS = {"network.0": [1e-3, 1e-5, 1e-6], "network.2": [0.5, 0.4, 0.3]}
IDLE = {"network.1": [0.0, 0.25, 0.75]}


def test_norms_stand_on_the_left_and_idle_units_on_the_right(legend_texts):
    left, right = draw_gradients(STEPS, NORMS, IDLE).axes
    assert (left.get_title(), right.get_title()) == ("gradient norm", "share of dead or saturated units")
    assert left.get_xlabel() == right.get_xlabel() == "optimizer step"
    assert left.get_yscale() == "log"
    assert legend_texts(left.get_legend()) == list(NORMS)
    assert legend_texts(right.get_legend()) == list(IDLE)
    assert np.array_equal(right.lines[0].get_xydata().T, [STEPS, IDLE["network.1"]])
    for line, norms, colour in zip(left.lines, NORMS.values(), class_colours(2), strict=True):
        assert np.array_equal(line.get_ydata(), norms)
        assert np.array_equal(line.get_color(), colour)


def test_all_idle_shares_can_be_seen():
    right = draw_gradients(STEPS, NORMS, IDLE).axes[1]
    low, high = right.get_ylim()
    assert low < 0
    assert high > 1


def test_without_hidden_layers_there_is_one_panel():
    assert len(draw_gradients(STEPS, NORMS, {}).axes) == 1


@pytest.mark.parametrize(
    "norms", [[1.0, 1e-4, 1e-12], [0.5, 0.6, 0.7], [0.0, 0.5, 0.6], [0.0, 0.0, 0.0], [1.0, np.nan, np.inf]]
)
def test_every_range_of_norms_has_numbers_at_its_axis(norms):
    figure = draw_gradients(STEPS, {"$layer": norms}, {})
    pixels(figure)
    low, high = figure.axes[0].get_ylim()
    ticks = [tick for tick in figure.axes[0].get_yticks() if low <= tick <= high]
    labels = figure.axes[0].yaxis.get_major_formatter().format_ticks(ticks)
    assert 2 <= len(ticks) <= 10
    assert all(labels)
