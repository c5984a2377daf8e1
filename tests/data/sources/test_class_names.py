import unicodedata

import pytest

from litclf.data.sources.class_names import in_order, lookalikes
from litclf.preprocessing.values import evened


def test_numbers_are_in_their_order_of_any_length():
    assert in_order(["10", "2", "-1", "1.5", "002"]) == ("-1", "1.5", "002", "2", "10")
    assert in_order(["1" * 5000, "2"]) == ("2", "1" * 5000)
    assert in_order([str(2**53 + 1), str(2**53)]) == (str(2**53), str(2**53 + 1))


def test_what_is_not_all_numbers_is_in_the_order_of_texts():
    assert in_order(["10", "9", "nine"]) == ("10", "9", "nine")
    assert in_order(["v10", "v9"]) == ("v10", "v9")


@pytest.mark.parametrize("name", ["red fox", " red fox", "red\u3000fox", "red  fox\t"])
def test_spaces_are_evened_out(name):
    assert evened(name) == "red fox"


def test_letters_are_put_together():
    assert evened(unicodedata.normalize("NFD", "고양이 é")) == "고양이 é"


def test_lookalikes_are_groups_of_different_names():
    assert lookalikes(["a", "A", "b.", "b", "c\u200b", "c", "d e", "d_e", "f", "g"]) == [
        ["a", "A"],
        ["b.", "b"],
        ["c\u200b", "c"],
        ["d e", "d_e"],
    ]
    assert lookalikes(["c", "c++", "c#", "1", "1.0"]) == []
