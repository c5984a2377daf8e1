import matplotlib
import numpy as np
import pytest
from PIL import Image

from litclf.visualization.plots.canvas import new_figure, pixels, png, save, set_margins, set_title, text_width


def test_a_figure_has_panels_of_the_size_asked_for():
    figure, axes = new_figure(2, 3, width=2, height=1.5)
    assert axes.shape == (2, 3)
    assert pixels(figure).shape == (300, 600, 3)
    assert pixels(figure).dtype == np.uint8


def test_panels_are_apart_by_their_margins():
    figure, axes = new_figure(2, 2, width=4, height=3)
    set_margins(figure, left=1, right=0.5, bottom=0.6, top=0.4)
    boxes = [[axes[row, column].get_window_extent().extents for column in (0, 1)] for row in (0, 1)]
    assert boxes[0][0] == pytest.approx([100, 360, 350, 560])
    assert boxes[1][1] == pytest.approx([500, 60, 750, 260])


def test_a_picture_is_drawn_again_only_where_it_changed(monkeypatch):
    figure, axes = new_figure()
    first = pixels(figure)
    monkeypatch.setattr(figure.canvas, "draw", lambda: pytest.fail("drawn again"))
    assert np.array_equal(pixels(figure), first)
    monkeypatch.undo()
    axes[0, 0].plot([0, 1], [0, 1], color="red")
    assert not np.array_equal(pixels(figure), first)


def test_what_is_saved_is_what_is_seen(tmp_path):
    figure, axes = new_figure(1, 1, 2, 2)
    axes[0, 0].set_facecolor("red")
    save(figure, tmp_path / "picture.png")
    save(figure, tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as picture:
        assert np.array_equal(np.asarray(picture), pixels(figure))
        assert picture.format == "PNG"
    assert (tmp_path / "picture.png").read_bytes() == png(figure)
    assert [path.name for path in tmp_path.iterdir()] == ["picture.png"]


def test_labels_lie_within_the_figure():
    figure, axes = new_figure()
    axes[0, 0].set(xlabel="x", ylabel="y")
    axes[0, 0].plot([0, 1], [-123456.0, 123456.0])
    pixels(figure)
    for text in (axes[0, 0].xaxis.label, axes[0, 0].yaxis.label):
        box = text.get_window_extent()
        assert box.x0 > 0
        assert box.y0 > 0
    ticks = axes[0, 0].get_yticklabels()
    assert min(tick.get_window_extent().x0 for tick in ticks) > axes[0, 0].yaxis.label.get_window_extent().x1


def test_a_title_has_the_fonts_in_use():
    _, axes = new_figure()
    with matplotlib.rc_context({"font.family": ["DejaVu Serif"]}):
        set_title(axes[0, 0], "$x$")
    assert axes[0, 0].title.get_fontfamily() == ["DejaVu Serif"]
    assert not axes[0, 0].title.get_parse_math()


def test_the_width_of_texts_is_that_of_the_longest():
    _, axes = new_figure()
    text = axes[0, 0].text(0, 0, "long name", fontsize=9)
    assert text_width(["a", "long name"], 9) == pytest.approx(text.get_window_extent().width / 100, rel=0.1)
    assert text_width([]) == 0
