"""What all tests share: one thread, no seed left over from another test, a quiet Trainer, six runs, one browser.

PyTorch and Lightning are imported where they are used: the process that hands out the tests reads this file first, and
the others wait for it.
"""

import csv
import gc
import json
import logging
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

os.environ["HYPOTHESIS_NO_PLUGINS"] = "1"  # one is trio's, which Selenium brings: nothing of ours is asynchronous


KERNELS = "from litclf.engines.kernel.cache import load_kernel; [load_kernel(name) for name in ('narrow', 'wide')]"


def pytest_configure(config):
    """Where processes share the tests, has the kernels compiled meanwhile: the processes would wait for each other."""
    if config.getoption("numprocesses", None):
        compiler = subprocess.Popen([sys.executable, "-c", KERNELS], stdout=subprocess.DEVNULL)
        config.add_cleanup(compiler.wait)


def pytest_collection_finish(session):
    """Refuses names of tests that are not the same in the processes that share them out.

    And what lives as long as the tests, PyTorch above all, is nothing that the garbage collector need look through.
    """
    for item in session.items:
        if " at 0x" in item.nodeid:
            raise pytest.UsageError(f"{item.nodeid}: the name holds an address; pass ids of your own")
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def no_power_cut():
    """Does not wait for the disk, which a fit does eighteen times; that it would is tested with a call of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(autouse=True)
def one_thread():
    import torch

    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def no_run_seed():
    os.environ.pop("PL_GLOBAL_SEED", None)
    yield
    os.environ.pop("PL_GLOBAL_SEED", None)


@pytest.fixture
def make_trainer(tmp_path):
    """A Trainer that writes nothing and says nothing, with the settings given."""
    from lightning.pytorch import Trainer

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


@pytest.fixture
def make_records():
    """A logger that keeps what it is given, as ``(step, metrics)``."""
    from lightning.pytorch.loggers import Logger

    class Records(Logger):
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

    return Records


FAST = {"batch_size": None, "repeat": 50, "steps_per_execution": 50}
"""A hundred steps in two executions, one an epoch."""


@pytest.fixture(scope="session")
def fit_once(tmp_path_factory):
    """A short fit in a folder of its own, for the shared runs; returns its result."""

    def fit_once(name, model, data, **settings):
        from litclf import fit

        quiet = {"max_epochs": 2, "threads": 1, "enable_progress_bar": False}
        return fit(model, data, name=name, default_root_dir=tmp_path_factory.mktemp(name), **quiet | settings)

    return fit_once


@pytest.fixture(scope="session")
def circles_run(fit_once):
    """A calibrated fit in the plane with a threshold that is not one half; like all shared runs, only to be read."""
    from litclf import BinaryClassifier, CirclesDataModule

    model = BinaryClassifier(hidden_dims=[8], optimizer="adam", lr=0.02)
    data = CirclesDataModule(num_samples=2000, noise=0.1, **FAST)
    return fit_once("circles", model, data, threshold_rule="f1")


@pytest.fixture(scope="session")
def blobs_run(fit_once):
    """A fit of four classes in three numbers that overlap."""
    from litclf import BlobsDataModule, MulticlassClassifier

    data = BlobsDataModule(num_samples=900, cluster_std=4.0, num_features=3, **FAST)
    return fit_once("blobs", MulticlassClassifier(hidden_dims=[8]), data)


@pytest.fixture(scope="session")
def members_run(fit_once):
    """A calibrated fit of four members in the plane, too short for them to agree."""
    from litclf import BinaryClassifier, CirclesDataModule

    model = BinaryClassifier(hidden_dims=[6], optimizer="adam", lr=0.03)
    data = CirclesDataModule(num_samples=2000, noise=0.2, **FAST)
    return fit_once("members", model, data, members=4, threshold_rule="f1", members_from=7)


@pytest.fixture(scope="session")
def blob_members_run(fit_once):
    """A fit of three members and four classes in three numbers that overlap."""
    from litclf import BlobsDataModule, MulticlassClassifier

    data = BlobsDataModule(num_samples=1200, cluster_std=4.0, num_features=3, **FAST)
    return fit_once("blob-members", MulticlassClassifier(hidden_dims=[8]), data, members=3)


@pytest.fixture(scope="session")
def table_run(fit_once, tmp_path_factory):
    """A fit of three kinds on a file of a number that may be missing and a colour."""
    import pandas as pd

    from litclf import MulticlassClassifier, TableDataModule

    rng = np.random.default_rng(0)
    size, colour = rng.normal(0, 3, 600), rng.choice(["red", "green"], 600)
    frame = pd.DataFrame({"size": size, "colour": colour, "kind": np.digitize(size, [-1, 1]).astype(str)})
    frame.loc[::17, "size"] = np.nan
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    frame.to_csv(path, index=False)
    data = TableDataModule(path=str(path), target="kind", **FAST)
    return fit_once("table", MulticlassClassifier(hidden_dims=[4], lr=0.5), data)


@pytest.fixture(scope="session")
def image_run(fit_once, tmp_path_factory):
    """A fit on scikit-learn's zeros and ones as files of 8 x 8 grey pixels, under names that look like markup."""
    from sklearn.datasets import load_digits

    from litclf import ImagesDataModule, MulticlassClassifier

    root = tmp_path_factory.mktemp("digits")
    images, targets = load_digits(n_class=2, return_X_y=True)
    for number, (image, target) in enumerate(zip(images.reshape(-1, 8, 8), targets, strict=True)):
        path = root / ("영 <0>", "일 <1>")[target] / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray((image * 15.9).astype("uint8")).save(path)
    data = ImagesDataModule(str(root), size=8, batch_size=32)
    return fit_once("images", MulticlassClassifier(hidden_dims=[], lr=0.1), data, max_epochs=3)


@pytest.fixture
def copy_run(tmp_path):
    """Copies the folder of a shared run, for a test that changes it."""

    def copy_run(result):
        return shutil.copytree(result.folder, tmp_path / result.folder.parent.name / result.folder.name)

    return copy_run


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
