import numpy as np
import pytest

from litclf.visualization.plots.canvas import pixels
from litclf.visualization.plots.reliability import draw_reliability


def of_both(of_class_1):
    """Probabilities of both classes."""
    return np.stack([1 - np.asarray(of_class_1), of_class_1], axis=1)


def test_the_diagram_shows_frequency_over_probability_and_the_samples():
    targets, probabilities = np.repeat([0, 1, 1], [2, 2, 4]), np.repeat([0.5, 0.5, 1.0], [2, 2, 4])
    figure = draw_reliability(targets, of_both(probabilities), binary=True)
    above = figure.axes[0]
    assert above.get_title() == "expected calibration error 0.000"
    assert above.get_ylabel() == "frequency of class 1"
    assert above.lines[1].get_xydata().tolist() == [[0.5, 0.5], [1, 1]]
    (below,) = above.child_axes
    assert below.get_xlabel() == "predicted probability of class 1"
    heights = [bar.get_height() for bar in below.patches]
    assert heights[7] == 4
    assert heights[14] == 4, "probability 1 stands in the last bin"
    assert sum(heights) == 8


def test_the_diagram_of_many_classes_shows_accuracy():
    figure = draw_reliability(np.array([0, 1]), np.array([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1]]))
    assert figure.axes[0].get_ylabel() == "accuracy"
    pixels(figure)


@pytest.mark.parametrize("probabilities", [[np.nan, 0.5], [1.0000001, -1e-9], []], ids=["diverged", "rounded", "none"])
def test_odd_probabilities_are_drawn(probabilities):
    targets = np.array([0, 1][: len(probabilities)])
    pixels(draw_reliability(targets, of_both(np.array(probabilities)), binary=True))
