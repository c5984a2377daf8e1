import pytest

from litclf.visualization.report.confusion import MOST_CLASSES, confusion


def test_without_counts_there_is_none():
    assert confusion({}, {}) is None


def test_cells_hold_counts_and_shares_of_the_true_class():
    shown = confusion({"confusion": [[3, 1], [0, 0]], "class_names": ["a", "b"]}, {"cells": {"0,1": [{}], "0,0": []}})
    assert shown.pairs == []
    assert [[cell.count for cell in row] for row in shown.rows] == [[3, 1], [0, 0]]
    assert [[cell.share for cell in row] for row in shown.rows] == [[0.75, 0.25], [0, 0]]
    assert [[cell.is_right for cell in row] for row in shown.rows] == [[True, False], [False, True]]
    assert [[cell.opens for cell in row] for row in shown.rows] == [[False, True], [False, False]]
    assert (shown.rows[0][1].target, shown.rows[0][1].predicted) == ("a", "b")


def test_classes_without_names_are_called_by_their_numbers():
    assert confusion({"confusion": [[1, 0], [0, 1]]}, {}).names == ["0", "1"]


@pytest.mark.parametrize(("classes", "whole"), [(MOST_CLASSES, True), (MOST_CLASSES + 1, False)])
def test_of_many_classes_the_most_confused_pairs_are_shown(classes, whole):
    counts = [[100 * (i == j) for j in range(classes)] for i in range(classes)]
    counts[3][4], counts[4][3], counts[12][0] = 7, 2, 9
    shown = confusion({"confusion": counts}, {})
    assert bool(shown.rows) == whole
    assert [(cell.key, cell.count) for cell in shown.pairs] == ([] if whole else [("12,0", 9), ("3,4", 7), ("4,3", 2)])


def test_the_most_confused_pairs_are_told_from_three_classes_on():
    counts = [[7, 2, 1], [0, 9, 1], [3, 0, 7]]
    words = confusion({"confusion": counts, "class_names": ["cat", "dog", "hen"]}, {}).words
    wanted = "hen for cat (3, 30.0 % of it), cat for dog (2, 20.0 % of it), cat for hen (1, 10.0 % of it), ..."
    assert words == f"Taken most often for another: {wanted}."
    assert confusion({"confusion": [[3, 1], [0, 2]]}, {}).words == ""
    assert confusion({"confusion": [[3, 0, 0], [0, 2, 0], [0, 0, 1]]}, {}).words == ""
