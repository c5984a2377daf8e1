import importlib
from pathlib import Path

import pytest

from litclf.cli.arguments import Arguments
from litclf.cli.early import refuse_early
from litclf.cli.main import main
from litclf.utilities.errors import InputError

pytestmark = pytest.mark.usefixtures("in_empty_folder")

WRONG = [
    ("fit", "-c", "circle"),
    ("fit", "--config=nowhere.yaml"),
    ("test", "-c", "no-such-preset"),
    ("check-data", "missing.csv", "--target", "y"),
    ("init", "missing.parquet"),
    ("fit", "-c", "table", "--data.path", "missing.csv", "--data.target", "y"),
    ("fit", "-c", "table", "--data.path=missing.tsv", "--data.target", "y"),
    ("fit", "-c", "circles", "--model.lrr", "1"),
    ("fit", "-c", "circles", "--modle.lr", "1"),
    ("fit", "-c", "circles", "--epoch", "1"),
    ("fit", "-c", "circles", "--optimizer", "adam"),
    ("fit", "-c", "circles", "--trainer.max_epoch", "1"),
    ("fit", "-c", "circles", "--trainer.max_epochs", "many"),
    ("fit", "-c", "circles", "--model.lr=abc"),
    ("fit", "-c", "circles", "--model.activation", "rellu"),
    ("fit", "-c", "circles", "--data.nose", "0.1"),
    ("fit", "-c", "circles", "--threads", "two", "--model.lrr", "1"),
    ("fit", "-c", "circles", "--data", "BlobsDataModule", "--data.noise", "0.1"),
    ("fit", "--model", "BinaryClassifier", "--model.init_args.lrr", "0.1"),
    ("fit", "--model.lr", "0.1"),
    ("fit", "-c", "circles", "--members", "0"),
    ("fit", "-c", "circles", "--members=-3"),
    ("fit", "flowers.csv"),
    ("fit", "circles.yaml"),
]


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_what_is_refused_early_is_what_the_command_refuses(words):
    name, *args = words
    errors = []
    command = importlib.import_module(f"litclf.cli.{name.replace('-', '_')}").main
    for answer in (lambda: refuse_early(Arguments(name, tuple(args))), lambda: command(args)):
        with pytest.raises(InputError) as raised:
            answer()
        errors.append(str(raised.value))
    assert errors[0] == errors[1]


@pytest.mark.parametrize(
    "words",
    [
        ("fit", "-c", "circles"),
        ("fit", "--help"),
        ("init", "images"),
        ("fit", "-c", "nowhere", "--help"),
        ("fit", "-c", "circles", "--model", "mine.Net", "--model.width", "3", "--allow_classes", "mine"),
        ("fit", "-c", "circles", "--model", "litclf.BinaryClassifier", "--model.width", "3"),
        ("fit", "-c", "circles", "--trainer.callbacks+=EarlyStopping", "--trainer.callbacks.monitr", "val/loss"),
        ("fit", "-c", "circles", "--ckpt_path", "nowhere", "--model.lrr", "3"),
        ("fit", "-c", "circles", "--model.hidden_dims+=8", "--trainer.max_time", "{hours: 1}"),
        ("fit", "-c", "circles", "--trainer.limit_val_batches=1", "--trainer.limit_train_batches", "0.5"),
        ("fit", "-c", "circles", "--model.lrr", "3", "--print_config"),
        ("fit", "-c", "circles", "--data.holdout", "null", "--model.lr=1e-3", "--trainer.max_epochs", "1_0"),
        ("fit", "-c", "circles", "--data", "null", "--seed_everything=true", "--threshold_rule", "0.5"),
    ],
)
def test_what_it_does_not_know_passes(words):
    refuse_early(Arguments(words[0], words[1:]))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("check-data -dash.csv", "-dash.csv: begins with a dash, as flags do; fix: pass ./-dash.csv"),
        (
            "predict --input -dash.csv --ckpt_path run",
            "-dash.csv: begins with a dash, as flags do; fix: pass ./-dash.csv",
        ),
        ("fit --data -dash.csv", "-dash.csv: begins with a dash, as flags do; fix: pass ./-dash.csv"),
        ("fit --data own.csv", "--data: must be the name of a class, got own.csv; fix: litclf init own.csv drafts"),
        ("fit circles", "circles: is no setting; fix: a preset is passed by -c circles"),
        ("fit -c circles lr=0.1", "lr=0.1: is no setting; fix: one begins with two dashes: --lr=0.1"),
        ("fit -c bare.yaml", "--lr: is no setting here; fix: did you mean --model.lr?"),
        ("fit -c odd.yaml", "odd.yaml: init_args must hold settings by name, got 3; fix: write init_args"),
        ("fit -c circles --preset blobs", "--preset: is no setting; fix: did you mean --config?"),
        ("fit -c circles -x 1", "-x: is no setting; fix: see litclf fit --help"),
        ("fit -c circles --model.hidden_dims {8}", "--model.hidden_dims: must be a list, each of it a whole number"),
        ("fit -c circles --model.hidden_dims {a}", "--model.hidden_dims: must be a list, each of it a whole number"),
        (
            "fit -c listed.yaml",
            "listed.yaml: data must be one class, got ['CirclesDataModule']; fix: write data: Circles",
        ),
        ("predict --data.noise {8}", "--data: must be given values, got --data.noise {8}; fix: see litclf fit --help"),
        ("check-data own.csv -t y", "-t: is no setting; fix: see litclf check-data --help"),
        (
            "check-data own.csv own.csv",
            "check-data: unrecognized arguments: own.csv; fix: see litclf check-data",
        ),
        ("predict own.csv", "own.csv: is no setting; fix: pass --input own.csv"),
    ],
)
def test_what_is_meant_by_words_in_the_wrong_place_is_told(words, line, error_line):
    for name in ("-dash.csv", "own.csv"):
        Path(name).write_text("x,y\n1,a\n2,b\n")
    Path("bare.yaml").write_text("lr: 0.1\n")
    Path("odd.yaml").write_text("model: {class_path: BinaryClassifier, init_args: 3}\ndata: CirclesDataModule\n")
    Path("listed.yaml").write_text("model: BinaryClassifier\ndata: [CirclesDataModule]\n")
    assert error_line(*words.split()).startswith(f"error: {line}")


def test_a_name_that_begins_with_a_dash_is_read_as_it_is_proposed(capsys):
    Path("-dash.csv").write_text("x,y\n" + "1,a\n2,b\n" * 20)
    for words in (["./-dash.csv"], ["--", "-dash.csv"]):
        assert main(["check-data", *words]) == 0
        assert "rows        40" in capsys.readouterr().out
