import importlib

import pytest

from litclf.cli.arguments import Arguments
from litclf.cli.early import refuse_early
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
