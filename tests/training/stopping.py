"""Stopping: small runs that are stopped where a hook finds so many steps done, and what a run leaves."""

import csv
import json
import os
import signal

import pytest
import torch
from lightning.pytorch import Callback, seed_everything
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from litclf import BlobsDataModule, MulticlassClassifier, fit

STEPS = 16  # of an epoch


class StopAt(Callback):
    """Sends this process a signal where a hook finds so many steps done."""

    def __init__(self, hook, steps, signum=signal.SIGINT):
        self.steps, self.signum = steps, signum
        setattr(self, hook, self.stop)

    def stop(self, trainer, *_, **__):
        if trainer.global_step >= self.steps:
            os.kill(os.getpid(), self.signum)


def parts(steps_per_execution, **changes):
    seed_everything(42, verbose=False)
    network = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.ReLU(), torch.nn.Dropout(0.3), torch.nn.Linear(8, 4))
    settings = {"optimizer": "adam", "lr": 0.01, "lr_schedule": "cosine", **changes}
    settings.setdefault("network", network)
    data = BlobsDataModule(
        num_samples=160, holdout=0.25, batch_size=16, repeat=2, steps_per_execution=steps_per_execution
    )
    return MulticlassClassifier(**settings), data


def run(root, steps_per_execution, model=None, **settings):
    settings = {"max_epochs": 3, "default_root_dir": root, "enable_progress_bar": False, "name": "own", **settings}
    return fit(*parts(steps_per_execution, **(model or {})), **settings)


def stopped(root, steps_per_execution, hook, steps, callbacks=(), **settings):
    """The folder of a run that was stopped."""
    with pytest.raises(KeyboardInterrupt):
        run(root, steps_per_execution, callbacks=[*callbacks, StopAt(hook, steps)], **settings)
    return root / "lightning_logs" / "own" / "version_0"


def left_by(folder):
    """All that a run leaves but times, with the values of TensorBoard in the order of their steps."""
    found = {}
    for name in ("last", "best"):
        checkpoint = torch.load(folder / "checkpoints" / f"{name}.ckpt", weights_only=True)
        kept = ("state_dict", "optimizer_states", "lr_schedulers", "loops", "global_step", "BlobsDataModule")
        found[name] = {key: plain(checkpoint[key]) for key in kept}
        found[f"{name} random numbers"] = plain(checkpoint["resume"]["processes"][0]["rng"])
    with (folder / "metrics.csv").open(newline="") as file:
        found["rows"] = list(csv.reader(file))
    found["metrics"] = json.loads((folder / "metrics.json").read_text())
    found["metrics"].pop("fit_seconds")
    found["metrics"]["facts"].pop("started")
    film = folder / "boundary.gif"
    found["film"] = film.read_bytes() if film.is_file() else b""
    # Each file by itself: nothing may be left in them that TensorBoard would have to drop.
    for path in folder.glob("events.out.tfevents.*"):
        events = EventAccumulator(str(path), size_guidance={"scalars": 0, "images": 0, "tensors": 0})
        events.Reload()
        tags = events.Tags()
        for tag in tags["scalars"]:
            found.setdefault(tag, []).extend((event.step, event.value) for event in events.Scalars(tag))
        for tag in tags["images"]:
            found.setdefault(tag, []).extend((event.step, event.encoded_image_string) for event in events.Images(tag))
        for tag in tags["tensors"]:
            found.setdefault(tag, []).extend((event.step, "text") for event in events.Tensors(tag))
    for key, value in found.items():
        if isinstance(value, list) and value and isinstance(value[0], tuple):
            found[key] = sorted(value)
    return found


def plain(value):
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value
