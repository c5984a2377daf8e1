"""What a column is: each rule, by the texts that it is for and those that are next to them."""

import datetime
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from litclf import InputError, TableDataModule
from litclf.data.sources import columns as columns_of_tables
from litclf.data.sources.columns import check_columns, check_memory, look_at
from litclf.preprocessing.table import numbers_of
from litclf.preprocessing.written import Written

LINES = pd.RangeIndex(2, 10000, name="line")


def look(values, categorical=False, name="x"):
    return look_at(pd.Series(values, index=LINES[: len(values)], name=name), categorical)


def refused(values, name="x"):
    with pytest.raises(InputError) as stop:
        check_columns([look(values, name=name)])
    return stop.value.what, stop.value.fix


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2.5", None], "number"),
        (["1e3", "-2", "+4"], "number"),
        ([1, 2, 3], "number"),
        (["x", "y", "y", "x"], "category"),
        ([True, False, None], "category"),
        (["true", "false", "true"], "category"),
        (["A11", "A12", "A11"], "category"),
        (["18-25", "26-35", "18-25", "26-35"], "category"),
        (["<30", ">30", "<30", ">30"], "category"),
        (["v1.2", "v1.3", "v1.2", "v1.3"], "category"),
        (["may", "june", "may", "june"], "category"),
        (["<5", "5-10", ">10"] * 3, "category"),
        (["(1)", "(2)", "(1)", "(2)"], "category"),  # of footnotes
        (["\u2474", "\u247d", "\u2474", "\u247d"], "category"),  # 1 and 10 in brackets
        (["2-", "2+", "2-", "2+"], "category"),  # of schools
        (["5 (2)", "6 (3)", "5 (2)", "6 (3)"], "category"),
    ],
)
def test_plain_columns_are_told_without_a_word(values, kind):
    found = look(values)
    assert (found.kind, found.written, found.refusal, found.notes) == (kind, None, None, ())


@pytest.mark.parametrize(
    ("values", "written", "first"),
    [
        (["$5", "$7.50"], ("$", "", "."), 5),
        (["-$5", "$-7"], ("$", "", "."), -5),
        (["5 €", "1.234,50 €"], ("€", ".", ","), 5),
        (["CHF 1'200.50", "CHF 7"], ("CHF", "'", "."), 1200.5),
        (["₩1,200", "₩12,000,000"], ("₩", ",", "."), 1200),
        (["1,000.50", "2"], ("", ",", "."), 1000.5),
        (["1.000,50", "2"], ("", ".", ","), 1000.5),
        (["1 200", "1\u00a0300", "1\u202f400"], ("", " ", "."), 1200),
        (["1_000", "2_000"], ("", "_", "."), 1000),
        (["5%", "7.5 %"], ("%", "", "."), 5),
        (["12 cm", "3.5cm"], ("cm", "", "."), 12),
        (["20 km/h", "30 km/h"], ("km/h", "", "."), 20),
        (["1.5 m²", "2 m2"], ("m2", "", "."), 1.5),
        (["30°C", "-4 °C"], ("°C", "", "."), 30),
        (["5만원", "7만원"], ("만원", "", "."), 5),
        (["\u22125", "7"], ("", "", "."), -5),
        (["\u20135", "7"], ("", "", "."), -5),
        (["\uff11\uff12", "\uff13"], ("", "", "."), 12),
        (["0", "5%"], ("%", "", "."), 0),
        (["(5)", "12"], ("", "", "."), -5),
        (["(1,234.50)", "7"], ("", ",", "."), -1234.5),
        (["($5)", "$70"], ("$", "", "."), -5),
        (["$(5)", "$70"], ("$", "", "."), -5),
        (["(5 €)", "7,5 €"], ("€", "", ","), -5),
        (["\uff08 5 \uff09", "12"], ("", "", "."), -5),
        (["5-", "12.5"], ("", "", "."), -5),
        (["1.234,50 €-", "7 €"], ("€", ".", ","), -1234.5),
        (["(0)", "12"], ("", "", "."), 0),
        (["\u0661\u0662\u066b\u0665\u066a", "\u0663\u066a"], ("%", "", "."), 12.5),  # Arabic
        (["\u0967\u0968", "\u0969"], ("", "", "."), 12),  # Hindi
        (["12,34,567", "1,23,456.5"], ("", ",", "."), 1234567),
        (["₸51", "₸7.5"], ("₸", "", "."), 51),
        (["7 ₾", "8₾"], ("₾", "", "."), 7),
    ],
)
def test_numbers_with_marks_and_units_are_numbers_and_said(values, written, first):
    found = look(values * 3)
    assert (found.kind, found.written, found.refusal) == ("number", Written(*written), None)
    assert found.written.number(values[0]) == first
    assert found.notes[0].startswith("column x: numbers are written with ")


