"""Every wrong request ends in one line that names the flag or file, the rule and a way out; nothing is written.

A row or two of each part of what is given: the rest is with the function that refuses, such as the arguments of the
Trainer in ``tests/training/test_trainer_args.py`` and values of another kind in ``test_diagnosis.py``.
"""

import os

import pytest

from litclf import BinaryClassifier, CirclesDataModule, InputError, fit

pytestmark = pytest.mark.usefixtures("in_empty_folder")
FIT = ["fit", "-c", "circles", "--trainer.max_epochs", "1", "--data.repeat", "4", "--pictures", "false"]


@pytest.fixture
def refused(error_line):
    """Runs a wrong command; returns what it names, and the rest of the line."""

    def refused(*args, code=2):
        where, _, rest = error_line(*args, code=code).removeprefix("error: ").partition(": ")
        return where, rest

    return refused


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ("--trainer.gradient_clip_val -1", "--trainer.gradient_clip_val"),
        ("--trainer.accelerator gpu", "--trainer.accelerator"),
        ("--trainer.max_time 99", "--trainer.max_time"),
        ("--trainer.val_check_interval 0", "--trainer.val_check_interval"),
        ("--trainer.val_check_interval 2.0", "--trainer.val_check_interval"),
        ("--trainer.callbacks+=EarlyStopping", "--trainer.callbacks"),
        ("--name a/b", "--name"),
        ("--name ..", "--name"),
        ("--threads 0", "--threads"),
        ("--threads x", "--threads"),
        ("--seed_everything -1", "--seed_everything"),
        ("--seed_everything 4294967296", "--seed_everything"),
        ("--seed_everything false", "--seed_everything"),
        ("--pictures maybe", "--pictures"),
        ("--model.lr nan", "--model.lr"),
        ("--model.hidden_dims [0]", "--model.hidden_dims"),
        ("--model.engine graph", "--model.engine"),
        ("--model.lr_schedule cosine --trainer.max_epochs -1", "--model.lr_schedule"),
        ("--model.input_shape [3]", "--model.input_shape"),
        ("--model.num_classes 3", "--model.num_classes"),
        ("--data.batch_size -4", "--data.batch_size"),
        ("--data.holdout 2", "--data.holdout"),
        ("--data NoData", "--data"),
        ("--ckpt_path nowhere", "--ckpt_path"),
        ("--trainer", "--trainer"),
        ("surplus", "surplus"),
        ("--optimizer SGD", "--optimizer"),
    ],
)
def test_a_wrong_setting_of_a_fit_is_named(flags, named, refused, tmp_path):
    where, rest = refused(*FIT, *flags.split(" "))
    assert where.startswith(named) or named.removeprefix("--trainer.") in rest
    assert not list(tmp_path.rglob("version_*"))


@pytest.mark.parametrize("flag", ["--name=", "--model.lr=", "--ckpt_path="])
def test_an_empty_value_is_named(flag, refused):
    assert refused(*FIT, flag)[0] == flag[:-1]


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ([], "--ckpt_path"),
        (["--name", "x"], "--name"),
        (["--trainer.default_root_dir", "x"], "--trainer.default_root_dir"),
        (["--ckpt_path", "x"], "--ckpt_path"),
        (["--trainer.max_epochs", "3", "--trainer.gradient_clip_val", "1"], "--trainer.gradient_clip_val"),
        (["--trainer.max_epochs", "3", "--trainer.precision", "bf16-mixed"], "--trainer.precision"),
        (["--trainer.max_epochs", "3", "--model.lr", "3"], "--model.lr"),
        (["--trainer.max_epochs", "3", "--data.noise", "0.2"], "--data.noise"),
        (["--trainer.max_epochs", "3", "--seed_everything", "3"], "--seed_everything"),
    ],
)
def test_what_a_resumed_run_cannot_follow_is_named(flags, named, trained, refused):
    assert refused("resume", trained, "--pictures", "false", *flags)[0] == named


@pytest.mark.parametrize("args", [["resume"], ["resume", "nowhere"], ["resume", "--name", "x"]])
def test_a_run_to_resume_is_asked_for(args, refused):
    assert refused(*args)[0] in ("resume", "--ckpt_path")


def test_a_name_of_another_run_is_refused_with_a_file(trained, refused):
    args = ["fit", "--ckpt_path", trained / "checkpoints" / "last.ckpt", "--name", "other"]
    assert refused(*args)[0] == "--name"


@pytest.mark.parametrize("command", ["test", pytest.param("validate", marks=pytest.mark.slow), "predict"])
@pytest.mark.parametrize(
    "flags",
    [
        ["--trainer.callbacks+=EarlyStopping", "--trainer.callbacks.monitor=x"],
        ["--trainer.logger", "true"],
        ["--trainer.enable_progress_bar", "true"],
        ["--trainer.default_root_dir", "x"],
        ["--trainer.max_epochs", "3"],
        ["--trainer.accelerator", "tpu"],
        ["--trainer.limit_test_batches", "-1"],
        ["--name", "x"],
        ["--pictures", "true"],
    ],
)
def test_settings_that_do_nothing_outside_of_a_fit_are_refused(command, flags, trained, refused):
    where, rest = refused(command, "--ckpt_path", trained / "checkpoints" / "last.ckpt", *flags)
    named = flags[0].partition("=")[0].rstrip("+")
    assert where == named or named.removeprefix("--trainer.") in rest


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"seed": True}, "seed"),
        ({"threads": 0}, "threads"),
        ({"threads": "2"}, "threads"),
        ({"name": "a/b"}, "name"),
        ({"max_epoch": 3}, "fit"),
        ({"max_epochs": "3"}, "trainer.max_epochs"),
        ({"max_epochs": True}, "trainer.max_epochs"),
        ({"gradient_clip_val": "1"}, "trainer.gradient_clip_val"),
        ({"limit_train_batches": "half"}, "trainer.limit_train_batches"),
        ({"threshold_rule": "best"}, "threshold_rule"),
        ({"ckpt_path": "nowhere"}, "ckpt_path"),
        ({"precision": "17"}, "trainer.precision"),
    ],
)
def test_a_wrong_argument_in_python_is_named(settings, named, tmp_path):
    with pytest.raises(InputError) as caught:
        fit(BinaryClassifier(), CirclesDataModule(), **{"max_epochs": 1, "default_root_dir": tmp_path, **settings})
    assert caught.value.where == named or named.removeprefix("trainer.") in caught.value.what
    assert not list(tmp_path.rglob("version_*"))


def test_a_root_that_is_a_file_is_refused(refused, tmp_path):
    (tmp_path / "file").write_text("")
    assert refused(*FIT, "--trainer.default_root_dir", "file")[0] == "--trainer.default_root_dir"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_fails(refused, tmp_path):
    tmp_path.chmod(0o500)
    assert refused(*FIT, code=1)[0].endswith("lightning_logs")
