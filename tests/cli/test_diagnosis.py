"""What is wrong is found by signatures; the same values the parser itself refuses."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, Union

import pytest
from lightning.fabric.accelerators import Accelerator
from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer

from litclf.cli.diagnosis import describe, find_wrong, setting, settings_in
from litclf.cli.signatures import arguments_of, setting_types
from litclf.data.registry import DATAMODULES
from litclf.models.registry import MODELS

DATAMODULES.load_all()
MODELS.load_all()
HINTS = {
    "name": str | None,
    "threads": int | None,
    "callbacks": list[Callback] | Callback | None,
    "call": Callable | None,
    "model": LightningModule,
    "data": LightningDataModule | None,
}


class Look(Callback):
    """Near what somebody meant, and nothing that a config may name."""


def wrong(*pairs, required=()):
    return str(find_wrong([setting(name, value) for name, value in pairs], HINTS, required))


@pytest.mark.parametrize(
    ("pairs", "line"),
    [
        ([("threads", "x")], "--threads: must be a whole number, got x; fix: see"),
        ([("threads", None)], "None"),
        ([("nam", "x")], "--nam: is no setting; fix: did you mean --name"),
        ([("optimizer", "x")], "--optimizer: is no setting; fix: did you mean --model.optimizer"),
        (
            [("model", "BinaryClasifier")],
            "--model: is no class that litclf knows: BinaryClasifier; fix: did*Bin",
        ),
        ([("callbacks+", "Looka")], "--callbacks: is no class that litclf knows: Looka; fix: see"),
        ([("model", "stranger.Net")], "--model: must be of litclf, * fix: pass --allow_classes stranger if you"),
        ([("model", "litclf.CirclesDataModule")], "--model: must be LightningModule, got litclf.CirclesDataModule"),
        ([("model.lr", "1")], "--model: is missing"),
        (
            [("model", "BinaryClassifier"), ("model.lrr", "1")],
            "--model.lrr: is no setting; fix: did*--model.lr",
        ),
        ([("model", "BinaryClassifier"), ("model.init_args.lr", "x")], "--model.lr: must be a number, got x"),
        ([("model", {"class_path": "BinaryClassifier", "init_args": {"lr": "x"}})], "--model.lr: must be a number"),
        ([("model", '{"class_path": "BinaryClassifier", "init_args": {"lr": "x"}}')], "--model.lr: must be a number"),
        ([("model", "BinaryClassifier"), ("model.activation", "rel")], "*got rel; fix: did you mean relu"),
        ([("model", "BinaryClassifier"), ("model.hidden_dims", ["a"])], "--model.hidden_dims: must be a list, each"),
        ([("model", "BinaryClassifier"), ("model.network", {"class_path": "x"})], "--model.network: must be text, got"),
        (
            [("model", "BinaryClassifier"), ("model.hidden_dims", "[8 [9]]")],
            "--model.hidden_dims: must be a list*got (8 (9]]; fix: did you mean --model.hidden_dims '(8, 9]'",
        ),
        ([("data", "CirclesDataModule"), ("data.factor", "0.5"), ("data", "BlobsDataModule")], "None"),
        ([("callbacks+", "EarlyStopping")], "--callbacks.monitor: is missing"),
        ([("callbacks+", "EarlyStopping"), ("callbacks.monitor", "a")], "None"),
        ([("callbacks+", "EarlyStopping"), ("callbacks.monitr", "a")], "--callbacks.monitr: is no setting"),
        ([("callbacks", [{"class_path": "Timer", "init_args": {"x": 1}}])], "--callbacks.x: is no setting"),
        ([("call", "os.system")], "--call: must be of litclf, * got 'os.system'; fix: pass --allow_classes os"),
    ],
)
def test_the_first_setting_that_does_not_fit_is_told(pairs, line):
    assert fnmatchcase(wrong(*pairs).replace("[", "(").replace("?", ""), f"{line}*")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("threads", value) for value in ("x", "1.5")),
        ("seed_everything", "x"),
        ("pictures", "maybe"),
        ("threshold_rule", "best"),
        ("trainer.max_epochs", "x"),
        ("trainer.gradient_clip_val", "nan"),
        ("trainer.precision", "17"),
        ("trainer.detect_anomaly", "x"),
        *((f"trainer.{name}", "Foo") for name in ("callbacks+", "logger", "plugins")),
        *(("model.lr", value) for value in ("nan", "inf", "abc")),
        *(("model.hidden_dims", value) for value in ("10", "[a]")),
        ("model.engine", "gpu"),
        ("model.lr_schedule", "cosin"),
        ("data.batch_size", "1.5"),
        ("data.seed", "x"),
        ("data", "NoData"),
    ],
)
def test_a_value_of_another_kind_is_refused_by_what_a_run_takes(name, value):
    hints = setting_types()
    hints |= {f"trainer.{argument}": hint for argument, hint in hints.pop("trainer").items()}
    given = [("model", "BinaryClassifier"), ("data", "CirclesDataModule"), (name, value)]
    assert find_wrong([setting(*one) for one in given], hints).where == f"--{name.rstrip('+')}"


def test_a_part_that_is_required_is_missed():
    assert wrong(("name", "a"), required=["model"]).startswith("--model: is missing; fix: pass -c PRESET")


def test_settings_of_a_config_are_told_one_by_one():
    content = {"name": "a", "trainer": {"max_epochs": 3, "logger": {"class_path": "x"}}, "data": "Mine"}
    assert [(one.flag, one.value) for one in settings_in(content, ["model", "data", "trainer"])] == [
        ("--name", "a"),
        ("--trainer.max_epochs", 3),
        ("--trainer.logger", {"class_path": "x"}),
        ("--data", "Mine"),
    ]


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (Literal["a", "b"] | int | None, "one of a, b or a whole number"),
        (Literal["a", "b"] | Literal["b", "c"] | None, "one of a, b, c"),
        (str | timedelta | dict[str, int] | None, "text or a time such as 00:00:10:00 or values by name"),
        (Iterable[Accelerator] | Path, "a list, each of it the name of an Accelerator or a path"),
        (Union[float, int], "a whole number or a number"),  # noqa: UP007 # typing keeps it for the next of them
        (Union[int, float, None], "a whole number or a number"),  # noqa: UP007
        (Sequence[int], "a list, each of it a whole number"),
        (bool, "true or false"),
        (type(None), "null"),
        (Callback | None, "the name of a Callback"),
    ],
)
def test_types_are_told_in_words(hint, words):
    assert describe(hint) == words


@pytest.mark.parametrize("kind", [Trainer, *DATAMODULES.load_all(), *MODELS.load_all()])
def test_no_type_is_told_in_the_words_of_python(kind):
    for name, hint in arguments_of(kind).items():
        assert not re.search(r"[<>\[\]]|typing|collections|Union|Optional", describe(hint)), name


def test_all_arguments_of_a_trainer_are_known_with_their_types():
    assert arguments_of(Trainer)["max_epochs"] == int | None
    assert {"callbacks", "logger", "strategy"} < arguments_of(Trainer).keys()


def test_a_text_that_stands_beside_a_class_does_not_hide_what_is_wrong():
    hints = {"accelerator": str | Callback, "lr": float}
    assert find_wrong([setting("accelerator", "auto")], hints) is None
    line = "--lr: must be a number, got x; fix: see litclf fit --help"
    assert str(find_wrong([setting("accelerator", "auto"), setting("lr", "x")], hints)) == line
