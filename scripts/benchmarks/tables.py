"""Tables: what drafted fits make of every table of a folder, beside scikit-learn's methods on the same rows.

    python scripts/benchmarks/tables.py FOLDER --target class --seeds 3 --members 8

Each CSV file of the folder is drafted by ``litclf init`` and trained on 64 % of its rows, stratified by the seed;
another 16 % choose the epoch and 20 % are the test. A rival learns from the same 64 % by its own defaults. Errors are
summed up by the shifted geometric mean over the tables, exp(mean(log(e + 0.01))) - 0.01, of the mean over the seeds.
A rival is better on a table where McNemar's exact test over the rows of all seeds says so, corrected after Holm for all
rivals. ``--without NAME=FLAGS`` trains the draft with other settings beside, such as
``--without bins="--data.bins 0"``. ``tables.json`` has all of it.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
import time
import warnings
from contextlib import chdir
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from own_data import command, fitted
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from litclf.inference.model import LoadedModel, load
from litclf.inference.rebuild import rebuild_data
from litclf.runs.checkpoint import Checkpoint
from litclf.utilities.statistics import holm, mcnemar
from litclf.utilities.text import aligned

RIVALS = {
    "logistic regression": partial(LogisticRegression, max_iter=1000),
    "random forest": RandomForestClassifier,
    "gradient boosting": HistGradientBoostingClassifier,
}


class Answer(NamedTuple):
    """What a method made of the test rows of one table and seed.

    Attributes:
        right: Whether each row got its class, shape ``(N,)``.
        log_loss: Mean log-loss over them.
        seconds: Processor seconds of the fit.
    """

    right: NDArray[np.bool_]
    log_loss: float
    seconds: float


def answers(table: Path, target: str, seed: int, ways: dict[str, list[str]]) -> dict[str, Answer]:
    """What each method makes of one table, split and drawn by ``seed``; of ours those with the flags of each way."""
    config = f"{table.stem}.yaml"
    if not Path(config).exists():
        command("init", str(table), "--target", target)
    split = ["--data.seed", str(seed), "--data.val_size", "0.16", "--data.test_size", "0.2"]
    found: dict[str, Answer] = {}
    data: Any = None
    for name, way in ways.items():
        begin = time.process_time()
        run = fitted(config, f"{table.stem}-{seed}-{len(found)}", *split, "--seed_everything", str(seed), *way)
        spent = time.process_time() - begin
        model = load(run)
        data = data or rebuild_data(Checkpoint.tested(run))
        found[name] = _judged(*_predicted(model, data), spent)
    return found | _of_rivals(data, seed)


def _predicted(model: LoadedModel, data: Any) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    said = model.predict(data.files.frames["test"])
    return said.probabilities, said.indexes, data.files.targets["test"]


def _of_rivals(data: Any, seed: int) -> dict[str, Answer]:
    columns = data.preparation.columns
    rows = {split: frame[columns].copy() for split, frame in data.files.frames.items()}
    for frame in rows.values():
        for name in columns:
            frame[name] = frame[name].astype(float if name in data.preparation.numbers else object)
            if name in data.preparation.categories:
                frame[name] = frame[name].where(frame[name].notna(), "missing").astype(str)
    targets, found = data.files.targets, {}
    for name, make in RIVALS.items():
        numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
        coded = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
        inputs = make_column_transformer(
            (numbers, make_column_selector(dtype_include="number")),
            (coded, make_column_selector(dtype_exclude="number")),
        )
        begin = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fit = make_pipeline(inputs, make(random_state=seed)).fit(rows["train"], targets["train"])
        spent = time.process_time() - begin
        said = fit.predict_proba(rows["test"])
        found[name] = _judged(said, fit.classes_[said.argmax(1)], targets["test"], spent)
    return found


def _judged(said: NDArray[Any], classes: NDArray[Any], truth: NDArray[np.int64], spent: float) -> Answer:
    own = np.clip(said[np.arange(len(truth)), truth], 1e-7, 1)
    return Answer(classes == truth, float(-np.log(own).mean()), spent)


def shifted(errors: list[float]) -> float:
    """The shifted geometric mean of errors."""
    return float(np.exp(np.mean(np.log(np.array(errors) + 0.01))) - 0.01)


def summed_up(found: dict[str, list[dict[str, Answer]]]) -> dict[str, Any]:
    """Errors, log-losses and seconds by method, and p-values of who is better, of the answers by table and seed."""
    methods = list(next(iter(found.values()))[0])
    errors = {
        m: [float(np.mean([1 - own[m].right.mean() for own in seeds])) for seeds in found.values()] for m in methods
    }
    mean = {m: {"error": shifted(errors[m])} for m in methods}
    for name in methods:
        every = [own[name] for seeds in found.values() for own in seeds]
        mean[name] |= {"log-loss": float(np.mean([one.log_loss for one in every]))}
        mean[name] |= {"seconds": float(np.sum([one.seconds for one in every]))}
    tables: dict[str, Any] = {}
    for place, (table, seeds) in enumerate(found.items()):
        rights = {m: np.concatenate([own[m].right for own in seeds]) for m in methods}
        first, others = rights[methods[0]], [m for m in methods if m in RIVALS]
        tests = [mcnemar(int((first & ~rights[m]).sum()), int((~first & rights[m]).sum())) for m in others]
        better = [m for m, p in zip(others, holm(tests), strict=True) if p < 0.05 and rights[m].sum() > first.sum()]
        tables[table] = {"errors": {m: errors[m][place] for m in methods}, "better": better}
    return {"methods": mean, "tables": tables}


def main() -> int:
    """Measures every table; prints and writes what came of it."""
    parser = argparse.ArgumentParser(description="Measures drafted fits of the tables of a folder beside rivals.")
    parser.add_argument("folder", type=Path, help="CSV files, each with the target")
    parser.add_argument("--target", default="class", help="the column of the class")
    parser.add_argument("--seeds", type=int, default=3, help="seeds of the split and of the weights")
    parser.add_argument("--members", type=int, default=1, help="also train so many members, which predict together")
    parser.add_argument("--without", metavar="NAME=FLAGS", action="append", default=[], help="also with these settings")
    parser.add_argument("--only", nargs="+", help="names of the tables; all of the folder otherwise")
    parser.add_argument("--output", type=Path, default=Path(), help="folder of tables.json")
    args = parser.parse_args()
    torch.set_num_threads(1)
    tables = [path.resolve() for path in sorted(args.folder.glob("*.csv")) if path.stem in (args.only or [path.stem])]
    if not tables:
        parser.error(f"{args.folder} has no such CSV files")
    ways: dict[str, list[str]] = {"litclf": []}
    if args.members > 1:
        ways[f"litclf, {args.members} members"] = ["--members", str(args.members)]
    ways |= {
        f"litclf without {name}": shlex.split(flags) for name, flags in (way.split("=", 1) for way in args.without)
    }
    found: dict[str, list[dict[str, Answer]]] = {}
    output = args.output.resolve()
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        for table in tables:
            found[table.stem] = [answers(table, args.target, seed, ways) for seed in range(args.seeds)]
            latest = summed_up(found)["tables"][table.stem]
            cells = " ".join(f"{name} {100 * error:.2f} %" for name, error in latest["errors"].items())
            print(f"{table.stem}: {cells}; better: {', '.join(latest['better']) or 'none'}", flush=True)
    told = summed_up(found)
    rows = [["method", "error", "log-loss", "seconds"]]
    rows += [
        [m, *(f"{own[key]:.4f}" for key in ("error", "log-loss", "seconds"))] for m, own in told["methods"].items()
    ]
    print("\n".join(aligned(rows)))
    output.mkdir(parents=True, exist_ok=True)
    (output / "tables.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
