import csv

import numpy as np
import pytest

from litclf.visualization.plots.canvas import pixels
from litclf.visualization.plots.confusion import draw_confusion, write_confusion

MATRIX = np.array([[8, 2, 0], [1, 1, 2], [0, 0, 0]])
NAMES = ["cat", "개", 'a, "b"']


def test_rows_are_true_classes_and_cells_say_count_and_percentage():
    axes = draw_confusion(MATRIX, NAMES).axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    assert [label.get_text() for label in axes.get_yticklabels()] == NAMES
    texts = {text.get_position(): text.get_text() for text in axes.texts}
    assert texts[(1, 0)] == "2\n20.0 %", "predicted 1, true 0"
    assert texts[(0, 1)] == "1\n25.0 %"
    assert texts[(2, 2)] == "0"
    assert len(texts) == 9


def test_the_larger_the_share_the_darker_the_cell(colour_at):
    axes = draw_confusion(MATRIX, NAMES).axes[0]
    corner = 0.4  # clear of the numbers
    shares = {0.8: (0, 0), 0.2: (1, 0), 0.0: (2, 0), 0.5: (2, 1)}
    brightness = {share: colour_at(axes, x + corner, y + corner).sum() for share, (x, y) in shares.items()}
    assert sorted(brightness, key=lambda share: brightness[share]) == [0.8, 0.5, 0.2, 0.0]


@pytest.mark.parametrize("count", [2, 5, 20])
def test_names_and_numbers_lie_within_the_figure(count):
    names = [f"a long name of class {number}" for number in range(count)]
    figure = draw_confusion(np.eye(count, dtype=int) * 100000, names)
    pixels(figure)
    axes = figure.axes[0]
    for text in (*axes.get_xticklabels(), *axes.get_yticklabels(), axes.xaxis.label, axes.yaxis.label):
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= figure.bbox.x1
    cell = axes.bbox.width / count
    assert max(text.get_window_extent().width for text in axes.texts) < cell


@pytest.mark.parametrize(("count", "texts", "names"), [(10, 100, 10), (20, 20, 20), (21, 0, 21), (100, 0, None)])
def test_many_classes_are_colours_only(count, texts, names):
    axes = draw_confusion(np.eye(count, dtype=int), [str(number) for number in range(count)]).axes[0]
    assert len(axes.texts) == texts
    if names is not None:
        assert [label.get_text() for label in axes.get_xticklabels()] == [str(number) for number in range(names)]


def test_the_table_has_a_row_for_each_cell(tmp_path):
    path = tmp_path / "confusion_matrix.csv"
    write_confusion(path, MATRIX, NAMES)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 9
    assert rows[1] == {"true": "cat", "predicted": "개", "count": "2", "row_percent": "20"}
    assert rows[8] == {"true": 'a, "b"', "predicted": 'a, "b"', "count": "0", "row_percent": "0"}
