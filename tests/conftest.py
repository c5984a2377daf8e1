"""What all tests share: one thread, no seed left over from another test, a quiet Trainer."""

import logging
import os

import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import Logger


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def no_run_seed():
    os.environ.pop("PL_GLOBAL_SEED", None)
    yield
    os.environ.pop("PL_GLOBAL_SEED", None)


@pytest.fixture
def make_trainer(tmp_path):
    """A Trainer that writes nothing and says nothing, with the settings given."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    quiet = {
        "accelerator": "cpu",
        "devices": 1,
        "default_root_dir": tmp_path,
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "num_sanity_val_steps": 0,
    }
    return lambda **settings: Trainer(**quiet | settings)


class Records(Logger):
    """A logger that keeps what it is given, as ``(step, metrics)``."""

    name, version = "records", 0

    def __init__(self):
        super().__init__()
        self.rows = []

    def log_hyperparams(self, params, *args, **kwargs):
        pass

    def log_metrics(self, metrics, step=None):
        self.rows.append((step, metrics))

    def series(self, key):
        return [(step, metrics[key]) for step, metrics in self.rows if key in metrics]


@pytest.fixture
def make_records():
    return Records
