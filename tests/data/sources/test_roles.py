import numpy as np
import pandas as pd
import pytest

from litclf import InputError
from litclf.data.sources.roles import check_column, counts_rows, guess_target, numbers_rows

LINES = pd.RangeIndex(2, 12, name="line")


def column(values):
    return pd.Series(values, index=LINES[: len(values)], name="y")


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1, 2, 3], True), (["5", "6"], True), ([1, 3, 2], False), ([1], False), (["a", "b"], False)],
)
def test_row_numbers_are_known(values, expected):
    assert counts_rows(column(values)) is expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.random.default_rng(0).permutation(50), True),
        ([str(7 * i) for i in range(50)], True),
        ([*map(float, range(50))], True),
        ([i + 0.5 for i in range(50)], False),
        ([*range(49), 0], False),
        ([*range(49), None], False),
        (range(5), False),
        ([f"r{i}" for i in range(50)], False),
        ([*range(2000), 0.5], False),
    ],
)
def test_a_whole_number_of_its_own_in_each_row_is_known(values, expected):
    assert numbers_rows(pd.Series([*values])) is expected


@pytest.mark.parametrize(
    ("names", "target"),
    [(["a", "Species", "b"], "Species"), (["y", "label", "b"], "label"), (["a", "b"], "b"), (["정답", "a"], "정답")],
)
def test_target_is_guessed_by_name_or_as_the_last(names, target):
    assert guess_target(pd.DataFrame(columns=names)) == target


def test_missing_column_is_refused_with_the_nearest():
    with pytest.raises(InputError, match=r"^target: a.csv has no column 'specie'; fix: did you mean species\?"):
        check_column("specie", pd.DataFrame(columns=["a", "species"]), "target", "a.csv")


def test_several_columns_in_one_text_are_told_how_to_be_listed():
    frame = pd.DataFrame(columns=["a", "b c", "2020"])
    with pytest.raises(InputError, match="no column 'b c, 2020'") as refused:
        check_column("b c, 2020", frame, "drop", "a.csv")
    assert refused.value.fix == """pass several as --data.drop '[b c, "2020"]'"""
    with pytest.raises(InputError, match="pass one of a, b c, 2020"):
        check_column("x, y", frame, "drop", "a.csv")


@pytest.mark.parametrize(
    ("names", "fix"),
    [
        (["'x'", "'y'"], "quotes around names and values must be double ones"),
        (["x::y"], "each line is one value: write commas between values"),
    ],
)
def test_what_keeps_a_name_from_being_found_is_told(names, fix):
    with pytest.raises(InputError, match=f"has no column 'y'; fix: {fix}"):
        check_column("y", pd.DataFrame(columns=names), "target", "a.csv")
