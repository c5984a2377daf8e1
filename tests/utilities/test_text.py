import subprocess
import unicodedata

import pytest
import yaml

from litclf.utilities.text import aligned, listed, padded, pasted, plain_yaml, shell_word, width

ODD_NAMES = [
    *("Unnamed: 9", "a [cm]", "c]d", "no", "2020", "3.50", "1e5", "007", "null", "~", "#id", "a # b", "x, y", "[z]"),
    *("it's", 'say "so"', "back\\slash", "$HOME", "`ls`", "!bang", "*", "&a", "%", "- dash", "-dash", "a: b", "{k}"),
    *(" before", "two  spaces", "tab\tin", "line\nbreak", "", "키", "naïve", "\ufeffmark", "\x7f", "1:30", "=", "yes"),
]


@pytest.mark.parametrize("how", [{}, {"sort_keys": False, "allow_unicode": True}], ids=str)
def test_yaml_of_libyaml_is_that_of_pyyaml(how):
    values = {"odd": ODD_NAMES, "far": "😀", "z": [0.1, 1e-5, -0.0, None, True, {}], "a": {"long": "word " * 40}}
    assert plain_yaml(values, **how) == yaml.safe_dump(values, **how)
    with pytest.raises(yaml.YAMLError):
        plain_yaml({"class": object()}, **how)


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


def in_shell(words):
    """The words that a shell gives to a program."""
    done = subprocess.run(["sh", "-c", f"printf '%s\\0' {words}"], capture_output=True, check=True)
    return done.stdout.decode().split("\0")[:-1]


def test_a_pasted_list_holds_the_very_names():
    flag, text = in_shell(pasted("--data.drop", ODD_NAMES))
    assert flag == "--data.drop"
    assert yaml.safe_load(text) == ODD_NAMES


@pytest.mark.parametrize("name", ["size", "Unnamed: 9", "it's", "$HOME", "two  spaces", "no", "키", "-dash"])
def test_a_pasted_name_is_that_name(name):
    words = in_shell(pasted("--data.target", name))
    assert words in (["--data.target", name], [f"--data.target={name}"])
    assert (len(words) == 1) == name.startswith("-")


def test_a_pasted_list_is_told_as_people_write_it():
    assert pasted("--data.drop", ["id", "petal length", "키"]) == "--data.drop '[id, petal length, 키]'"


def test_names_beyond_some_are_counted():
    assert listed(range(20)) == ", ".join(map(str, range(20)))
    assert listed(range(3000)).endswith("18, 19 and 2980 more")


@pytest.mark.parametrize("path", ["날씨.yaml", "my data.yaml", "it's", "a;b", "~x", "runs/version_0", "$HOME", "naïve"])
def test_a_path_is_a_word_of_a_shell(path):
    assert in_shell(shell_word(path)) == [path]
