"""Command ``litclf report``: writes the pages of runs again."""

from __future__ import annotations

from pathlib import Path

from litclf.cli.arguments import ToolParser
from litclf.runs.find import find_run, told_version
from litclf.utilities.notes import tell
from litclf.visualization.report.page import write_report


def main(args: list[str]) -> int:
    """``litclf report RUN...``: writes the reports of runs anew.

    Args:
        args: Run folders, checkpoints in them, or folders of versions, of which the latest is taken.

    Returns:
        The exit code, 0.

    Raises:
        InputError: If something given is no run.
        SystemExit: For ``--help``.
    """
    parser = ToolParser("report", "Write report.html into run folders, from the files there.")
    parser.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN", help="a run folder, its checkpoint, or the folder of its versions"
    )
    # All are looked for before one is written.
    paths = parser.parse_args(args).runs
    for path, folder in zip(paths, list(map(find_run, paths)), strict=True):
        if told := told_version(path, folder):
            tell(told)
        print(f"written     {write_report(folder)}")
    return 0
