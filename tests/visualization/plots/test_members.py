import numpy as np
import pytest

from litclf.visualization.plots.canvas import pixels
from litclf.visualization.plots.members import Measured, draw_members


def test_bars_count_the_members_and_lines_tell_mean_ensemble_and_mark(legend_texts, colour_at):
    values = np.array([0.98, 0.99, np.nan, 1.0, 1.0, 0.96])
    (axes,) = draw_members([Measured("test accuracy", values, 1.0, 0.99, "3 of 6 reach it")]).axes
    bars = [(bar.get_x() + bar.get_width() / 2, bar.get_height()) for bar in axes.patches]
    assert bars == [pytest.approx(pair) for pair in [(0.96, 1), (0.97, 0), (0.98, 1), (0.99, 1), (1.0, 2)]]
    assert [line.get_xdata()[0] for line in axes.lines] == pytest.approx([np.nanmean(values), 1.0, 0.99])
    names = ["mean of the members, 0.9860", "all together, 1.0000", "mark, 0.99: 3 of 6 reach it"]
    assert legend_texts(axes.get_legend()) == names
    assert axes.get_xlabel() == "test accuracy"
    bar, above = colour_at(axes, 0.981, 0.5), colour_at(axes, 0.981, 1.5)
    assert bar[2] > bar[0]
    assert above == pytest.approx([1, 1, 1], abs=0.01)


def test_each_metric_has_a_panel_and_one_that_nobody_has_is_empty():
    figure = draw_members([Measured("val loss", np.array([0.1, 0.2])), Measured("test f1", np.full(3, np.nan))])
    assert [axes.get_xlabel() for axes in figure.axes] == ["val loss", "test f1"]
    assert not figure.axes[1].patches
    assert pixels(figure).shape == (420, 1000, 3)
