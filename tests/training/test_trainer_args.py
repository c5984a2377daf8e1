"""Arguments of a Trainer that cannot be meant are refused by name, whoever gives them."""

import pytest
from lightning.pytorch.callbacks import EarlyStopping

from litclf import InputError
from litclf.training.trainer_args import check_trainer_args, checked_trainer


@pytest.mark.parametrize(
    ("args", "named"),
    [
        ({"gradient_clip_val": -1}, "gradient_clip_val"),
        ({"gradient_clip_val": float("nan")}, "gradient_clip_val"),
        ({"gradient_clip_algorithm": "nrom", "gradient_clip_val": 1}, "gradient_clip_algorithm"),
        ({"gradient_clip_algorithm": "norm"}, "gradient_clip_algorithm"),
        ({"limit_train_batches": 0}, "limit_train_batches"),
        ({"limit_train_batches": -3}, "limit_train_batches"),
        ({"limit_val_batches": 1.5}, "limit_val_batches"),
        ({"limit_val_batches": -1}, "limit_val_batches"),
        ({"barebones": True}, "barebones"),
        ({"accelerator": "cpu", "devices": 0}, "devices"),
        ({"accelerator": "cpu", "devices": -1}, "devices"),
        ({"max_steps": 0}, "max_steps"),
        ({"max_steps": -5}, "max_steps"),
        ({"max_epochs": 0}, "max_epochs"),
        ({"max_epochs": -2}, "max_epochs"),
        ({"min_epochs": -1}, "min_epochs"),
        ({"min_epochs": 5, "max_epochs": 1}, "min_epochs"),
        ({"min_steps": 100, "max_steps": 5}, "min_steps"),
        ({"log_every_n_steps": -1}, "log_every_n_steps"),
        ({"check_val_every_n_epoch": 0}, "check_val_every_n_epoch"),
        ({"num_sanity_val_steps": -2}, "num_sanity_val_steps"),
        ({"accumulate_grad_batches": 0}, "accumulate_grad_batches"),
        ({"num_nodes": 0}, "num_nodes"),
        ({"num_nodes": 2}, "num_nodes"),
        ({"callbacks": [EarlyStopping]}, "callbacks"),
        ({"callbacks": EarlyStopping}, "callbacks"),
        ({"reload_dataloaders_every_n_epochs": -1}, "reload_dataloaders_every_n_epochs"),
        ({"profiler": "simpel"}, "profiler"),
    ],
)
def test_what_cannot_be_meant_is_refused(args, named):
    with pytest.raises(InputError) as refusal:
        check_trainer_args(args)
    assert refusal.value.where == f"trainer.{named}"


def test_more_processes_than_processors_are_refused():
    """Not by the command: without the check it would start them all."""
    with pytest.raises(InputError, match=r"^trainer\.devices: must be 1 to \d+ processes"):
        check_trainer_args({"devices": 99, "accelerator": "cpu"})


@pytest.mark.parametrize(
    "told",
    [{"MASTER_ADDR": "node1"}, {"TORCHELASTIC_RUN_ID": "1"}, {"SLURM_NTASKS": "2", "SLURM_JOB_NAME": "fit"}],
    ids=str,
)
def test_several_machines_are_taken_from_a_launcher(told, monkeypatch):
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    check_trainer_args({"num_nodes": 2})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accelerator", "abacus"),
        ("devices", "x"),
        ("strategy", "dpp"),
        ("precision", "17"),
        ("max_time", "soon"),
        ("fast_dev_run", -1),
        ("overfit_batches", -1),
    ],
)
def test_what_the_trainer_itself_refuses_is_told_by_the_argument(name, value):
    with pytest.raises(InputError) as refusal:
        checked_trainer({"logger": False, "enable_checkpointing": False, name: value})
    assert refusal.value.where == f"trainer.{name}"
    assert "\n" not in str(refusal.value)
