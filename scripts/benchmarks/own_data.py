"""Own data: what litclf makes of a newcomer's tables and images by ``litclf init``, a fit and predictions.

    python scripts/benchmarks/own_data.py --mnist DATA_DIR --large

About two minutes on two shared cores without MNIST and the large file. ``own_data.json`` has the same tables. The exit
code is 1 where something claimed was not met.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import chdir, redirect_stdout, suppress
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml
from claim import LITCLF, Claim, report
from own_sources import TABLES, write_images, write_large, write_pictures
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from litclf import TableDataModule
from litclf.cli.main import main as run_litclf
from litclf.inference.rebuild import rebuild_data
from litclf.runs.checkpoint import Checkpoint
from litclf.utilities.statistics import student

TWO_POINTS = 0.02


def command(*args: str) -> str:
    """What ``litclf`` prints when it is run with ``args`` in this process."""
    with redirect_stdout(StringIO()) as printed:
        code = run_litclf([*args])
    if code:
        raise SystemExit(f"litclf {' '.join(args)} ended with exit code {code}")
    return printed.getvalue()


def fitted(config: str, name: str, *settings: str) -> Path:
    """The run folder of a fit, whose name is new."""
    plain = ["--pictures", "false", "--trainer.enable_progress_bar", "false", "--trainer.logger", "false"]
    command("fit", "-c", config, "--name", name, *plain, *settings)
    return Path("lightning_logs", name, "version_0")


def metrics(run: Path) -> dict[str, Any]:
    """The content of its ``metrics.json``."""
    content: dict[str, Any] = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return content


def tables(seeds: int) -> Claim:
    """Test accuracy of drafted fits and of scikit-learn's network, on the same splits."""
    rows: list[dict[str, Any]] = []
    verdicts = {}
    for name, write in TABLES.items():
        write()
        command("init", f"{name}.csv")
        ours, theirs = np.array([_compared(name, seed) for seed in range(seeds)]).T
        difference = ours - theirs
        low, high = student(difference.tolist())
        near = f"{int((difference > -TWO_POINTS - 1e-9).sum())} of {seeds}"
        row = {"table": name, "litclf %": 100 * mean(ours), "MLPClassifier %": 100 * mean(theirs)}
        row |= {"difference": 100 * mean(difference), "low": 100 * low}
        rows.append(row | {"high": 100 * high, "within two points": near})
        verdicts[f"{name}: on average within two points of MLPClassifier"] = bool(mean(difference) >= -TWO_POINTS)
    about = f"test accuracy after init and fit, {seeds} seeds of split and weights; difference with its 95 % interval"
    return Claim(about, rows, verdicts)


def _compared(name: str, seed: int) -> tuple[float, float]:
    """Test accuracy of the drafted fit, and of MLPClassifier on the same rows."""
    run = fitted(f"{name}.yaml", f"{name}-{seed}", "--data.seed", str(seed), "--seed_everything", str(seed))
    data: Any = TableDataModule(**_settings(f"{name}.yaml") | {"seed": seed})
    columns = data.preparation.columns
    rows = {split: frame[columns].astype(float) for split, frame in data.files.frames.items()}
    targets = data.files.targets
    scores = []
    # Its own 200 passes often end before it has converged; the better of the two counts, by the test itself.
    for passes in (200, 2000):
        network = MLPClassifier(max_iter=passes, random_state=seed)
        pipeline = make_pipeline(SimpleImputer(), StandardScaler(), network)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            pipeline.fit(rows["train"], targets["train"])
        scores.append(float(pipeline.score(rows["test"], targets["test"])))
    right = round(metrics(run)["test/accuracy"] * len(rows["test"]))
    return right / len(rows["test"]), max(scores)


def _settings(config: str) -> dict[str, Any]:
    """The arguments of the data in a config."""
    arguments: dict[str, Any] = yaml.safe_load(Path(config).read_text(encoding="utf-8"))["data"]["init_args"]
    return arguments


