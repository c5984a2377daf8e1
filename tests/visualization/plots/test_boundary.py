import numpy as np
import pytest
from PIL import Image, ImageSequence

from litclf.visualization.plots.boundary import BoundaryFilm, draw_boundary, mesh_points
from litclf.visualization.plots.canvas import new_figure, pixels
from litclf.visualization.plots.colours import class_colours


def of_both(of_class_1):
    """Probabilities of both classes."""
    return np.stack([1 - of_class_1, of_class_1], axis=1)


def steep(points, coordinate=0):
    """Probabilities of both classes: class 1 where the coordinate is above 0."""
    return of_both(1 / (1 + np.exp(-40 * points[:, coordinate].astype(float))))


@pytest.fixture
def film(two_classes):
    return BoundaryFilm(*two_classes, ["left", "right"], resolution=50)


def test_the_mesh_spans_the_points_with_a_margin(two_classes):
    x, _ = two_classes
    mesh = mesh_points(x, 20)
    assert mesh.shape == (400, 2)
    assert mesh.dtype == np.float32
    range_ = x.max(0) - x.min(0)
    assert mesh.min(0) == pytest.approx(x.min(0) - range_ / 10, rel=1e-5)
    assert mesh.max(0) == pytest.approx(x.max(0) + range_ / 10, rel=1e-5)


def test_shading_has_the_colours_of_the_classes(film, two_classes, colour_at):
    figure = film.draw(steep(film.points), two_classes[1], "step 1")
    axes = figure.axes[0]
    blue, red = 1 + 0.65 * (class_colours(2) - 1)
    bottom = axes.get_ylim()[0]  # below all points
    assert colour_at(axes, -0.7, bottom + 0.05) == pytest.approx(blue, abs=0.02)
    assert colour_at(axes, 0.7, bottom + 0.05) == pytest.approx(red, abs=0.02)
    assert colour_at(axes, 0, bottom + 0.05) == pytest.approx([0, 0, 0], abs=0.1), "the border is black"


def test_shading_is_the_paler_the_closer_to_a_guess(film, two_classes, colour_at):
    left, right = film.points[0, 0], film.points[-1, 0]
    share = (film.points[:, 0] - left) / (right - left)
    axes = film.draw(of_both(share), two_classes[1], "").axes[0]
    bottom = axes.get_ylim()[0] + 0.05
    for p, own in ((0.1, 0), (0.25, 0), (0.6, 1), (0.95, 1)):
        expected = 1 + 0.65 * abs(2 * p - 1) * (class_colours(2)[own] - 1)
        assert colour_at(axes, left + p * (right - left), bottom) == pytest.approx(expected, abs=0.02)


def test_shading_is_upright(film, two_classes, colour_at):
    axes = film.draw(steep(film.points, coordinate=1), two_classes[1], "").axes[0]
    left = axes.get_xlim()[0] + 0.05
    assert colour_at(axes, left, 0.7) == pytest.approx(1 + 0.65 * (class_colours(2)[1] - 1), abs=0.02)


def test_wrong_points_have_a_ring_and_lower_the_accuracy(film, two_classes):
    x, y = two_classes
    predicted = y.copy()
    predicted[:10] = 1 - predicted[:10]
    axes = film.draw(steep(film.points), predicted, "step 5").axes[0]
    assert axes.get_title() == "step 5, accuracy 95.0 %"
    (rings,) = (line for line in axes.lines if line.get_markeredgecolor() == "black")
    assert np.array_equal(rings.get_xydata(), x[:10])


def test_rings_go_when_points_are_right_again(film, two_classes):
    y = two_classes[1]
    film.draw(steep(film.points), 1 - y, "")
    wrong = pixels(film.figure)
    film.draw(steep(film.points), y, "")
    assert not np.array_equal(pixels(film.figure), wrong)
    assert film.figure.axes[0].lines[-1].get_xydata().size == 0


def test_the_legend_names_classes_and_marks(film, legend_texts):
    assert legend_texts(film.figure.axes[0].get_legend()) == ["left", "right", "misclassified", "border"]


def test_a_frame_is_the_same_as_drawing_all_anew(film, two_classes):
    for shift in (0.0, 0.3):
        figure = film.draw(steep(film.points + shift), two_classes[1], f"step {shift}")
    quick = pixels(figure)
    figure.stale = True
    assert np.array_equal(pixels(figure), quick)


