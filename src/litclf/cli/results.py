"""Results of a fit on the terminal: metrics of the best checkpoint, what the reading found, and where all lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from litclf.cli.metric_tables import FIRST, print_metrics
from litclf.models.decision import Calibration
from litclf.runs.read import RunFiles, read_folder
from litclf.training.callbacks.progress import engine_and_steps
from litclf.training.run import RunResult
from litclf.utilities.terminal import say
from litclf.utilities.text import measured, shell_word
from litclf.visualization.report.reading import read_run

_MOST_FINDINGS = 3


def print_result(result: RunResult) -> None:
    """The end of a fit: metrics of the best checkpoint, what the reading found, and where everything lies."""
    if not result.trainer.is_global_zero:
        return
    metrics, folder = result.metrics, result.folder
    run = None if folder is None else read_folder(folder)
    best = {} if run is None else run.history.of_best
    print_metrics({**metrics, **best}, metrics.get("facts") or {})
    for label, text in _epochs(metrics, best, run):
        say(label, text)
    if result.trainer.progress_bar_callback is None:  # else it has said so
        say("fit", f"{metrics['global_step']} steps in {metrics['fit_seconds']:.2f} s")
        say("engine", engine_and_steps(metrics["engine"], metrics["steps_per_execution"]))
    if "calibration" in metrics:
        say("calibration", str(Calibration.from_dict(metrics["calibration"])))
    if run is not None:
        findings = read_run(metrics, run.history.facts, run.history.rows, run.members)
        for number, finding in enumerate(findings[:_MOST_FINDINGS]):
            say("" if number else "reading", finding, "yellow")
        say("run folder", str(run.path), whole=True)
        if (run.path / "report.html").is_file():
            say("report", str(run.path / "report.html"), whole=True)
        if any(run.path.glob("*tfevents*")):
            say("dashboard", f"litclf dashboard {shell_word(run.path)}", whole=True)


def _epochs(metrics: Mapping[str, Any], best: Mapping[str, float], run: RunFiles | None) -> Iterator[tuple[str, str]]:
    """Of which epochs the table is, and what the last one was where that is another."""
    if "best" not in metrics:
        return
    if "members" in metrics:
        yield "epochs", "each member when it was best"
        return
    curve = [] if run is None else run.history.curve("train/loss")
    if not best or not curve:
        of = "averaged weights" if metrics["best"]["path"] == "averaged.ckpt" else "the best"
        yield "epochs", f"train and val of the last, test of {of}"
        return
    last = curve[-1].epoch
    own = next((point.epoch for point in curve if point.step == metrics["best"]["step"] - 1), last)
    yield "best epoch", f"{own} of {last}, which the whole table is of"
    if own != last:
        keys = [f"{stage}/{name}" for stage in ("train", "val") for name in FIRST if f"{stage}/{name}" in metrics]
        yield "last epoch", ", ".join(f"{key.replace('/', ' ')} {measured(metrics[key])}" for key in keys)
