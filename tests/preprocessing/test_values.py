import numpy as np
import pandas as pd
import pytest

from litclf.preprocessing.values import blanked, canonical, evened, is_code, likeness, parsed_numbers, texts_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", "1"), ("01", "1"), ("1.0", "1"), ("+1", "1"), ("-01", "-1"), ("-0", "0"), ("0.00", "0"),
        ("1.5", "1.5"), ("TRUE", "True"), ("1e3", "1e3"), ("0" * 5000 + "7", "7"), ("a", "a"),
    ],
)  # fmt: skip
def test_whole_numbers_and_truths_have_one_text(text, expected):
    assert canonical(text) == expected


def test_texts_are_one_for_the_same_value_unless_one_is_a_code():
    assert texts_of(pd.Series([1, 1.0, "1", "1.0", None], dtype=object)).values == ["1", None]
    assert texts_of(pd.Series([1e16, 1e16 + 2])).values == ["10000000000000000", "10000000000000002"]
    assert texts_of(pd.Series(["1", "01", "1.0"])).values == ["1", "01", "1.0"]
    assert texts_of(pd.Series([" a", "a\u00a0", "", "  "])).values == ["a", None]


def test_codes_are_digits_with_a_leading_zero():
    assert [is_code(text) for text in ("007", "-01", "00", "01.5", "0", "0.5", "a0", None)] == [True] * 4 + [False] * 4


@pytest.mark.parametrize(
    ("one", "other"),
    [("Tea", "tea"), ("tea", "tea."), ("tea", "\ufefftea"), ("new york", "New_York"), ("01", "1"), ("\uff41", "a")],
)
def test_what_looks_alike_has_one_likeness(one, other):
    assert likeness(one) == likeness(other)


@pytest.mark.parametrize(("one", "other"), [("-1", "1"), ("<5", ">5"), ("c", "c++"), ("1.5", "15"), ("?", "!")])
def test_what_does_not_look_alike_has_none(one, other):
    assert likeness(one) != likeness(other)


def test_spaces_and_forms_are_evened():
    assert evened("\u3000e\u0301 \u00a0 x\t") == "\u00e9 x"


@pytest.mark.parametrize(
    ("values", "words", "gone"),
    [
        (["1", "?", " ? "], ["?"], [False, True, True]),
        (["1", "-999", "-999.0", "-9990"], ["-999"], [False, True, True, False]),
        ([1, -999, 5], ["-999"], [False, True, False]),
        ([1.0, -999.0], ["-999", "?"], [False, True]),
        ([True, False], ["1"], [False, False]),
        (["a", "b"], ["A"], [False, False]),
    ],
)
def test_words_for_missing_are_blanked(values, words, gone):
    assert blanked(pd.Series(values), words).isna().tolist() == gone


@pytest.mark.parametrize("values", [["1", "x", None, " "], [1, "x", None, ""]])
def test_numbers_and_what_is_none_are_told(values):
    numbers, wrong = parsed_numbers(pd.Series(values, dtype=object))
    assert np.array_equal(numbers, [1, np.nan, np.nan, np.nan], equal_nan=True)
    assert wrong.tolist() == [1]
