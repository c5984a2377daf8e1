"""Command ``litclf compare``: trains presets where asked, and prints and writes the comparison."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

import torch

from litclf.cli.arguments import ToolParser
from litclf.cli.fold_comparison import print_folds, write_folds
from litclf.cli.presets import preset_path
from litclf.data.base import ClassificationDataModule
from litclf.inference.compare.contender import Contender, contenders, differing_settings, shown
from litclf.inference.compare.folds import compare_folds, fold_runs
from litclf.inference.compare.members import LOWER_IS_BETTER, SeedDifference
from litclf.inference.compare.pairs import LEVEL, NoPair, Pair, compare_pairs
from litclf.inference.compare.tables import metrics_of, write_tables
from litclf.models.classifier import Classifier
from litclf.models.networks.ensemble import members_of
from litclf.runs.find import find_run, told_version
from litclf.runs.history import History
from litclf.runs.member_history import MemberHistory
from litclf.runs.read import read_folder
from litclf.runs.versions import new_version
from litclf.utilities.errors import InputError
from litclf.utilities.notes import tell
from litclf.utilities.statistics import interval_of_mean
from litclf.utilities.text import aligned

if TYPE_CHECKING:  # matplotlib is loaded when something is drawn
    from litclf.visualization.plots.comparison import Plane
    from litclf.visualization.plots.curves import MemberLines

_DRAWN = tuple(f"{stage}/{name}" for stage in ("train", "val") for name in ("loss", "accuracy", "psnr"))
_SCOPE = "A p-value is about these trained models; another seed may train better or worse ones."
_SEEDS = "Those of members are about the seeds that train them, on these test samples."
_MANY = (
    "Among several pairs one may look different by chance; Holm's p-values, which the sentences go by, allow for it."
)


def main(args: list[str]) -> int:
    """``litclf compare RUN RUN...``, or ``litclf compare --presets NAME NAME...``, which trains them first.

    Args:
        args: The arguments, without the command.

    Returns:
        The exit code, 0.

    Raises:
        InputError: If fewer than two runs are given, or one cannot be loaded or trained.
        SystemExit: For ``--help``.
    """
    options = _parser().parse_args(args)
    paths = list(options.runs)
    if len(paths) + len(options.presets) < 2:
        raise InputError(
            "litclf compare", "needs two runs", "pass two run folders, or --presets circles-linear circles"
        )
    # What is wrong is said before anything is trained.
    if options.output is not None and options.output.exists():
        raise InputError("--output", f"{options.output} exists already", "pass the path of a new folder")
    folders = [find_run(path) for path in paths]
    for path, found in zip(paths, folders, strict=True):
        if told := told_version(path, found):
            tell(told)
    folds = fold_runs(folders)
    if len(folds) == len(paths) and not options.presets:
        compared = compare_folds(folds)
        folder = _new_folder(options.output, options.root / "lightning_logs" / "compare")
        print_folds(folds, compared)
        write_folds(folder, folds, compared)
        print(f"\nwritten     {folder}")
        return 0
    names = [preset_path(preset).stem for preset in options.presets]
    for preset, name in zip(options.presets, names, strict=True):
        from litclf.cli.fit import main as fit  # slow to load, and needed here only

        fit(["-c", preset, "--trainer.default_root_dir", str(options.root)])
        paths.append(find_run(options.root / "lightning_logs" / name))
    runs = contenders(paths)
    pairs = compare_pairs(runs)
    folder = _new_folder(options.output, options.root / "lightning_logs" / "compare")
    _print(runs, pairs)
    write_tables(folder, runs, pairs)
    _draw(folder / "comparison.png", runs)
    print(f"\nwritten     {folder}")
    return 0


def _parser() -> ToolParser:
    parser = ToolParser("compare", "Put runs side by side.")
    parser.add_argument(
        "runs",
        nargs="*",
        type=Path,
        metavar="RUN",
        help="a run folder, a checkpoint in it, or the folder of its versions",
    )
    parser.add_argument("--presets", nargs="+", default=[], metavar="NAME", help="presets to train first and compare")
    parser.add_argument("--root", type=Path, default=Path(), help="folder that holds lightning_logs; default: this one")
    parser.add_argument(
        "--output", type=Path, help="new folder to write into; default: lightning_logs/compare/version_N"
    )
    return parser


def _new_folder(output: Path | None, parent: Path) -> Path:
    """``output``, or the next version below ``parent``; never a folder that is there already."""
    if output is not None:
        output.mkdir(parents=True)
        return output
    return new_version(parent)


def _print(runs: Sequence[Contender], pairs: Sequence[Pair | NoPair]) -> None:
    differing = {name: list(map(shown, values)) for name, values in differing_settings(runs).items()}
    _print_table("settings that differ", runs, differing or {"none": [""] * len(runs)})
    _print_table("metrics", runs, {name: _cells(name, runs, values) for name, values in metrics_of(runs).items()})
    print("train and val of the last epoch, test of the best; ± is the standard deviation over members")
    tested = [(run.name, run.test) for run in runs if run.test is not None]
    if tested:
        print("\ntest accuracy, with its 95 % interval")
    for name, test in tested:
        low, high = test.interval
        correct, total = int(test.right.sum()), len(test.right)
        print(f"{name}  {correct / total:.2%} ({low:.2%} to {high:.2%}), {correct} of {total} right")
    _print_members(runs)
    for pair in pairs:
        print(f"\n{pair.first} and {pair.second}")
        _print_pair(pair)
    proper = [pair for pair in pairs if isinstance(pair, Pair)]
    seeds = any(pair.seeds for pair in proper)
    if proper:
        print(f"\n{_SCOPE}")
    if seeds:
        print(_SEEDS)
    if len(proper) > 1 or seeds:
        print(_MANY)


def _print_pair(pair: Pair | NoPair) -> None:
    if isinstance(pair, NoPair):
        print(pair.reason)
        return
    both, only_first, only_second, neither = pair.counts
    print(f"right: both {both}, only the first {only_first}, only the second {only_second}, neither {neither}")
    print(f"exact McNemar test: {_p_value(pair.counts.p_value, pair.adjusted)}")
    print(pair.verdict)
    for own in pair.seeds:
        print(*_told_of_seeds(pair, own), sep="\n")


def _told_of_seeds(pair: Pair, own: SeedDifference) -> list[str]:
    """How the members of two runs differ in a metric, in three lines."""
    one, other = own.counts
    among = f"{one} seeds in pairs" if own.paired else f"{one} against {other}"
    low, high = own.difference.low, own.difference.high
    found = f"{own.difference.mean:+.4f} (95 % {low:+.4f} to {high:+.4f})"
    verdict = f"Seeds do not tell the two apart in {own.metric}."
    if own.adjusted < LEVEL:
        better = (pair.first, pair.second)[own.better]
        verdict = f"The members differ by more than chance explains: {better} has the better {own.metric}."
    means = " and ".join(f"{value:.4f}" for value in own.means)
    p_value = _p_value(own.difference.p_value, own.adjusted)
    return [f"members' {own.metric}: {means}, {found}", f"{among}, {own.difference.test}: {p_value}", verdict]


def _p_value(own: float, adjusted: float) -> str:
    return f"p = {own:.2g}" + ("" if adjusted == own else f", by Holm {adjusted:.2g}")


def _print_members(runs: Sequence[Contender]) -> None:
    """Mean and interval of each run that has members."""
    several = [run for run in runs if len(run.scores.get("test/accuracy", ())) > 1]
    if several:
        print("\nmembers: mean of each, with its 95 % interval")
    for run in several:
        told = [f"{len(run.scores['test/accuracy'])} members"]
        for metric, values in run.scores.items():
            low, high, how = interval_of_mean(list(values.values()))
            low, high = max(low, 0.0), high if LOWER_IS_BETTER[metric] else min(high, 1.0)
            told.append(f"{metric} {mean(values.values()):.4f} ({low:.4f} to {high:.4f}, by {how})")
        print(f"{run.name}  {', '.join(told)}")


def _print_table(title: str, runs: Sequence[Contender], rows: Mapping[str, Sequence[str]]) -> None:
    """A row for each setting or metric, a column for each run."""
    cells = [[title, *(run.name for run in runs)], *([name, *values] for name, values in rows.items())]
    print("", *aligned(cells), sep="\n")


def _cells(metric: str, runs: Sequence[Contender], values: Sequence[Any]) -> list[str]:
    """A metric of each run, of members in the test with their standard deviation."""
    cells = ["" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value) for value in values]
    for place, run in enumerate(runs):
        spread = ((run.run.metrics.get("members") or {}).get("metrics") or {}).get(metric) or {}
        if cells[place] and metric.startswith("test/") and math.isfinite(spread.get("std", math.nan)):
            cells[place] += f" ± {spread['std']:.4f}"
    return cells


def _draw(path: Path, runs: Sequence[Contender]) -> None:
    """Draws ``comparison.png``: boundaries above, where all runs are of the plane, and curves below."""
    from litclf.visualization.plots import canvas
    from litclf.visualization.plots.comparison import draw_comparison

    files = {run.name: read_folder(run.run.folder) for run in runs}
    curves = {name: _curves(own.history) for name, own in files.items()}
    planes = {run.name: plane for run in runs if (plane := _plane(run)) is not None}
    members = {name: _behind(own.members) for name, own in files.items() if own.members is not None}
    canvas.save(draw_comparison(curves, planes if len(planes) == len(runs) else None, members), path)


def _curves(history: History) -> dict[str, tuple[list[float], list[float]]]:
    curves = {key: history.curve(key) for key in ("train/loss_step", *_DRAWN)}
    return {
        key: ([point.step + 1 for point in points], [point.value for point in points])
        for key, points in curves.items()
        if points
    }


def _behind(members: MemberHistory) -> MemberLines:
    """The curves of members, behind that of their mean."""
    from litclf.visualization.plots.curves import MemberLines

    curves = {key: members.curve(key) for key in _DRAWN}
    return MemberLines({key: ([step + 1 for step in steps], own) for key, (steps, own) in curves.items() if steps})


def _plane(run: Contender) -> Plane | None:
    """What the model makes of the plane; None where its inputs are no points in it, or it is no classifier."""
    from litclf.visualization.plots.boundary import mesh_points
    from litclf.visualization.plots.comparison import Plane

    model, data = run.run.model, run.run.data
    if not isinstance(model, Classifier) or not isinstance(data, ClassificationDataModule) or data.input_shape != (2,):
        return None
    x, y = data.splits["train"]
    with torch.inference_mode():
        mesh = data.prepare(torch.from_numpy(mesh_points(x.numpy())))
        probabilities, predicted = model.probabilities(model(mesh)), model.classes(model(data.prepare(x)))
        alive = () if model.members is None else model.members.alive
        networks = members_of(model.network)
        each = [model.probabilities(model.shaped(networks[number](mesh))).numpy() for number in alive]
    return Plane(x.numpy(), y.numpy(), probabilities.numpy(), predicted.numpy(), data.class_names, each)
