"""Cases to disturb: presets, engines, schedules, executions and ordinary batches, pictures, a script with dropout.

Most save at their first epoch and at their end, with seconds between; one more often, one at every epoch.
"""

import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

import litclf
from litclf.cli.main import main

Command = Callable[[str | None], int]
"""Starts a run, or goes on with one in the folder given, in the working directory; returns the exit code."""


class Case(NamedTuple):
    """A run to disturb.

    Attributes:
        name: What it is.
        run: Starts or resumes it.
        args: Its command line, for true starts; empty where it is a script.
    """

    name: str
    run: Command
    args: tuple[str, ...] = ()


def cases(root):
    """All cases; ``root`` is the folder for the data they share."""
    mnist = ("-c", "mnist", "--data.data_dir", str(small_mnist(root)), "--data.val_size", "100")
    circles = ("-c", "circles", "--data.repeat", "100")
    centroids = ("-c", "centroids", "--data.holdout", "0.3")
    several = ("--trainer.max_epochs", "6", "--pictures", "false")
    return [
        _case("circles kernel", *circles, "--data.steps_per_execution", "25", *several),
        _case("circles eager cosine", *circles, *several, "--model.engine", "eager", "--model.lr_schedule", "cosine",
              "--save_every", "0.1"),
        _case("circles with pictures", *circles, "--trainer.max_epochs", "3"),
        _case("centroids auto", *centroids, "--data.steps_per_execution", "40", *several),
        _case("centroids ordinary onecycle", *centroids, "--data.repeat", "4", "--data.steps_per_execution", "1",
              "--model.lr_schedule", "onecycle", *several),
        _case("mnist small", *mnist, *several, "--data.steps_per_execution", "5", "--save_every", "0"),
        Case("dropout", dropout),
    ]  # fmt: skip


def _case(name, *args):
    def run(folder):
        return main(["fit", *args] if folder is None else ["resume", folder])

    return Case(name, run, args)


def dropout(folder):
    """A script of one's own, with a network that draws random numbers as it trains."""
    network = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 4))
    data = litclf.BlobsDataModule(num_samples=200, holdout=0.2, batch_size=8, repeat=10, steps_per_execution=30)
    with torch.no_grad():
        for number, parameter in enumerate(network.parameters()):
            parameter.copy_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(number)) / 4)
    model = litclf.MulticlassClassifier(network=network, optimizer="adam", lr=0.01)
    try:
        litclf.fit(model, data, name="dropout", max_epochs=6, ckpt_path=folder)
    except litclf.InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def small_mnist(root):
    """MNIST's four files with 600 and 100 images of noise around one mean a class."""
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    for split, number in (("train", 600), ("t10k", 100)):
        labels = np.arange(number, dtype=np.uint8) % 10
        pixels = generator.integers(0, 100, (number, 28, 28)) + 15 * labels[:, None, None]
        for kind, magic, array in (("images-idx3", 2051, pixels.astype(np.uint8)), ("labels-idx1", 2049, labels)):
            header = np.array([magic, *array.shape], dtype=">i4").tobytes()
            (raw / f"{split}-{kind}-ubyte").write_bytes(header + array.tobytes())
    return root