@pytest.mark.parametrize(
    "values",
    [
        ["5 cm", "5 mm", "7 cm"],  # several units
        ["12 cm", "7", "9 cm"],  # of a unit or not
        ["1st", "2nd", "3rd"],
        ["007 a", "008 a", "009 a"],  # codes
        ["A 1", "A 2", "A 3"],
        ["1-2", "3-4", "5-6"],
    ],
)
def test_what_only_looks_like_numbers_with_units_is_none(values):
    assert look(values * 3).written is None


@pytest.mark.parametrize(
    ("values", "held"),
    [
        (["2024-01-31", "2024-02-01"], "'2024-01-31'"),
        (["31.01.2024", "01.02.2024"], "'31.01.2024'"),
        (["1/31/2024", "12/1/2024"], "'1/31/2024'"),
        (["31 Jan 2024", "1 Feb 2024"], "'31 Jan 2024'"),
        (["Jan 31, 2024", "Feb 1, 2024"], "'Jan 31, 2024'"),
        (["2024-01-31 12:30:05", "2024-02-01T09:00Z"], "'2024-01-31 12:30:05'"),
        (["2024년 1월 5일", "2024년 12월 31일"], "'2024년 1월 5일'"),
        (["12:30", "9:05 pm"], "'12:30'"),
        (["2024-01", "2024-02"], "'2024-01'"),
        (["2024-Q1", "2024-Q2"], "'2024-Q1'"),
        ([datetime.date(2024, 1, 31)] * 2, "2024-01-31"),
        ([datetime.time(12, 30)] * 2, "12:30:00"),
        (pd.to_datetime(["2024-01-31"] * 2).tolist(), "2024-01-31 00:00:00"),
        (pd.to_timedelta(["1 day"] * 2), "1 days 00:00:00"),
    ],
)
def test_dates_and_times_are_refused_by_name(values, held):
    what, fix = refused([*values] * 4, "when")
    assert what == f"column when holds dates or times, such as {held}"
    assert fix.startswith("pass --data.drop '[when]', or make numbers of them first")
    assert look([*values] * 4, categorical=True).kind == "category"


def test_bytes_are_refused_by_name():
    what, fix = refused([b"a", b"b"] * 4)
    assert (what, "or decode them to text" in fix) == ("column x holds bytes, such as b'a'", True)


@pytest.mark.parametrize("form", ["{}.5 of 90", "{}D+02", "1h{}", "{}±0.1", "{}°5'N", "{}/7", "<{} or so"])
def test_measures_with_something_behind_are_never_proposed_as_categories(form):
    rule, fix = refused([form.format(number) for number in range(11, 41)])
    assert rule.startswith("column x has a text of its own in most rows, such as ")
    assert "or make plain numbers of them where they are measures" in fix
    assert "categorical" not in fix


@pytest.mark.parametrize(
    "form",
    ["{}. März 2024", "{} février 2024", "{} de mayo de 2024", "{} de abril de 2024", "{} мая 2024"],
)
def test_dates_in_other_languages_are_dates(form):
    rule, _ = refused([form.format(day) for day in range(1, 9)])
    assert rule.startswith("column x holds dates or times, such as ")