def test_the_gif_has_all_frames(film, two_classes, tmp_path):
    for step in range(5):
        film.draw(steep(film.points - step / 5), two_classes[1], f"step {step}")
    assert film.num_frames == 5
    film.write_gif(tmp_path / "film.gif", milliseconds=200)
    with Image.open(tmp_path / "film.gif") as gif:
        frames = [np.asarray(frame.convert("RGB"), dtype=int) for frame in ImageSequence.Iterator(gif)]
        durations = [frame.info["duration"] for frame in ImageSequence.Iterator(gif)]
        assert gif.info["loop"] == 0
    assert len(frames) == 5
    assert durations == [200, 200, 200, 200, 2000]
    assert np.abs(frames[-1] - pixels(film.figure)).mean() < 3
    assert tuple(frames[0][0, 0]) == (255, 255, 255)
    assert [path.name for path in tmp_path.iterdir()] == ["film.gif"]


def test_a_frame_as_png_is_close_to_the_picture(film, two_classes, tmp_path):
    film.draw(steep(film.points), two_classes[1], "")
    (tmp_path / "frame.png").write_bytes(film.png())
    with Image.open(tmp_path / "frame.png") as frame:
        difference = np.asarray(frame.convert("RGB"), dtype=int) - pixels(film.figure)
    assert np.abs(difference).mean() < 3


def test_many_classes_have_borders_where_two_are_equally_probable(colour_at):
    x = np.array([[-1.0, -1], [1, -1], [0, 1]])
    y = np.arange(3)
    film = BoundaryFilm(x, y, ["하나", "b", "c"])
    logits = -8 * ((film.points[:, None] - x) ** 2).sum(-1)
    probabilities = np.exp(logits - logits.max(1, keepdims=True))
    axes = film.draw(probabilities / probabilities.sum(1, keepdims=True), y, "").axes[0]
    for point, colour in zip(x, class_colours(3), strict=True):
        assert colour_at(axes, *(point + 0.15)) == pytest.approx(1 + 0.65 * (colour - 1), abs=0.02)
    assert colour_at(axes, 0, -1.1) == pytest.approx([0, 0, 0], abs=0.1)
    assert axes.get_title() == "accuracy 100.0 %"


@pytest.mark.parametrize("value", [0.5, np.nan, 0.0, 1.0000001])
def test_a_flat_or_unknown_plane_has_no_border(film, two_classes, value, colour_at):
    axes = film.draw(of_both(np.full(len(film.points), value)), two_classes[1], "").axes[0]
    bottom = axes.get_ylim()[0] + 0.05
    blue, red = 1 + 0.65 * (class_colours(2) - 1)
    expected = {0.5: [1, 1, 1], 0.0: blue, 1.0000001: red}.get(value, [0.6] * 3)
    for x in (-0.7, 0.0, 0.7):
        assert colour_at(axes, x, bottom) == pytest.approx(expected, abs=0.02)


def test_at_most_1000_points_are_drawn_and_all_are_counted():
    x = np.random.default_rng(0).uniform(size=(3000, 2))
    y = np.zeros(3000, int)
    film = BoundaryFilm(x, y, ["a", "b"], resolution=10)
    axes = film.draw(of_both(np.zeros(100)), np.repeat([0, 1], [2400, 600]), "").axes[0]
    assert sum(len(line.get_xdata()) for line in axes.lines[:2]) == 1000
    assert axes.get_title() == "accuracy 80.0 %"


def test_boundaries_stand_side_by_side(two_classes, colour_at, legend_texts):
    x, y = two_classes
    _, axes = new_figure(1, 2)
    mesh = mesh_points(x, 40)
    for panel, sign, title in zip(axes[0], (1, -1), ("안녕", "$b$"), strict=True):
        draw_boundary(panel, x, y, steep(sign * mesh), y, ["left", "right"], title)
        side = 1 + 0.65 * (class_colours(2)[int(sign > 0)] - 1)
        assert colour_at(panel, 0.7, panel.get_ylim()[0] + 0.05) == pytest.approx(side, abs=0.02)
        assert panel.get_title() == f"{title}, accuracy 100.0 %"
        assert legend_texts(panel.get_legend()) == ["left", "right"]
        assert (panel.get_xlabel(), panel.get_ylabel()) == ("x1", "x2")


def test_borders_of_members_are_thin_lines_that_no_frame_has(film, two_classes, legend_texts):
    figure = film.draw(steep(film.points), two_classes[1], "")
    before = film.png()
    film.draw_members(steep(film.points - [shift, 0]) for shift in (-0.5, 0.5))
    *_, border, members = figure.axes[0].collections
    assert sorted(round(line[:, 0].mean(), 2) for line in members.get_segments()) == [-0.5, 0.5]
    assert members.get_linewidth()[0] < border.get_linewidth()[0]
    assert legend_texts(figure.axes[0].get_legend())[-2:] == ["border", "of a member"]
    pixels(figure)
    assert figure.axes[0].get_legend().get_window_extent().x1 <= figure.bbox.x1
    assert film.png() == before
