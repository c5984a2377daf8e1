import shlex

import numpy as np
import pandas as pd
import pytest
import yaml

from litclf import InputError, TableDataModule
from litclf.data.sources.class_names import in_order
from litclf.data.sources.classes import class_texts

LINES = pd.RangeIndex(2, 12, name="line")


def column(values):
    return pd.Series(values, index=LINES[: len(values)], name="y")


def labels(values, as_written=False):
    texts, codes = class_texts(column(values), as_written)
    return [texts[code] for code in codes]


@pytest.mark.parametrize(
    ("values", "expected", "names"),
    [
        (["b", "a", " b"], ["b", "a", "b"], ("a", "b")),
        ([10, 9, 10], ["10", "9", "10"], ("9", "10")),
        (["10", "9", "2.0"], ["10", "9", "2"], ("2", "9", "10")),
        ([1.0, 0.0], ["1", "0"], ("0", "1")),
        ([True, False], ["True", "False"], ("False", "True")),
        (["나", "가"], ["나", "가"], ("가", "나")),
        (["e\u0301", "\u00e9", "a"], ["\u00e9", "\u00e9", "a"], ("a", "\u00e9")),
        (["red\u00a0fox", "red  fox", "a"], ["red fox", "red fox", "a"], ("a", "red fox")),
        (["01", "1", "2"], ["01", "1", "2"], ("01", "1", "2")),
        (["001", "010", "002"], ["001", "010", "002"], ("001", "002", "010")),
        (["None", "mild", "NA"], ["None", "mild", "NA"], ("NA", "None", "mild")),
        (["1" * 5000, "2"], ["1" * 5000, "2"], ("2", "1" * 5000)),
        (["+1", "-1", "1"], ["1", "-1", "1"], ("-1", "1")),
        ([2**60 + 1, 2**60], [str(2**60 + 1), str(2**60)], (str(2**60), str(2**60 + 1))),
    ],
)
def test_labels_are_text_in_order(values, expected, names):
    assert labels(values) == expected
    assert in_order(expected) == names


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["a", None, "b", ""], r"line 3 must have a class in column y, got none \(and 1 more\)"),
        ([1.0, np.nan], "line 3 must have a class in column y, got none"),
        ([1, 0.5], "line 3 must have a class in column y, got 0.5; fix: .*pass --data.categorical '\\[y\\]'"),
        (["1", "2.7"], "line 3 must have a class in column y, got 2.7"),
        (["1", "inf"], "line 3 must have a class in column y, got inf"),
        (["1", "NA", "0"], "line 3 must have a class in column y, got 'NA', which stands for a missing value where"),
        ([b"a", b"b"], "must have text or numbers as classes in column y, got bytes; fix: make text of it"),
    ],
)
def test_what_is_no_class_is_refused(values, message):
    with pytest.raises(InputError, match=f"^input: {message}"):
        class_texts(column(values))


def test_a_target_that_is_named_as_categories_is_taken_as_it_is_written(tmp_path):
    assert labels(["1.5", "2.5", "1.50"], as_written=True) == ["1.5", "2.5", "1.50"]
    assert labels(["1", "NA", "0"], as_written=True) == ["1", "NA", "0"]
    frame = pd.DataFrame({"x": np.arange(40) / 7, "y": ["1.5", "2.5"] * 20})
    frame.to_csv(tmp_path / "a.csv", index=False)
    data = TableDataModule(path=str(tmp_path / "a.csv"), target="y", categorical=["y"])
    assert data.class_names == ("1.5", "2.5")


@pytest.mark.parametrize("word", ["None", "NA", "null", "nan"])
def test_words_for_missing_are_classes_in_the_target_and_said_unless_told_otherwise(word, tmp_path):
    rows = "".join(f"{i / 7:.3f},{['mild', word][i % 2]},{['u', word][i // 2 % 2]}\n" for i in range(40))
    (tmp_path / "a.csv").write_text("x,y,k\n" + rows)
    data = TableDataModule(path=str(tmp_path / "a.csv"), target="y")
    assert set(data.class_names) == {"mild", word}
    assert [note.split(";")[0] for note in data.notes] == [f"column y: '{word}' is a class, not a missing one"]
    assert yaml.safe_load(shlex.split(data.notes[0].split("pass ")[1])[1]) == [word]
    assert data.preparation.features == ["x", "k = u", "k is missing"]
    with pytest.raises(InputError, match=r"line 3 must have a class in column y, got none \(and 19 more\)"):
        TableDataModule(path=str(tmp_path / "a.csv"), target="y", missing=[word])


def test_a_class_of_another_file_that_is_nearly_one_is_proposed(tmp_path):
    for name, names in (("a.csv", ["low", "high"]), ("b.csv", ["low.", "high."])):
        pd.DataFrame({"x": np.arange(40) / 7, "y": names * 20}).to_csv(tmp_path / name, index=False)
    with pytest.raises(InputError, match=r"b\.csv line 2 has class 'low\.', which .*; fix: did you mean 'low'\?"):
        TableDataModule(path=str(tmp_path / "a.csv"), target="y", test_path=str(tmp_path / "b.csv"))
