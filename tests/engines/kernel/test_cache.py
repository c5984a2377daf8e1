"""The kernels compute the same bits in the process that had them compiled and in those that found them so."""

import os
import subprocess
import sys

import pytest

FIT = """
import hashlib, sys, torch
from litclf import BlobsDataModule, MulticlassClassifier, fit
data = BlobsDataModule(num_samples=500, num_features=30, cluster_std=9.0, steps_per_execution=50, repeat=10)
model = MulticlassClassifier(hidden_dims=[100, 20], optimizer="adam", lr=0.01, engine="kernel")
fit(model, data, max_epochs=2, enable_progress_bar=False, default_root_dir=sys.argv[1])
weights = torch.cat([value.flatten() for value in model.state_dict().values()])
print(hashlib.sha256(weights.numpy().tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_the_first_fit_on_a_machine_has_the_bits_of_the_second(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    lines = []
    for name in ("first", "second"):
        command = [sys.executable, "-c", FIT, str(tmp_path / name)]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        lines.append(run.stdout.splitlines()[-1])
    assert any((tmp_path / "cache").rglob("wide*.nbc"))
    assert lines[0] == lines[1]
