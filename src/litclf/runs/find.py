"""What is asked of a checkpoint before anything is built on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from litclf.runs.checkpoint_file import local_path, read
from litclf.utilities.errors import InputError

if TYPE_CHECKING:  # who only predicts does without Lightning, which takes seconds and memory to load
    pass


def run_folder(ckpt_path: Path) -> Path:
    """The run folder that a checkpoint lies in, or the checkpoint's own folder where it was moved elsewhere."""
    above = ckpt_path.resolve().parent.parent
    if (above / "config.yaml").is_file():
        # Relative where the user's path is, so that messages stay readable.
        return ckpt_path.parent.parent if ckpt_path.parent.name else above
    return ckpt_path.parent


def find_checkpoint(path: Path) -> Path:
    """The checkpoint that ``path`` means.

    Args:
        path: A checkpoint; a run folder, whose tested checkpoint is taken: the best, or the last where no best was
            kept; or the folder of all versions of a run, of which the latest with a checkpoint is taken.

    Raises:
        InputError: If there is none.
    """
    path = local_path(path)
    if path.is_file():
        return path
    if not path.is_dir():
        raise InputError("ckpt_path", f"there is no file {path}", "pass RUN/checkpoints/best.ckpt, or a run folder")
    versions = [folder for folder in path.glob("version_*") if folder.name[8:].isdigit()]
    for run in (path, *sorted(versions, key=lambda folder: int(folder.name[8:]), reverse=True)):
        if checkpoints_in(run / "checkpoints"):
            return _tested(run)
    rule = f"{path} holds no run with a checkpoint"
    raise InputError("ckpt_path", rule, "pass a folder that `litclf fit` has made")


def checkpoints_in(folder: Path) -> list[Path]:
    """The checkpoints in ``folder``, without what a killed process left of one that it was writing."""
    return [path for path in sorted(folder.glob("*.ckpt")) if not path.name.startswith(".")]


def _tested(run: Path) -> Path:
    """The checkpoint that was tested: the best one under its own name, or the last one."""
    try:
        best = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["best"]["path"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        best = "best.ckpt"  # the fit has not ended, or kept no best
    for name in (Path(str(best)).name, "best.ckpt", "last.ckpt"):
        if (run / "checkpoints" / name).is_file():
            return run / "checkpoints" / name
    rule = f"{run / 'checkpoints'} holds neither best.ckpt nor last.ckpt"
    raise InputError("ckpt_path", rule, "pass the path of a checkpoint in it")


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Reads a checkpoint of a run, as :func:`litclf.runs.checkpoint_file.read` does.

    Raises:
        InputError: If the file is missing, damaged, no checkpoint of a run, or holds more than plain values.
    """
    checkpoint = read(path)
    if not all(isinstance(checkpoint.get(key), dict) for key in ("state_dict", "hyper_parameters")):
        raise InputError("ckpt_path", f"{path} is not a checkpoint of a run", "pass a .ckpt file that litclf wrote")
    return checkpoint