@pytest.mark.parametrize("text", ["4-", "-(5)", "(n.a.)", "(5", "5)", "-5-"])
def test_marks_of_schools_and_halves_of_brackets_are_no_negative_numbers(text):
    rule, _ = refused(["4", "5", "3.5" if text != "4-" else "3", text] * 3)
    assert f"column x holds numbers, but {text!r} in 3 rows" in rule


@pytest.mark.parametrize("share", [1, 6, 9])
def test_a_word_among_numbers_is_to_be_named_as_missing(share):
    values = ["?" if i % 10 < share else f"{i / 7:.2f}" for i in range(300)]
    what, fix = refused(values)
    assert what == f"column x holds numbers, but '?' in {30 * share} rows, first in line 2"
    assert fix == "pass --data.missing '[\"?\"]', where that stands for a missing value, or mend it"


def test_several_words_among_numbers_are_named_together():
    values = [{0: "n.a.", 1: "-"}.get(i % 10, str(i / 4)) for i in range(100)]
    what, fix = refused(values)
    assert what == "column x holds numbers, but 'n.a.' in 10 rows and '-' in 10 rows, first in line 2"
    assert fix.startswith('pass --data.missing \'["n.a.", "-"]\'') or fix.startswith('pass --data.missing \'["-", ')
    assert "categorical" not in fix


def test_codes_with_a_word_may_be_categories():
    _, fix = refused(["1", "2", "3b", "1", "2"] * 4)
    assert fix.endswith("or --data.categorical '[x]' for categories")


def test_many_words_among_numbers_are_mended_or_left_out():
    what, fix = refused([f"n{i}" if i % 5 == 0 else str(i / 3) for i in range(200)])
    assert what == "column x must hold a number in line 2 as in most rows, got 'n0'"
    assert fix == "pass --data.drop '[x]', or mend it where it should be a number"


def test_whole_numbers_that_would_be_rounded_are_refused():
    what, fix = refused([2**64 - 1 - i for i in range(20)])
    assert what.startswith("column x holds whole numbers beyond 2**53, such as 18446744073709551615")
    assert fix == "pass --data.drop '[x]', or make smaller numbers of them, or --data.categorical '[x]' for categories"
    assert refused([str(10**17 + i) for i in range(20)])[0].startswith("column x holds whole numbers beyond")
    assert look([10**17 * i for i in range(20)]).refusal is None
    assert look([1e300, 1e200] * 5).refusal is None


def test_a_mark_that_may_be_of_thousands_or_decimals_is_refused():
    what, fix = refused(["1,500 €", "2,250 €"] * 4)
    assert what == "column x holds numbers such as '1,500 €', which may be 1.5 or 1500"
    assert "or write them without marks for thousands" in fix


def test_codes_read_as_numbers_are_said():
    found = look(["01234", "99"] * 4, name="zip")
    note = "column zip: read as numbers, also '01234'; where these are codes, pass --data.categorical '[zip]'"
    assert (found.kind, found.notes) == ("number", (note,))
    assert look(["0", "0.5", "-0.25"]).notes == ()


def test_a_text_of_its_own_in_most_rows_and_no_value_are_refused():
    assert refused(list("abcdefgh"))[0] == "column x has a text of its own in most rows"
    assert refused([None] * 8)[0] == "column x has no value"
    assert look(list("abcdefgh"), categorical=True).refusal is None


def test_thousands_of_categories_are_refused_unless_they_are_named():
    values = [f"u{i % 1500}" for i in range(6000)]
    what, fix = refused(values, "user")
    assert what == "column user has 1500 categories, each an input of its own: 34 MiB for 6000 rows"
    assert fix == "pass --data.drop '[user]', or --data.categorical '[user]' for categories"
    named = look(values, categorical=True)
    assert (named.refusal, named.categories) == (None, 1500)


