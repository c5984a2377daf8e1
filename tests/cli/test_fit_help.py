"""The help of a fit begins with the model and the data at hand, is complete, and is there at once."""

import re
import subprocess
import sys

import pytest

from litclf.cli.documented import arguments_documented
from litclf.cli.main import COMMANDS, main
from litclf.cli.short_names import SHORT_NAMES
from litclf.cli.signatures import OWN
from litclf.utilities.text import width


@pytest.fixture
def printed(capsys, monkeypatch, tmp_path):
    """Runs a command that answers on the terminal; returns its lines."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def printed(*args):
        assert main(list(args)) == 0
        return capsys.readouterr().out.splitlines()

    return printed


def heads(lines):
    return [line.strip() for line in lines if re.match(r"  \S", line)]


def test_it_begins_with_the_settings_of_the_preset_with_values_words_and_ranges(printed):
    lines = printed("fit", "-c", "circles", "--model.lr", "0.3", "--help")
    text, flags = " ".join(" ".join(lines).split()), [head.split()[0] for head in heads(lines)]
    settings = [f"--model.{one.name}" for one in arguments_documented("BinaryClassifier")]
    settings += [f"--data.{one.name}" for one in arguments_documented("CirclesDataModule")]
    assert flags[: len(settings)] == settings
    assert {*SHORT_NAMES, *(f"--{name}" for name in OWN)} <= {*flags}
    assert not any(flag.startswith("--trainer.") for flag in flags)
    assert "--help-all" in flags
    assert "--model.lr 0.3 Learning rate, positive; the peak of a schedule. A number; default 0.1." in text
    assert "--data.num_samples 1000 Points over all splits, at least 10. A whole number; default 1000." in text
    assert "--data.batch_size null" in text


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_it_fits_the_terminal(columns, printed, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert max(map(width, printed("fit", "-c", "blobs", "--help"))) <= min(columns, 120)


def test_without_a_preset_models_and_data_are_named(printed):
    found = heads(printed("fit", "--help"))
    assert {"BinaryClassifier", "TableDataModule"} <= {*found}
    assert "Classifier" not in found


def test_one_part_can_be_asked_for(printed):
    lines = printed("fit", "--model.help", "auto")
    assert lines[0].startswith("model: AutoClassifier")
    assert [head.split()[0] for head in heads(lines)] == [
        f"--model.{one.name}" for one in arguments_documented("AutoClassifier")
    ]


def test_a_model_of_ones_own_is_told_by_all_settings(printed):
    lines = printed("fit", "--model", "mine.Net", "--data", "BlobsDataModule", "--help")
    assert "model: mine.Net, whose settings --help-all has" in lines
    assert any(line.startswith("data: BlobsDataModule") for line in lines)


def test_a_preset_that_there_is_not_is_refused(capsys):
    assert main(["fit", "-c", "circle", "--help"]) == 2
    assert "did you mean circles?" in capsys.readouterr().err


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_every_command_has_its_help(command, printed):
    lines = printed(command, "--help")
    assert lines[0].startswith(f"usage: litclf {command} ")
    text = "\n".join(lines)
    for flag in {"predict": ["--input", "--output", "--point"], "test": ["--ckpt_path"], "resume": ["RUN"]}.get(
        command, []
    ):
        assert flag in text
    assert "<class" not in text


def test_all_settings_are_told_by_the_parser_itself(printed):
    text = "\n".join(printed("fit", "--help-all"))
    assert "--trainer.max_epochs" in text
    assert "<class" not in text


def test_it_needs_no_pytorch_and_a_second_at_most():
    told = "import sys, time; from litclf.cli.main import main; main(['fit', '-c', 'circles', '--help'])\n"
    told += "assert 'torch' not in sys.modules; print(time.process_time())"
    seconds = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
        seconds.append(float(done.stdout.splitlines()[-1]))
    assert min(seconds) < 1
