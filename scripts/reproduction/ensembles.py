"""Ensembles against their members: eight members on tables and images, each by the commands that a user types.

    python scripts/reproduction/ensembles.py --tables FOLDER

scikit-learn's own tables and digits, and others that it makes; with ``--tables`` each CSV file of a folder beside. The
target is its column ``class``, or the last. Accuracy and log-loss on the test split: the mean of the members with its
95 % interval, and all of them together; and how far the exported ONNX file differs. Three minutes of processor time,
half of it for the images. ``ensembles.json`` has the same table; the exit code is 1 where the ensemble is better in
neither on more than a fifth of the sets, or a file differs by more than 1e-5.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from sklearn import datasets

from litclf.cli.main import main as litclf
from litclf.runs.find import find_tested, run_folder
from litclf.utilities.text import aligned

HEADINGS = ("data", "rows", "accuracy: mean of members", "together", "log-loss: mean of members", "together", "ONNX")
PARITY = 1e-5
"""Difference of probabilities between the checkpoint and its ONNX file that is none."""


@dataclass(frozen=True)
class Outcome:
    """What members are worth on one set, on average and together, on its test split."""

    data: str
    rows: int
    accuracy: dict[str, float]
    loss: dict[str, float]
    together: dict[str, float]
    onnx: float

    @property
    def better(self) -> dict[str, bool]:
        """Whether all together are better than the mean of them, by metric."""
        return {
            "accuracy": self.together["accuracy"] > self.accuracy["mean"],
            "loss": self.together["loss"] < self.loss["mean"],
        }

    def row(self) -> list[str]:
        """The outcome as a row of the table."""
        spreads = [f"{own['mean']:.4f} ({own['low']:.4f} to {own['high']:.4f})" for own in (self.accuracy, self.loss)]
        accuracy, loss = (f"{self.together[name]:.4f}" for name in ("accuracy", "loss"))
        return [self.data, str(self.rows), spreads[0], accuracy, spreads[1], loss, f"{self.onnx:.0e}"]


def as_table(load: Callable[[], Any], folder: Path) -> Path:
    """A data set of scikit-learn as a CSV file, with its names of columns and classes."""
    found = load()
    x, y = (found.data, found.target) if hasattr(found, "data") else found
    names = getattr(found, "feature_names", None)
    frame = pd.DataFrame(x, columns=names if names is not None else [f"x{n}" for n in range(x.shape[1])])
    classes = getattr(found, "target_names", None)
    frame["class"] = [f"class {n}" for n in y] if classes is None else [str(classes[n]) for n in y]
    frame.to_csv(folder / "rows.csv", index=False)
    return folder / "rows.csv"


def as_images(folder: Path) -> Path:
    """scikit-learn's digits as files of 8 x 8 grey pixels, a folder for each class."""
    digits = datasets.load_digits()
    for number, (pixels, target) in enumerate(zip(digits.images, digits.target, strict=True)):
        path = folder / "images" / str(target) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((pixels * 255 / 16).astype(np.uint8)).save(path)
    return folder / "images"


def sources(tables: Path | None) -> Iterator[tuple[str, Callable[[Path], Path]]]:
    """Name of each set, and what makes its files in a folder and tells which they are."""
    made: dict[str, Any] = {"n_samples": 1000, "random_state": 0}
    loaded: dict[str, Callable[[], Any]] = {
        "iris": datasets.load_iris,
        "wine": datasets.load_wine,
        "breast cancer": datasets.load_breast_cancer,
        "digits": datasets.load_digits,
        "moons": partial(datasets.make_moons, noise=0.3, **made),
        "circles": partial(datasets.make_circles, noise=0.2, factor=0.5, **made),
        "gaussian quantiles": partial(datasets.make_gaussian_quantiles, n_features=6, n_classes=3, **made),
        "clusters": partial(datasets.make_blobs, centers=5, cluster_std=3.0, **made),
        "classification": partial(datasets.make_classification, n_informative=6, n_classes=3, flip_y=0.1, **made),
        "hastie": partial(datasets.make_hastie_10_2, **made),
    }
    yield from ((name, partial(as_table, load)) for name, load in loaded.items())
    yield "digits as images", as_images
    for path in sorted(tables.glob("*.csv")) if tables is not None else ():
        yield path.stem, partial(_as_it_is, path)


def _as_it_is(path: Path, _: Path) -> Path:
    return path


def measured(name: str, source: Path, folder: Path, members: int) -> Outcome:
    """Drafts a config for the data, trains members by it and exports them, each by its command."""
    config, runs = folder / "own.yaml", folder / "lightning_logs" / "own"
    target = () if source.is_dir() else ("--target", _target(source))
    quiet = ("--pictures", "false", "--trainer.enable_progress_bar", "false")
    fit = ["fit", "-c", str(config), "--members", str(members), *quiet, "--trainer.default_root_dir", str(folder)]
    export = ["export", "--format", "onnx", "--ckpt_path", str(runs)]
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()) as said:
        for command in (["init", str(source), *target, "--output", str(config)], fit, export):
            if litclf(command):
                raise SystemExit(f"litclf {' '.join(command)} failed: {said.getvalue()}")
    run = run_folder(find_tested(runs))
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    (exported,) = json.loads((run / "export.json").read_text(encoding="utf-8")).values()
    counts, told = metrics["facts"], metrics["members"]["metrics"]
    return Outcome(
        name,
        sum(counts[f"num_{split}"] for split in ("train", "val", "test")),
        told["test/accuracy"],
        told["test/loss"],
        {name: metrics[f"ensemble/{name}"] for name in ("accuracy", "loss")},
        exported["max_difference"],
    )


def _target(source: Path) -> str:
    names = list(pd.read_csv(source, nrows=0).columns)
    return "class" if "class" in names else str(names[-1])


def main() -> int:
    """Trains on all sets; returns 0, or 1 where ensembles are not worth what they are said to be."""
    parser = argparse.ArgumentParser(description="Holds ensembles of members against the mean of their members.")
    parser.add_argument("--tables", type=Path, metavar="FOLDER", help="folder of further CSV files")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="names of sets; default: all")
    parser.add_argument("--members", type=int, default=8)
    parser.add_argument("--output", type=Path, default=Path(), help="folder of ensembles.json")
    args = parser.parse_args()
    outcomes = []
    for name, make in sources(args.tables):
        if args.only is None or name in args.only:
            with tempfile.TemporaryDirectory() as folder:
                outcomes.append(measured(name, make(Path(folder)), Path(folder), args.members))
    print("\n".join(aligned([HEADINGS, *(own.row() for own in outcomes)], between=" | ")))
    for metric in ("accuracy", "loss"):
        print(f"together better in {metric}: {sum(own.better[metric] for own in outcomes)} of {len(outcomes)}")
    args.output.mkdir(parents=True, exist_ok=True)
    record = json.dumps([asdict(own) for own in outcomes], indent=2)
    (args.output / "ensembles.json").write_text(record + "\n", encoding="utf-8")
    worth = sum(any(own.better.values()) for own in outcomes) >= 0.8 * len(outcomes)
    return 0 if worth and all(own.onnx <= PARITY for own in outcomes) else 1


if __name__ == "__main__":
    raise SystemExit(main())