def test_inputs_beyond_the_memory_are_refused_before_they_are_made(monkeypatch, tmp_path):
    values = [f"u{i % 400}" for i in range(1200)]
    found = look(values, categorical=True, name="user")
    monkeypatch.setattr(columns_of_tables, "memory_limit", lambda: 8 * 1200 * 300)
    with pytest.raises(InputError, match=r"would become 400 inputs, .*; column user alone has 400 categories") as stop:
        check_memory([found], 1200)
    assert stop.value.fix == "pass --data.drop '[user]', or fewer rows"
    pd.DataFrame({"user": values, "y": ["a", "b"] * 600}).to_csv(tmp_path / "a.csv", index=False)
    with pytest.raises(InputError, match=r"^path: .*a\.csv would become 400 inputs"):
        TableDataModule(path=str(tmp_path / "a.csv"), target="y")


def test_all_refused_columns_are_named_and_the_way_out_is_one_line(tmp_path):
    values = {"x": [str(i / 3) if i % 4 else "?" for i in range(60)]}
    values |= {"Unnamed: 9": [f"r{i}" for i in range(60)], "no": [f"2024-01-{i % 28 + 1:02d}" for i in range(60)]}
    pd.DataFrame(values | {"y": ["a", "b"] * 30}).to_csv(tmp_path / "a.csv", index=False)
    arguments = {"path": str(tmp_path / "a.csv"), "target": "y"}
    with pytest.raises(InputError) as stop:
        TableDataModule(**arguments)
    assert stop.value.fix.startswith('pass --data.missing \'["?"]\' --data.drop \'["Unnamed: 9", "no"]\', ')
    data = TableDataModule(**arguments, missing=["?"], drop=["Unnamed: 9", "no"])
    assert data.preparation.features == ["x", "x is missing"]


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.decimals(-(10**7), 10**7, places=2), min_size=4, max_size=20),
    st.sampled_from(["", "$", "€", "kg", "km/h", "%", "°C"]),
    st.sampled_from(["", ",", ".", " ", "'", "\u202f"]),
    st.sampled_from([".", ","]),
    st.booleans(),
)
def test_numbers_however_they_are_written_are_those_of_the_plain_column_or_refused(numbers, unit, mark, decimal, gap):
    plain = [f"{number:.2f}" for number in numbers]
    shown = [f"{number:,.2f}".translate({ord(","): mark, ord("."): decimal}) for number in numbers]
    shown = [f"{'$' if unit == '$' else ''}{text}{' ' * gap + unit if unit not in ('', '$') else ''}" for text in shown]
    column = pd.Series(shown, name="x")
    found = look_at(column)
    if mark == decimal or found.refusal is not None:
        return
    assert (found.kind, numbers_of(column, found.written).tolist()) == ("number", list(map(float, plain)))


def test_a_thousand_columns_are_looked_at_in_a_second():
    stream = np.random.default_rng(0)
    columns = [pd.Series([f"{x:.2f}" for x in stream.normal(0, 1, 60)], name=str(i)) for i in range(1000)]
    begin = time.process_time()
    assert all(look_at(column).kind == "number" for column in columns)
    assert time.process_time() - begin < 2


@pytest.mark.parametrize("texts", [["1/2", "3/4", "1 1/2"], ["5'11\"", "6'2\"", "5'"]], ids=["fractions", "feet"])
def test_measures_that_count_as_categories_are_said(texts):
    found = look_at(pd.Series(texts * 10, name="size"))
    assert (found.kind, found.refusal) == ("category", None)
    assert found.notes[0].endswith("count as categories; make plain numbers of them where they are measures")


@pytest.mark.parametrize("form", ["'{}", "&lt;{}", "*{}"])
def test_one_hot_is_no_way_out_for_measures_with_a_mark_before_them(form):
    refusal = look_at(pd.Series([form.format(number / 7) for number in range(40)])).refusal
    assert "make plain numbers of them" in refusal.advice
    assert not refusal.codes
