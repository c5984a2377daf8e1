"""What all tests share: one thread, no seed left over from another test, a quiet Trainer."""

import csv
import json
import logging
import os
import shutil

import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import Logger
from PIL import Image


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


@pytest.fixture
def make_run(tmp_path):
    """Writes a run folder of the given contents; what is not given is not there."""

    def make(path="logs/circles/version_0", *, metrics=None, rows=None, samples=None, config=None, pictures=()):
        folder = tmp_path / path
        folder.mkdir(parents=True)
        for name, content in (("metrics.json", metrics), ("samples.json", samples)):
            if content is not None:
                (folder / name).write_text(json.dumps(content), encoding="utf-8")
        if config is not None:
            (folder / "config.yaml").write_text(config, encoding="utf-8")
        if rows is not None:
            columns = list(dict.fromkeys(key for row in rows for key in row))
            with (folder / "metrics.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, columns)
                writer.writeheader()
                writer.writerows(rows)
        for number, name in enumerate(pictures):
            image = Image.new("RGB", (64, 40), (40 * number % 256, 120, 180))
            frames = {"save_all": True, "append_images": [Image.new("RGB", (64, 40))]} if name.endswith(".gif") else {}
            image.save(folder / name, **frames)
        return folder

    return make


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium, without a window and cut off from all but this machine; skips where there is none."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (binary and driver):
        pytest.skip("needs chromium and chromedriver (Debian: apt-get install chromium chromium-driver)")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for argument in (
        "headless",
        "no-sandbox",  # a container's root has none
        "disable-dev-shm-usage",  # a container's /dev/shm is small
        "disable-background-networking",
        "host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    ):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield browser
    browser.quit()


@pytest.fixture
def browser(chromium):
    """A browser on an empty page with an empty console, 1280 by 900 pixels."""
    chromium.set_window_size(1280, 900)
    chromium.get("about:blank")
    chromium.get_log("browser")
    return chromium
