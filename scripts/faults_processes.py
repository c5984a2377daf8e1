"""Two processes against one, by the command line itself; and runs one of whose processes is killed.

Each experiment takes the number of trials and returns how many went right, of how many, and a line on them. The
experiments are run by `scripts/faults.py`.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from sklearn.datasets import make_blobs

TOLERANCE = 1e-6
_SECONDS = 60.0
_TWO = ("--trainer.devices", "2", "--trainer.strategy", "ddp", "--trainer.accelerator", "cpu")
_CASES = (
    ("--data.batch_size", "--data.steps_per_execution", "7"),
    ("--data.batch_size", "--data.steps_per_execution", "1"),
    ("--data.batch_size", "--data.steps_per_execution", "4", "--model.optimizer", "adam", "--model.lr", "0.01"),
)


def processes(n: int) -> tuple[int, int, str]:
    """Two gloo processes against one on 101 samples a split, which divide by nothing: weights and metrics alike."""
    good, largest = 0, 0.0
    with tempfile.TemporaryDirectory() as root:
        data = _write_samples(Path(root))
        for number in range(n):
            flag, *settings = _CASES[number % len(_CASES)]
            torchrun = number % 2 == 1
            args = ["fit", "--model", "BinaryClassifier", "--model.hidden_dims", "[8]", "--model.engine", "eager"]
            args += ["--data", "TableDataModule", "--data.path", str(data), "--data.target", "y"]
            args += ["--data.split_column", "split", *settings, "--seed_everything", str(number)]
            args += ["--trainer.max_epochs", "3", "--trainer.default_root_dir", root, "--pictures", "false"]
            one = _run([*_LITCLF, *args, flag, "16", "--name", f"one{number}"])
            start = _TORCHRUN if torchrun else _LITCLF
            two = _run([*start, *args, *_TWO, flag, "8", "--name", f"two{number}"])
            runs = [Path(root) / "lightning_logs" / f"{name}{number}" / "version_0" for name in ("one", "two")]
            if one == two == 0:
                weights, metrics = _differences(*runs)
                largest = max(largest, weights)
                good += weights <= TOLERANCE and metrics <= 1e-5
    return good, n, f"weights differ by {largest:.1e} at most; started by litclf and torchrun in turn"


def dead_processes(n: int) -> tuple[int, int, str]:
    """A run of two processes, one of which is killed at a random moment: it ends within a minute, without orphans."""
    good, slowest = 0, 0.0
    chance = random.Random(0)
    with tempfile.TemporaryDirectory() as root:
        for number in range(n):
            name = f"dead{number}"
            args = [*_LITCLF, "fit", "-c", "circles", *_TWO, "--trainer.max_epochs", "1000", "--name", name]
            args += ["--trainer.default_root_dir", root, "--pictures", "false"]
            run = subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(1, 30))
            own = _processes_of(name)
            os.kill(chance.choice(own), signal.SIGKILL)
            begin = time.monotonic()
            while _processes_of(name) and time.monotonic() - begin < _SECONDS:
                run.poll()
                time.sleep(0.2)
            seconds = time.monotonic() - begin
            left = _processes_of(name)
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            good += not left and run.wait() != 0
            slowest = max(slowest, seconds)
    return good, n, f"ended after {slowest:.1f} s at most"


EXPERIMENTS = {"processes": processes, "dead_processes": dead_processes}

_LITCLF = [sys.executable, "-m", "litclf"]
_TORCHRUN = [
    sys.executable,
    "-m",
    "torch.distributed.run",
    "--standalone",
    "--nproc_per_node",
    "2",
    "-m",
    "litclf",
]


def _write_samples(root: Path) -> Path:
    x, y = make_blobs(303, centers=2, cluster_std=4.0, random_state=0)
    splits = ("train", "val", "test")
    rows = [
        f"{a!r},{b!r},c{target},{splits[row % 3]}"
        for row, ((a, b), target) in enumerate(zip(x.tolist(), y, strict=True))
    ]
    path = root / "samples.csv"
    path.write_text("\n".join(["a,b,y,split", *rows]) + "\n", encoding="utf-8")
    return path


def _run(args: list[str]) -> int:
    done = subprocess.run(args, capture_output=True, text=True, timeout=300)
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
    return done.returncode


def _differences(one: Path, two: Path) -> tuple[float, float]:
    """Largest difference of a weight, and of a metric."""
    first, second = (
        torch.load(run / "checkpoints" / "last.ckpt", map_location="cpu", weights_only=True)["state_dict"]
        for run in (one, two)
    )
    weights = max(float((second[name] - weight).abs().max()) for name, weight in first.items())
    results: list[dict[str, Any]] = [
        json.loads((run / "metrics.json").read_text(encoding="utf-8")) for run in (one, two)
    ]
    stages = [name for name in results[0] if name.split("/")[0] in ("train", "val", "test")]
    return weights, max(abs(results[1][name] - results[0][name]) for name in stages)


def _processes_of(name: str) -> list[int]:
    """Live processes whose command line holds the run's name."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                command = (folder / "cmdline").read_bytes()
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if name.encode() in command.split(b"\0") and state != "Z":
                found.append(int(folder.name))
    return found
