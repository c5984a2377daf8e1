"""Bad data by each command that reads it: one line that names flag or file and the way out, nothing written."""

from pathlib import Path

import pytest
import yaml

from litclf.cli.main import main

from ..bad_inputs import IMAGES, TABLES, refused, text, write


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


FIT_TABLE = ("fit", "-c", "table", "--data.path", "a.csv", "--data.target", "kind")
FIT_IMAGES = ("fit", "-c", "images", "--data.path", "pets", "--data.size", "null", "--model.hidden_dims", "[4]")


def flagged(message):
    """What the command line makes of a message that names an argument of the data."""
    return rf"^error: --data\.(\w+: .*)?{message}"


@pytest.mark.parametrize("case", ["no file", "too few values", "text among numbers", "one class"])
def test_a_table_that_no_fit_begins_with(case, capsys):
    files, message = TABLES[case]
    write({name: make() for name, make in files.items()})
    refused(FIT_TABLE, flagged(message), capsys)


def test_a_setting_that_no_fit_begins_with(capsys):
    write({"a.csv": text()})
    args = [*FIT_TABLE, "--data.split_column", "splt"]
    refused(args, r"--data\.split_column: a\.csv has no column 'splt'", capsys)


@pytest.mark.parametrize("case", ["no folder", "cut off", "too few of a class"])
def test_a_folder_that_no_fit_begins_with(case, capsys):
    files, message = IMAGES[case]
    write(files() if callable(files) else {name: make() for name, make in files.items()})
    refused(FIT_IMAGES, flagged(message), capsys)


UNREADABLE = (
    "no file",
    "empty file",
    "header only",
    "too many values",
    "broken quote",
    "zero bytes",
    "UTF-16 without a mark",
)


@pytest.mark.parametrize("command", ["init", "check-data"])
@pytest.mark.parametrize("case", UNREADABLE)
def test_a_table_that_cannot_be_read(command, case, capsys):
    files, message = TABLES[case]
    write({name: make() for name, make in files.items()})
    message = message.removeprefix("path: ").replace(r"a\.csv ", r"a\.csv: ")
    refused([command, "a.csv"], message, capsys)


DRAFTS = {
    "one class": r"--target: must hold two classes or more, column kind of a\.csv holds a only",
    "a class for each row": r"--target: column kind of a\.csv holds 60 classes in 60 rows",
    "measures as classes": r"a\.csv: line 3 must have a class in column kind, got 0\.25",
    "beyond float64": r"a\.csv: line 9, column size must be a finite number, got '1e400'",
    "no column but the target": r"a\.csv: has no columns to learn from",
}


@pytest.mark.parametrize("case", DRAFTS)
def test_a_table_that_no_config_is_drafted_for(case, capsys):
    write({name: make() for name, make in TABLES[case][0].items()})
    refused(["init", "a.csv", "--target", "kind"], DRAFTS[case], capsys)


def test_a_word_among_numbers_is_drafted_as_missing_and_said(capsys):
    write({name: make() for name, make in TABLES["text among numbers"][0].items()})
    assert main(["init", "a.csv", "--target", "kind"]) == 0
    assert "'about 3' is taken as a missing value" in capsys.readouterr().err
    assert yaml.safe_load(Path("a.yaml").read_text())["data"]["init_args"]["missing"] == ["about 3"]


@pytest.mark.parametrize("case", ["no class folders", "one class", "no images", "empty class", "unknown split"])
def test_a_folder_that_no_config_is_drafted_for(case, capsys):
    files, message = IMAGES[case]
    write(files() if callable(files) else {name: make() for name, make in files.items()})
    refused(["init", "pets"], message.removeprefix("path: ").replace("pets ", "pets: "), capsys)
