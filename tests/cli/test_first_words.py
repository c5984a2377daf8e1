"""The first words of a fit are there at once, and tell what it will do."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from litclf.cli.arguments import Arguments
from litclf.cli.first_words import announce

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def told(capsys, *words, command="fit"):
    announce(Arguments(command, words))
    lines = capsys.readouterr().out.splitlines()
    return {line[:11].strip(): line[12:] for line in lines if line[:1] != " "}, " ".join(" ".join(lines).split())


def test_preset_data_model_and_place_are_told(capsys):
    rows, text = told(capsys, "-c", "circles", "--data.noise", "0.2", "--model.hidden_dims=[4]")
    assert list(rows) == ["fit", "data", "model", "run folder"]
    assert rows["fit"].startswith("circles: Two circles")
    assert "CirclesDataModule: num_samples 1000, noise 0.2" in text
    assert "BinaryClassifier: hidden_dims [4]" in text
    assert rows["run folder"] == "lightning_logs/circles/version_0"


def test_the_place_is_the_next_version_of_the_name(capsys):
    Path("logs/lightning_logs/mine/version_4").mkdir(parents=True)
    rows, _ = told(capsys, "-c", "circles", "--name", "mine", "--trainer.default_root_dir=logs")
    assert rows["run folder"] == "logs/lightning_logs/mine/version_5"
    rows, _ = told(capsys, "--model", "auto", "--data", "BlobsDataModule")
    assert (rows["data"], rows["run folder"]) == ("BlobsDataModule", "lightning_logs/run/version_0")
    assert "run folder" not in told(capsys, "-c", "circles", "--trainer.fast_dev_run", "true")[0]


def test_what_goes_on_says_from_where(capsys):
    Path("own.yaml").write_text(yaml.safe_dump({"model": "auto", "ckpt_path": "a.ckpt"}))
    assert told(capsys, "-c", "own.yaml")[0]["goes on"] == "a.ckpt"


def test_folds_and_runs_that_go_on_are_announced_too(capsys):
    rows, _ = told(capsys, "rows/flowers.csv", "--folds", "4", "--repeats", "2", command="cv")
    assert rows == {"cv": "rows/flowers.csv, 4 folds, 2 times", "run folder": "lightning_logs/flowers_cv/version_0"}
    assert (
        told(capsys, "circles", "--name", "mine", command="cv")[0]["run folder"] == "lightning_logs/mine_cv/version_0"
    )
    assert told(capsys, "lightning_logs/a", "--epochs=3", command="resume")[0] == {"resume": "lightning_logs/a"}


@pytest.mark.parametrize(
    "words", [("--print_config",), ("--help",), ("--model.help", "auto"), ("--print_config=skip_null",)]
)
def test_what_is_asked_in_place_of_a_fit_is_answered_alone(words, capsys):
    assert told(capsys, "-c", "circles", *words)[1] == ""


def test_of_several_processes_the_first_tells(capsys, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert told(capsys, "-c", "circles")[1] == ""
    monkeypatch.setenv("LOCAL_RANK", "0")
    assert told(capsys, "-c", "circles")[1]


def test_they_are_on_the_terminal_within_half_a_second():
    """By the processor's time, which others on the machine do not lengthen."""
    script = "import time\nfrom litclf.cli.main import main\nfrom litclf.cli import main as commands\n"
    script += "commands.Command._run = lambda self, args: print('SECONDS', time.process_time()) or 0\n"
    script += "import sys\nmain(['fit', '-c', 'circles'])\nassert 'torch' not in sys.modules"
    seconds = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert "lightning_logs/circles/version_0" in done.stdout
        seconds.append(float(done.stdout.split("SECONDS ")[1]))
    assert min(seconds) < 0.5
