"""What is pasted and typed, through the very parser that a fit has."""

import shlex

import pytest
from lightning.pytorch import LightningDataModule

from litclf.cli.arguments import Arguments
from litclf.cli.lightning import CLI
from litclf.cli.parser import words_for
from litclf.utilities.errors import InputError
from litclf.utilities.text import pasted

NAMES = [
    *("Unnamed: 9", "a [cm]", "c]d", "no", "2020", "3.50", "1e5", "007", "null", "#id", "a # b", "x, y", "it's"),
    *(
        'say "so"',
        "back\\slash",
        "$HOME",
        "*",
        "&a",
        "-dash",
        "{k}",
        "two  spaces",
        "tab\tin",
        "키",
        "1:30",
        "[z]",
        "~",
    ),
]
TABLE = ["--model", "auto", "--data", f"{__name__}.Named", "--data.path", "a.csv"]


class Named(LightningDataModule):
    """Data of a stranger that are told by names."""

    def __init__(self, path: str, target: str | None = None, drop: list[str] | None = None, share: float = 0.1) -> None:
        super().__init__()
        self.path, self.target, self.drop, self.share = path, target, drop, share


def parsed(*words):
    """The data that a command line makes."""
    with CLI.opened(Arguments("fit", (*words, "--allow_classes", __name__)), None) as cli:
        return cli.datamodule


def test_names_are_what_is_pasted_and_what_is_written_again():
    """One parse for all flags: a name by its own, a list, and a list that is made longer."""
    flags = [pasted("--data.drop", NAMES[1:9]), pasted("--data.drop+", NAMES[9:]), pasted("--data.target", NAMES[0])]
    made = parsed(*TABLE, *shlex.split(" ".join(flags)))
    assert (made.drop, made.target, made.path) == (NAMES[1:], NAMES[0], "a.csv")


@pytest.mark.parametrize(
    ("name", "other"), [("[z]", "Unnamed: 9"), ("{k: 1}", "2020"), ("a # b", "no"), ("no", "-dash")]
)
def test_a_name_alone_is_taken_as_it_is(name, other):
    made = parsed(*TABLE, *shlex.split(f"{pasted('--data.target', name)} {pasted('--data.drop', other)}"))
    assert (made.target, made.drop) == (name, [other])


def test_names_in_a_config_are_as_typed_and_flags_behind_it_win(tmp_path):
    file = tmp_path / "own.yaml"
    file.write_text(
        "model: {class_path: AutoClassifier}\ndata:\n  class_path: Named\n  init_args:\n"
        "    path: a.csv\n    target: 2020\n    drop: [no, Unnamed: 9, 3.50]\n    share: 5\n"
    )
    made = parsed("-c", str(file), "--data.drop+=007", "--data.path", "b: c")
    assert made.drop == ["no", "Unnamed: 9", "3.50", "007"]
    assert (made.target, made.share, made.path) == ("2020", 5.0, "b: c")


@pytest.mark.parametrize("text", ["[a [cm]]", "[[a]]", "[{a: b}]"])
def test_a_bad_list_is_one_line_that_names_the_flag(text):
    with pytest.raises(InputError, match=r"^--data.drop: must be a list of names, got .*; fix: quote the names"):
        parsed(*TABLE, "--data.drop", text)


def test_what_is_no_text_stays_as_it_was_given():
    words = ("--data", "BlobsDataModule", "--data.labels=[0, 1]", "--trainer.devices", "1", "--model.lr", "1e-3")
    assert words_for(Arguments("fit", words)) == list(words)
