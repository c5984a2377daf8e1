import re
from itertools import pairwise

import numpy as np
import pytest

from litclf.utilities.errors import InputError
from litclf.visualization.plots.canvas import pixels
from litclf.visualization.plots.colours import RIGHT, WRONG
from litclf.visualization.plots.images import draw_predictions, draw_restoration, draw_worst

NAMES = ["고양이", "dog", "cow"]


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def middles(figure, colour_at):
    """Colours in the middle of each image."""
    axes = figure.axes[0]
    extents = [image.get_extent() for image in axes.images]
    return [colour_at(axes, (left + right) / 2, (low + high) / 2) for left, right, low, high in extents]


@pytest.mark.parametrize("kind", ["grey bytes", "colour bytes", "grey floats", "colour floats"])
def test_images_are_drawn_as_they_are(kind, colour_at):
    values = np.array([0.0, 0.4, 1.0])
    images = values[:, None, None] * np.ones((3, 8, 8))
    if "colour" in kind:
        images = np.stack([images, 1 - images, np.zeros_like(images)], axis=-1)
    if "bytes" in kind:
        images = (255 * images).round().astype(np.uint8)
    figure = draw_predictions(images, np.arange(3), np.eye(3), NAMES)
    expected = [[v, 1 - v, 0] if "colour" in kind else [v] * 3 for v in values]
    assert np.allclose(middles(figure, colour_at), expected, atol=0.01)


def test_an_image_is_upright(colour_at):
    image = np.zeros((1, 8, 8), np.uint8)
    image[0, :4] = 255
    figure = draw_predictions(image, np.array([0]), np.eye(3)[:1], NAMES)
    axes = figure.axes[0]
    left, right, low, high = axes.images[0].get_extent()
    assert colour_at(axes, (left + right) / 2, low + 0.8 * (high - low)).tolist() == [1, 1, 1]


def test_predictions_are_named_and_coloured():
    probabilities = np.array([[0.98, 0.01, 0.01], [0.7, 0.2, 0.1], [0.1, 0.2, 0.7]])
    figure = draw_predictions(np.zeros((3, 8, 8), np.uint8), np.arange(3), probabilities, NAMES)
    assert texts(figure) == ["고양이\n✓ 고양이 98 %", "dog\n✗ 고양이 70 %", "cow\n✓ cow 70 %"]
    assert [text.get_color() for text in figure.axes[0].texts] == [RIGHT, WRONG, RIGHT]


@pytest.mark.parametrize("name", ["a very long name", "아주 길고 긴 이름의 고양이"])
def test_captions_neither_touch_nor_leave_the_figure(name):
    names = [f"{name} {number}" for number in range(10)]
    probabilities = np.full((10, 10), 0.1)
    probabilities[:, 0] = 1.0
    figure = draw_predictions(np.zeros((10, 8, 8), np.uint8), np.arange(10), probabilities, names)
    pixels(figure)
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes[:5]))
    assert boxes[0].y1 < figure.bbox.y1
    low = figure.axes[0].images[0].get_window_extent().y0
    assert max(box.y1 for box in boxes[5:]) < low, "below the row above"


def test_the_worst_errors_come_first():
    targets, predicted = np.array([0, 1, 2, 0]), np.array([1, 1, 0, 2])
    losses = np.array([2.0, 9.0, 5.0, 3.0])  # the second is right
    figure = draw_worst(np.zeros((4, 8, 8)), targets, predicted, np.exp(-losses), losses, NAMES)
    assert [text.split("\n")[0] for text in texts(figure)] == ["cow 0.67 %", "고양이 5 %", "고양이 14 %"]
    assert [text.split("\n")[1] for text in texts(figure)] == ["✗ 고양이", "✗ cow", "✗ dog"]


def test_at_most_24_errors_are_drawn():
    ones, rows = np.ones(30, int), np.arange(30) / 30
    figure = draw_worst(np.zeros((30, 4, 4)), 0 * ones, ones, rows, rows, NAMES)
    assert len(figure.axes[0].images) == 24


def test_no_errors_is_said():
    none = np.zeros(0, int)
    figure = draw_worst(np.zeros((0, 4, 4)), none, none, none, none, NAMES)
    assert texts(figure) == ["no errors"]
    pixels(figure)


def test_images_need_not_be_square():
    figure = draw_predictions(np.zeros((1, 10, 20)), np.array([0]), np.eye(3)[:1], NAMES)
    left, right, low, high = figure.axes[0].images[0].get_extent()
    assert (right - left) / (high - low) == pytest.approx(2)


def test_restoration_shows_three_images(colour_at):
    figure = draw_restoration(np.zeros(16), np.full((4, 4), 0.5), np.full((4, 4), 255, np.uint8))
    assert [axes.get_title() for axes in figure.axes] == ["corrupted", "restored so far", "original"]
    assert [colour_at(axes, 1.5, 1.5)[0] for axes in figure.axes] == pytest.approx([0, 0.5, 1], abs=0.01)


def test_a_flat_image_has_a_square_number_of_pixels():
    message = "restoration: a flat image must have a square number of pixels, got 15; fix: give it as rows and columns"
    with pytest.raises(InputError, match=re.escape(message)):
        draw_restoration(np.zeros(15), np.zeros(16), np.zeros(16))