def images(seeds: int) -> Claim:
    """Test accuracy of drafted fits on digits as PNG files."""
    command("init", str(write_pictures(Path("digits"))), "--output", "pictures.yaml")
    rows: list[dict[str, Any]] = []
    for seed in range(seeds):
        begin = time.perf_counter()
        seeded = ["--data.seed", str(seed), "--seed_everything", str(seed)]
        run = fitted("pictures.yaml", f"pictures-{seed}", *seeded)
        rows.append({"seed": seed, "accuracy %": 100 * metrics(run)["test/accuracy"]})
        rows[-1]["seconds"] = time.perf_counter() - begin
    average = mean(row["accuracy %"] for row in rows)
    return Claim("test accuracy on digits as PNG", rows, {f"98 % on average, got {average:.2f} %": average >= 98})


def agreement(mnist: str | None) -> Claim:
    """Right predictions of raw inputs, against what the test at the end of the fit counted."""
    rows: list[dict[str, Any]] = []
    for kind, run, source, targets in _fits(mnist):
        command("predict", "--ckpt_path", str(run), "--input", str(source), "--output", "predicted.csv")
        written = pd.read_csv("predicted.csv", dtype={"predicted": str})
        # Image files are predicted in the order of their names, which begin with their class.
        truth = written["file"].str.split("/").str[0] if targets is None else np.array(targets)
        right, counted = int((written["predicted"] == truth).sum()), metrics(run)["test/accuracy"] * len(written)
        rows.append({"data": kind, "samples": len(written), "right by predict": right, "by test": round(counted)})
    verdicts = {
        f"{row['data']}: the same to the last sample": row["right by predict"] == row["by test"] for row in rows
    }
    return Claim("samples of the test split that got their class", rows, verdicts)


def _fits(mnist: str | None) -> Iterator[tuple[str, Path, Path, list[str] | None]]:
    """Runs, and their test splits as raw inputs: a table and its classes, or a folder of images in class folders."""
    for preset in ("circles", "blobs"):
        run = fitted(preset, f"agree-{preset}")
        data: Any = rebuild_data(Checkpoint.tested(run))
        x, y = data.splits["test"]
        pd.DataFrame(x.double().numpy(), columns=data.preparation.columns).to_csv(f"{preset}.csv", index=False)
        yield preset, run, Path(f"{preset}.csv"), [data.class_names[index] for index in y.tolist()]
    TABLES["wine"]()
    command("init", "wine.csv", "--output", "table.yaml")
    data = rebuild_data(Checkpoint.tested(run := fitted("table.yaml", "agree-table")))
    data.files.frames["test"].to_csv("table.csv", index=False)
    yield "table", run, Path("table.csv"), [data.class_names[index] for index in data.files.targets["test"]]
    command("init", str(write_pictures(Path("pictures"))), "--output", "images.yaml")
    data = rebuild_data(Checkpoint.tested(run := fitted("images.yaml", "agree-images")))
    for path in data.files["test"].paths:
        copy = Path("test-pictures", *path.parts[-2:])
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    yield "images", run, Path("test-pictures"), None
    if mnist is not None:
        data = rebuild_data(
            Checkpoint.tested(
                run := fitted("mnist", "agree-mnist", "--data.data_dir", mnist, "--trainer.max_epochs", "1")
            )
        )
        x, y = data.splits["test"]
        classes = [data.class_names[index] for index in y.tolist()]
        yield "mnist", run, write_images(x.reshape(-1, 28, 28).numpy(), classes, Path("test-mnist")), None


_LESSON = """
import sys, torch
from torch.nn import Linear, ReLU, Sequential
network = Sequential(Linear(2, 5), ReLU(), Linear(5, 1))
network.load_state_dict(torch.load(sys.argv[1], weights_only=True))
print(float(network(torch.tensor([[-1.0, 1.0]])).sigmoid()))
"""


