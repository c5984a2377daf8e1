"""Growth: one fit of a number of samples in this process, its seconds and its memory as one line of JSON.

    python scripts/benchmarks/growth.py 100000

Four blobs in 20 features and one epoch of an MLP, with TensorBoard and checkpoints and without validation. The seconds
are those of the whole call of `litclf.fit` in a fresh process, loading of the kernels included.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from typing import Any

import torch
from machine import peak_memory

import litclf
from litclf.data.base import ClassificationDataModule, Split

FEATURES, CLASSES = 20, 4


class ManyBlobs(ClassificationDataModule):
    """Blobs made in place: no moment of their making takes more memory than they themselves."""

    input_shape = (FEATURES,)
    class_names = tuple("abcd")

    def __init__(self, num_samples: int) -> None:
        super().__init__(batch_size=100, repeat=1, steps_per_execution=100, seed=42)
        self.num_samples = num_samples

    def load(self) -> dict[str, Split]:
        """All samples for training; the classes take turns."""
        torch.manual_seed(self.seed)
        centers = 2 * torch.randn(CLASSES, FEATURES)
        x, y = torch.empty(self.num_samples, FEATURES).normal_(), torch.arange(self.num_samples)
        y.remainder_(CLASSES)
        for k in range(CLASSES):
            x[k::CLASSES] += centers[k]
        none = Split(x[:0], y[:0])
        return {"train": Split(x, y), "val": none, "test": none}


def grow(num_samples: int) -> dict[str, float | None]:
    """Fits ``num_samples`` samples."""
    data = ManyBlobs(num_samples)
    x, y = data.splits["train"]
    model = litclf.MulticlassClassifier(hidden_dims=[16], optimizer="adam", lr=0.01)
    args: dict[str, Any] = {"max_epochs": 1, "enable_progress_bar": False}
    before = peak_memory()
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        litclf.fit(model, data, threads=1, default_root_dir=folder, **args)
        seconds = time.perf_counter() - begin
    peak = peak_memory()
    return {
        "samples": num_samples,
        "seconds": seconds,
        "data_mib": (x.nbytes + y.nbytes) / 2**20,
        "fit_mib": None if peak is None or before is None else peak - before,
    }


if __name__ == "__main__":
    print(json.dumps(grow(int(sys.argv[1]))))
