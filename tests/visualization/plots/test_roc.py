import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from litclf.visualization.plots.canvas import pixels
from litclf.visualization.plots.colours import class_colours
from litclf.visualization.plots.roc import draw_roc


def samples(count, classes, seed=0):
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, classes, count)
    logits = rng.normal(size=(count, classes))
    logits[np.arange(count), targets] += 1
    probabilities = np.exp(logits)
    return targets, probabilities / probabilities.sum(1, keepdims=True)


def test_areas_are_those_of_scikit_learn(legend_texts):
    targets, probabilities = samples(3000, 2)
    left, right = draw_roc(targets, probabilities, ["rest", "병"], classes=[1]).axes
    area = roc_auc_score(targets, probabilities[:, 1])
    average = average_precision_score(targets, probabilities[:, 1])
    assert legend_texts(left.get_legend()) == [f"병 (AUC {area:.3f})"]
    assert legend_texts(right.get_legend()) == [f"병 (AP {average:.3f})"]
    assert (left.get_xlabel(), left.get_ylabel()) == ("false positive rate", "true positive rate")
    assert (right.get_xlabel(), right.get_ylabel()) == ("recall", "precision")


def test_a_thinned_curve_keeps_its_area_and_ends():
    targets, probabilities = samples(20000, 2)
    curve = draw_roc(targets, probabilities, ["a", "b"], classes=[1]).axes[0].lines[1].get_xydata()
    assert len(curve) == 500
    assert np.array_equal(curve[[0, -1]], [[0, 0], [1, 1]])
    assert np.trapezoid(*curve.T[::-1]) == pytest.approx(roc_auc_score(targets, probabilities[:, 1]), abs=1e-3)


def test_each_class_stands_against_the_rest(legend_texts):
    targets, probabilities = samples(500, 4)
    left, _ = draw_roc(targets, probabilities, ["a", "b", "c", "d"]).axes
    areas = [roc_auc_score(targets == number, probabilities[:, number]) for number in range(4)]
    assert legend_texts(left.get_legend()) == [
        f"{name} (AUC {area:.3f})" for name, area in zip("abcd", areas, strict=True)
    ]
    assert np.allclose([line.get_color() for line in left.lines[1:]], class_colours(4))


def test_classes_without_samples_are_left_out(legend_texts):
    targets, probabilities = samples(300, 4)
    kept = targets != 2
    left, _ = draw_roc(targets[kept], probabilities[kept], ["a", "b", "c", "d"]).axes
    assert [text[0] for text in legend_texts(left.get_legend())] == ["a", "b", "d"]


def test_of_many_classes_the_ten_with_most_samples_are_drawn(legend_texts):
    targets, probabilities = samples(2000, 15)
    targets[targets == 3] = 4
    left, _ = draw_roc(targets, probabilities, [f"{number}." for number in range(15)]).axes
    shown = [int(text.split(".")[0]) for text in legend_texts(left.get_legend())]
    most = np.argsort(-np.bincount(targets), kind="stable")[:10]
    assert shown == sorted(most)


def test_the_precision_of_guessing_is_marked():
    targets = np.array([0, 0, 0, 1])
    right = draw_roc(targets, np.linspace([0.9, 0.1], [0.6, 0.4], 4), ["a", "b"], classes=[1]).axes[1]
    assert right.lines[-1].get_ydata() == [0.25, 0.25]


@pytest.mark.parametrize(
    ("targets", "probabilities"),
    [([1, 1], [[0.8, 0.2], [0.7, 0.3]]), ([0, 1], [[np.nan, np.nan], [0.5, 0.5]]), ([0, 0], [[0.5, 0.5], [0.5, 0.5]])],
    ids=["one class", "diverged", "one class of two"],
)
def test_where_nothing_can_be_drawn_the_picture_says_so(targets, probabilities):
    figure = draw_roc(np.array(targets), np.array(probabilities), ["a", "b"])
    assert figure.axes[0].texts[0].get_text().startswith("no class")
    pixels(figure)