def lesson() -> Claim:
    """The lesson of the merged blobs: a fit, its weights in a .pt file, a new network in a fresh process, a point."""
    run = str(fitted("merged-blobs", "lesson"))
    command("export", "--ckpt_path", run, "--format", "state_dict", "--output", "lesson.pt")
    fresh = subprocess.run([sys.executable, "-c", _LESSON, "lesson.pt"], capture_output=True, text=True, check=True)
    answer = command("predict", "--ckpt_path", run, "--no-calibration", "--point=-1,1")
    printed = [float(line.split()[-1]) for line in answer.splitlines() if line.startswith("probability of")][1]
    row = {"state_dict in a fresh process": float(fresh.stdout), "predict --point=-1,1": printed}
    return Claim("probability of class 1 at (-1, 1)", [row], {"the same": abs(printed - float(fresh.stdout)) < 2e-6})


def large(gigabytes: float = 2.0) -> Claim:
    """Memory that a prediction of a large CSV takes."""
    write_large(Path("small.csv"), 0.0005)
    write_large(Path("large.csv"), gigabytes)
    command("init", "small.csv", "--output", "large.yaml")
    run = fitted("large.yaml", "large")
    begin = time.perf_counter()
    memory = peak_memory([*LITCLF, "predict", "--ckpt_path", str(run), "--input", "large.csv", "--output", "out.csv"])
    row = {"GB": Path("large.csv").stat().st_size / 1e9, "seconds": time.perf_counter() - begin, "peak MiB": memory}
    return Claim("peak memory of `litclf predict`", [row], {"under 1 GB": memory * 2**20 < 1e9})


def peak_memory(arguments: list[str]) -> float:
    """Largest resident memory of a command, with what its children hold beside it, in MiB."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    peak = 0.0
    while process.poll() is None:
        size, own = _memory(process.pid)
        children = map(_memory, _children(process.pid))
        # A child that has not begun its own program yet lives in the memory of its parent.
        peak = max(peak, own + sum(most for child_size, most in children if child_size != size))
        time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with exit code {process.returncode}")
    return peak


def _children(pid: int) -> Iterator[int]:
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # the thread has ended in the meantime
            for child in map(int, path.read_text(encoding="utf-8").split()):
                yield child
                yield from _children(child)


def _memory(pid: int) -> tuple[float, float]:
    """Address space, and largest resident memory so far, in MiB; zeros where the process has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0, 0.0
    values = {line.split()[0]: int(line.split()[1]) / 1024 for line in lines if line.startswith(("VmSize", "VmHWM"))}
    return values.get("VmSize:", 0.0), values.get("VmHWM:", 0.0)


def main() -> int:
    """Measures what was asked for; returns 0, or 1 where something was missed."""
    parser = argparse.ArgumentParser(description="Measures drafted fits of tables and images, and their predictions.")
    parser.add_argument(
        "--only", nargs="+", choices=("tables", "images", "agreement", "lesson"), help="default: all of them"
    )
    parser.add_argument("--seeds", type=int, default=5, help="seeds of the split and of the weights")
    parser.add_argument("--mnist", metavar="DATA_DIR", help="folder that holds MNIST/raw; without it mnist is skipped")
    parser.add_argument("--large", action="store_true", help="also predict a CSV of 2 GB")
    parser.add_argument("--output", type=Path, default=Path(), help="folder of own_data.json")
    args = parser.parse_args()
    if args.seeds < 2:
        parser.error(f"--seeds must be at least 2, got {args.seeds}")
    torch.set_num_threads(1)
    output, mnist = args.output.resolve(), None if args.mnist is None else str(Path(args.mnist).resolve())
    jobs = {"tables": lambda: tables(args.seeds), "images": lambda: images(args.seeds)}
    jobs |= {"agreement": lambda: agreement(mnist), "lesson": lesson}
    claims = {}
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        for name in args.only or jobs:
            claims[name] = jobs[name]()
            print(report(name, claims[name]), flush=True)
        if args.large:
            claims["large"] = large()
            print(report("large", claims["large"]), flush=True)
    output.mkdir(parents=True, exist_ok=True)
    record = {name: asdict(claim) for name, claim in claims.items()}
    (output / "own_data.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return int(not all(met for claim in claims.values() for met in claim.verdicts.values()))


if __name__ == "__main__":
    sys.exit(main())
