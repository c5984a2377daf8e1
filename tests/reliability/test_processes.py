"""Two processes against one, by the command line itself; and runs one of whose processes is killed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from sklearn.datasets import make_blobs

pytestmark = pytest.mark.slow

TOLERANCE = 1e-6
SECONDS = 60.0
LITCLF = [sys.executable, "-m", "litclf"]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "litclf"]
TWO = ("--trainer.devices", "2", "--trainer.strategy", "ddp", "--trainer.accelerator", "cpu")
CASES = (
    ("--data.steps_per_execution", "7", "--model.engine", "kernel"),
    ("--data.steps_per_execution", "1"),
    ("--data.steps_per_execution", "4", "--model.engine", "eager", "--model.optimizer", "adam", "--model.lr", "0.01"),
    ("--data.steps_per_execution", "4", "--model.engine", "kernel", "--model.optimizer", "adam", "--model.lr", "0.01"),
)


@pytest.mark.count(1, 8)
def test_processes(count, conclude, tmp_path):
    """Two gloo processes against one on 101 samples a split, which divide by nothing: weights and metrics alike."""
    good, largest = 0, 0.0
    data = write_samples(tmp_path)
    for number in range(count):
        settings = CASES[number % len(CASES)]
        args = ["fit", "--model", "BinaryClassifier", "--model.hidden_dims", "[8]"]
        args += ["--data", "TableDataModule", "--data.path", str(data), "--data.target", "y"]
        args += ["--data.split_column", "split", *settings, "--seed_everything", str(number)]
        args += ["--trainer.max_epochs", "3", "--trainer.default_root_dir", str(tmp_path), "--pictures", "false"]
        one = run([*LITCLF, *args, "--data.batch_size", "16", "--name", f"one{number}"])
        start = TORCHRUN if number % 2 else LITCLF
        two = run([*start, *args, *TWO, "--data.batch_size", "8", "--name", f"two{number}"])
        if one == two == 0:
            folders = [tmp_path / "lightning_logs" / f"{name}{number}" / "version_0" for name in ("one", "two")]
            weights, metrics = differences(*folders)
            largest = max(largest, weights)
            good += weights <= TOLERANCE and metrics <= 1e-5
    conclude(good, count, f"weights differ by {largest:.1e} at most; started by litclf and torchrun in turn")


@pytest.mark.count(1, 10)
def test_dead_processes(count, conclude, tmp_path):
    """A run of two processes, one of which is killed at a random moment: it ends within a minute, without orphans."""
    good, slowest = 0, 0.0
    chance = random.Random(0)
    for number in range(count):
        name = f"dead{number}"
        args = [*LITCLF, "fit", "-c", "circles", *TWO, "--trainer.max_epochs", "1000", "--name", name]
        args += ["--trainer.default_root_dir", str(tmp_path), "--pictures", "false"]
        started = subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(1, 30))
        os.kill(chance.choice(processes_of(name)), signal.SIGKILL)
        begin = time.monotonic()
        while processes_of(name) and time.monotonic() - begin < SECONDS:
            started.poll()
            time.sleep(0.2)
        slowest = max(slowest, time.monotonic() - begin)
        left = processes_of(name)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        good += started.wait() != 0 and not left
    conclude(good, count, f"ended after {slowest:.1f} s at most")


def write_samples(root):
    x, y = make_blobs(303, centers=2, cluster_std=4.0, random_state=0)
    splits = ("train", "val", "test")
    rows = [
        f"{a!r},{b!r},c{target},{splits[row % 3]}"
        for row, ((a, b), target) in enumerate(zip(x.tolist(), y, strict=True))
    ]
    path = root / "samples.csv"
    path.write_text("\n".join(["a,b,y,split", *rows]) + "\n", encoding="utf-8")
    return path


def run(args):
    done = subprocess.run(args, capture_output=True, text=True, timeout=300)
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
    return done.returncode


def differences(one, two):
    """Largest difference of a weight, and of a metric."""
    first, second = (
        torch.load(run / "checkpoints" / "last.ckpt", map_location="cpu", weights_only=True)["state_dict"]
        for run in (one, two)
    )
    weights = max(float((second[name] - weight).abs().max()) for name, weight in first.items())
    results = [json.loads((run / "metrics.json").read_text(encoding="utf-8")) for run in (one, two)]
    stages = [name for name in results[0] if name.split("/")[0] in ("train", "val", "test")]
    return weights, max(abs(results[1][name] - results[0][name]) for name in stages)


def processes_of(name):
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
