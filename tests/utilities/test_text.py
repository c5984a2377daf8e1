import unicodedata

import pytest

from litclf.utilities.text import aligned, padded, width


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("", 0),
        ("red", 3),
        ("빨강", 4),
        ("日本", 4),
        ("\uff21", 2),
        ("ｱ", 1),
        ("é", 1),
        ("x\u0301", 1),
        ("a\u200d", 1),
    ],
)
def test_letters_take_the_places_that_a_terminal_gives_them(text, places):
    assert width(text) == places
    assert width(unicodedata.normalize("NFD", text)) == places


def test_columns_stand_below_each_other_in_any_script():
    lines = aligned([["name", "rows", "mean"], ["색", "12", ""], ["size", "7", "1.5"]])
    assert lines == ["name  rows  mean", "색      12", "size     7   1.5"]


def test_columns_are_told_where_to_stand():
    assert aligned([["a", "b", "c"], ["dd", "ee", "ff"]], left=2, between=" | ", at_least=[0, 3, 4]) == [
        "a  | b   |    c",
        "dd | ee  |   ff",
    ]


def test_text_that_is_wider_than_its_place_is_kept():
    assert padded("긴 이름", 3) == padded("긴 이름", 3, right=True) == "긴 이름"
