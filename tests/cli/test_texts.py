import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from litclf.cli.arguments import Arguments, data_changes
from litclf.cli.configs import read_config
from litclf.cli.texts import as_typed, config_as_typed, items_of, names_in
from litclf.utilities.errors import InputError
from litclf.utilities.text import pasted

WORDS = [
    "no",
    "Yes",
    "on",
    "2020",
    "007",
    "3.50",
    "1e5",
    "0x1f",
    "1_000",
    "1:30",
    "null",
    "~",
    "2020-01-02",
    ".inf",
]
"""What YAML takes for something else than a text."""


@pytest.mark.parametrize("word", WORDS)
def test_what_yaml_reads_otherwise_is_a_text_where_texts_are_wanted(word):
    assert as_typed(f"[{word}, '{word}', x]", list[str] | None) == [word, word, "x"]
    assert as_typed(word, str) == (None if word == "null" else word)


@pytest.mark.parametrize(
    ("text", "hint", "value"),
    [
        ("null", str | None, None),
        ("null", list[str] | None, None),
        ("[]", list[str], []),
        ("[a, null]", list[str | None], ["a", None]),
        ("x: y", str, "x: y"),
        ("[x", str, "[x"),
        ("[x: y, z]", list[str], ["x: y", "z"]),
        ("[x: 'y']", list[str], [{"x": "y"}]),
        ("[{x: y}]", list[str], [{"x": "y"}]),
        ("x, y", list[str], ["x, y"]),
        ("[a, 1]", str | list[str], ["a", "1"]),
        ("[1, 2.5]", Sequence[float], [1, 2.5]),
        ("[[1, 2]]", int | list[list[float]], [[1, 2]]),
        ("no", bool, False),
        ("5", int | None, 5),
        ("5", None, 5),
        ("[no]", list, [False]),
    ],
)
def test_a_value_is_what_its_setting_wants(text, hint, value):
    assert as_typed(text, hint) == value


def test_a_config_keeps_texts_and_leaves_the_rest():
    text = "name: 007\nrate: 5\nrule: 0.50\nsome: no\nother: no\nbelow: {name: 1e3, x: 1}\n"
    types = {
        "name": str,
        "rate": float,
        "rule": Literal["0.50", "f1"],
        "some": list[str],
        "below": {"name": str | None},
    }
    assert config_as_typed(yaml.safe_load(text), text, types) == {
        **{"name": "007", "rate": 5, "rule": "0.50", "some": ["no"], "other": False},
        "below": {"name": "1e3", "x": 1},
    }


def test_arguments_of_the_class_in_a_config_are_as_typed(tmp_path):
    file = Path(tmp_path, "own.yaml")
    file.write_text(
        "name: 2020\nthreshold_rule: 0.5\ndata:\n  class_path: TableDataModule\n  init_args:\n    target: no\n"
        "    path: 1.50\n    val_size: 0.25\n    drop:\n    - Unnamed: 9\n    - off\n    - 1e3\n    categorical: 7\n"
        "model: {class_path: litclf.BinaryClassifier, init_args: {hidden_dims: [4], nesterov: no}}\n"
    )
    content = read_config(file)
    assert content["data"]["init_args"] == {
        **{"target": "no", "path": "1.50", "val_size": 0.25},
        **{"drop": ["Unnamed: 9", "off", "1e3"], "categorical": ["7"]},
    }
    assert content["model"]["init_args"] == {"hidden_dims": [4], "nesterov": False}
    assert (content["name"], content["threshold_rule"]) == ("2020", "0.5")


def test_arguments_for_the_class_of_another_config_are_as_typed(tmp_path):
    file = Path(tmp_path, "more.yaml")
    file.write_text(
        "data: {init_args: {drop: [no, 1e3], target: 007, val_size: 0.5, own: no}}\n"
        "model: {init_args: {positive_class: no, nesterov: no}}\n"
    )
    content = read_config(file)
    assert content["data"] == {"init_args": {"drop": ["no", "1e3"], "target": "007", "val_size": 0.5, "own": False}}
    assert content["model"] == {"init_args": {"positive_class": "no", "nesterov": False}}


def test_a_class_that_is_not_trusted_is_left_to_who_refuses_it(tmp_path):
    file = Path(tmp_path, "own.yaml")
    file.write_text("data: {class_path: os.system, init_args: {target: no}}\nmodel: Nothing\n")
    assert read_config(file)["data"]["init_args"] == {"target": False}


def test_what_the_data_is_to_change_is_as_typed():
    words = ["--data.drop", "[no, 2020]", "--data.target=007", "--data.val_size=0.5", "--data.nothing", "no"]
    assert data_changes(words) == {"drop": ["no", "2020"], "target": "007", "val_size": 0.5, "nothing": False}


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1, max_size=4))
def test_whatever_names_there_are_come_back_from_what_is_pasted(names):
    flag, *text = shlex.split(pasted("--drop", names))
    assert names_in(text[0], flag) == names
    assert names_in(text[0].replace(", ", ",  "), flag) == names or any(", " in name for name in names)


@pytest.mark.parametrize("text", ["[a [cm]]", "[c]d, yes]", "[[a]]", "[{a: b}]", "[0x_]", "[a, 0b_]"])
def test_a_list_that_is_none_is_refused_with_one_that_is(text):
    with pytest.raises(InputError, match="--drop: must be a list of names, got") as refused:
        names_in(text, "--drop")
    assert "fix: quote the names: --drop '[" in str(refused.value)
    way_out = Arguments("init", ("--drop", refused.value.fix.partition("--drop ")[2].strip("'"))).value("--drop")
    assert all(isinstance(name, str) for name in names_in(way_out, "--drop"))


def test_items_of_a_list_have_a_type_where_it_says_one():
    assert items_of(int | Sequence[str] | None) is str
    assert items_of(list) is items_of(str) is None
