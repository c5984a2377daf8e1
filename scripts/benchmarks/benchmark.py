"""Benchmark: litclf beside other ways to do the same fits, one thread each, contenders alternating by round.

    python scripts/benchmarks/benchmark.py --mnist DATA_DIR --output FOLDER

Prints a table a job and writes ``benchmark.json`` and ``benchmark.png``. Seconds are the median over the rounds, with
their range; the ratio is the baseline's seconds over the contender's, taken round by round, so that a slow minute of
the machine slows both sides. Memory and ``cold`` come from one more run of each contender in a process of its own, in
which all libraries are loaded for all contenders, and the data read; "of the fit" is what came on top of that. The
floor is what the multiplications of the fit would take at the machine's own matmul rate. Then come the claims of
`claims.py`, all of them or those named.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from math import nan
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib
import torch
from claim import Claim, report
from claims import CLAIMS
from contenders import BASELINE, CONTENDERS, Job, Outcome, jobs, warm_up
from machine import hardware, matmul_rate, peak_memory
from threadpoolctl import threadpool_limits

from litclf.utilities.text import aligned

matplotlib.use("Agg")


def operations(job: Job, num_samples: int) -> float:
    """Floating-point operations of the matrix products of a fit: forward, and both sides of backward."""
    weights = job.weights
    # Nothing flows back to the inputs, so the first layer has two products and the others three.
    return 2.0 * (3 * sum(weights) - weights[0]) * num_samples * job.passes


def probe(job: Job, contender: str) -> dict[str, float | None]:
    """Seconds of one run in this fresh process, and its peak memory before the run and after it."""
    job.data()
    before = peak_memory()
    outcome = CONTENDERS[contender](job)
    return {"cold_seconds": scaled(job, outcome), "memory_before_mib": before, "memory_peak_mib": peak_memory()}


def probed(job: Job, contender: str) -> dict[str, float | None]:
    """:func:`probe`, in a process of its own."""
    command = [sys.executable, __file__, "--probe", job.name, contender]
    command += ["--epochs", str(job.epochs), "--mnist", job.data_dir] if job.data_dir else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"the probe of {contender} on {job.name} failed:\n{done.stderr}")
    figures: dict[str, float | None] = json.loads(done.stdout.splitlines()[-1])
    return figures


def scaled(job: Job, outcome: Outcome) -> float:
    """Seconds of the whole job, where a contender ran only some of its passes."""
    return outcome.seconds * job.passes / outcome.passes


def measure(job: Job, rounds: int, rate: float) -> dict[str, Any]:
    """Runs all contenders of a job, in turn, in every round."""
    num_samples = len(job.data().splits["train"].y)
    steps = job.passes * -(-num_samples // (job.batch_size or num_samples))
    outcomes: dict[str, list[Outcome]] = {name: [] for name in CONTENDERS}
    for number in range(rounds):
        # Every other round backwards, so that no contender always runs after the same one.
        for name in list(CONTENDERS)[:: -1 if number % 2 else 1]:
            with threadpool_limits(1):
                torch.set_num_threads(1)
                outcomes[name].append(CONTENDERS[name](job))
            print(f"{job.name}, round {number + 1}: {name} {scaled(job, outcomes[name][-1]):.2f} s", file=sys.stderr)
    base = [scaled(job, outcome) for outcome in outcomes[BASELINE]]
    figures: dict[str, Any] = {}
    for name, runs in outcomes.items():
        seconds = [scaled(job, outcome) for outcome in runs]
        ratios = [theirs / own for theirs, own in zip(base, seconds, strict=True)]
        middle = median(seconds)
        figures[name] = {
            "seconds": seconds,
            "median_seconds": middle,
            "steps_per_second": steps / middle,
            "samples_per_second": num_samples * job.passes / middle,
            "ratio": median(ratios),
            "ratios": ratios,
            "loss": runs[-1].loss,
            "ran_passes": runs[-1].passes,
            **probed(job, name),
        }
    floor = operations(job, num_samples) / rate
    return {
        "steps": steps,
        "passes": job.passes,
        "samples": num_samples,
        "floor_seconds": floor,
        "contenders": figures,
    }


HEADINGS = (
    *("contender", "seconds", "(min..max)", "cold", "steps/s", "samples/s"),
    *("ratio", "(min..max)", "loss", "MiB peak", "of the fit"),
)


def table(name: str, result: dict[str, Any]) -> str:
    """The figures of a job as text, a line a contender."""
    head = (
        f"\n{name}: {result['steps']} steps in {result['passes']} passes over {result['samples']} samples; "
        f"arithmetic floor {result['floor_seconds']:.2g} s"
    )
    contenders: dict[str, dict[str, Any]] = result["contenders"]
    rows = [_cells(contender, own, result["passes"]) for contender, own in contenders.items()]
    notes = [
        f"* ran {own['ran_passes']} of {result['passes']} passes; seconds are scaled, the loss is not"
        for own in contenders.values()
        if own["ran_passes"] != result["passes"]
    ]
    return "\n".join([head, *aligned([HEADINGS, *rows]), *notes])


def _cells(contender: str, own: dict[str, Any], passes: int) -> list[str]:
    """A contender as a row of the table."""
    seconds, ratios = own["seconds"], own["ratios"]
    before, peak = own["memory_before_mib"] or nan, own["memory_peak_mib"] or nan
    return [
        *(contender, f"{own['median_seconds']:.3f}", f"({min(seconds):.3f}..{max(seconds):.3f})"),
        *(f"{own['cold_seconds']:.3f}", f"{own['steps_per_second']:.0f}", f"{own['samples_per_second']:.0f}"),
        *(f"{own['ratio']:.2f}", f"({min(ratios):.2f}..{max(ratios):.2f})"),
        f"{own['loss']:.5f}{' ' if own['ran_passes'] == passes else '*'}",
        *(f"{peak:.0f}", f"{peak - before:.0f}"),
    ]


def draw(results: dict[str, Any], commands: list[dict[str, Any]], path: Path) -> None:
    """Bars of the ratios, a panel a job with the range over the rounds, and of the seconds of whole commands."""
    from matplotlib import pyplot as plt

    count = len(results) + bool(commands)
    figure, axes = plt.subplots(1, count, figsize=(5 * count, 3.2), squeeze=False)
    for panel, (name, result) in zip(axes[0], results.items(), strict=False):
        own = result["contenders"]
        ratios = [own[contender]["ratio"] for contender in own]
        below = [own[contender]["ratio"] - min(own[contender]["ratios"]) for contender in own]
        above = [max(own[contender]["ratios"]) - own[contender]["ratio"] for contender in own]
        _bars(panel, list(own), ratios, xerr=[below, above], capsize=3)
        panel.axvline(1, color="black", linewidth=1, linestyle="--")
        panel.set(title=name, xlabel=f"times as fast as the {BASELINE}")
    if commands:
        _bars(axes[0][-1], [row["command"] for row in commands], [row["median"] for row in commands])
        axes[0][-1].set(title="whole commands", xlabel="seconds, from start to end of the process")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _bars(panel: Any, names: list[str], values: list[float], **args: Any) -> None:
    """A bar a name, the first on top, with its value."""
    panel.barh(names, values, color=["tab:blue" if name.startswith("litclf") else "tab:gray" for name in names], **args)
    for position, value in enumerate(values):
        panel.annotate(f"{value:.2f}", (0, position), xytext=(4, 0), textcoords="offset points", va="center")
    panel.invert_yaxis()


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description="Measures litclf beside other ways to do the same fits.")
    parser.add_argument("--jobs", nargs="*", choices=list(jobs(None)), default=list(jobs(None)))
    parser.add_argument("--claims", nargs="*", choices=list(CLAIMS), default=list(CLAIMS), help="none after it: none")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each contender")
    parser.add_argument("--epochs", type=int, default=1, help="epochs of mnist in each run of a contender")
    parser.add_argument("--mnist", metavar="DATA_DIR", help="folder that holds MNIST/raw; without it mnist is skipped")
    parser.add_argument("--output", type=Path, default=Path("lightning_logs/benchmark"), help="folder of the results")
    parser.add_argument("--probe", nargs=2, metavar=("JOB", "CONTENDER"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.rounds < 1 or args.epochs < 1:
        parser.error(f"--rounds and --epochs must be at least 1, got {args.rounds} and {args.epochs}")
    return args


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measures jobs and claims, prints them, and gives back the record of it all."""
    rate, begin_load = matmul_rate(), os.getloadavg()[0]
    packages = {name: version(name) for name in ("litclf", "torch", "lightning", "scikit-learn", "numpy")}
    print(f"{hardware()}; float32 matmul {rate / 1e9:.1f} GFLOP/s on one thread; load {begin_load:.1f} at the start")
    warm_up()
    results = {}
    for name in args.jobs:
        results[name] = measure(jobs(args.mnist, args.epochs)[name], args.rounds, rate)
        print(table(name, results[name]), flush=True)
    claims: dict[str, Claim] = {}
    available = {name: job for name, job in jobs(args.mnist).items() if name != "mnist" or args.mnist}
    for name in args.claims:
        claims[name] = CLAIMS[name](available)
        print(report(name, claims[name]), flush=True)
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": hardware(),
        "load": {"begin": begin_load, "end": os.getloadavg()[0]},
        "threads": 1,
        "rounds": args.rounds,
        "matmul_flops_per_second": rate,
        "versions": {"python": platform.python_version(), **packages},
        "baseline": BASELINE,
        "about": {name: (own.__doc__ or "").splitlines()[0] for name, own in CONTENDERS.items()},
        "jobs": results,
        "claims": {name: asdict(claim) for name, claim in claims.items()},
    }


def main() -> None:
    """Measures the jobs and claims asked for."""
    args = arguments()
    torch.set_num_threads(1)
    if args.probe:
        name, contender = args.probe
        with threadpool_limits(1):
            print(json.dumps(probe(jobs(args.mnist, args.epochs)[name], contender)))
        return
    if not (args.mnist and (Path(args.mnist) / "MNIST" / "raw").is_dir()):
        if "mnist" in args.jobs or args.claims:
            print("mnist is skipped: pass --mnist DATA_DIR, the folder that holds MNIST/raw")
        args.mnist = None
        args.jobs = [name for name in args.jobs if name != "mnist"]
        args.claims = [name for name in args.claims if name != "time_to_accuracy"]
    if not (args.jobs or args.claims):
        return
    record = run(args)
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "benchmark.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    if args.jobs:
        commands = record["claims"].get("commands", {"rows": []})["rows"]
        draw(record["jobs"], commands, args.output / "benchmark.png")
    print(f"\nwritten to {args.output}")


if __name__ == "__main__":
    main()
