"""Lookup of a run: which folder and which checkpoint a path means that somebody typed."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import cast

from litclf.runs.best import best_version
from litclf.runs.versions import versions_in
from litclf.utilities.errors import InputError, nearest


def meant(path: Path) -> Path:
    """The best of the versions below a folder, where ``path`` is that folder's ``best``; else ``path`` itself.

    Raises:
        InputError: If none of them has been measured.
    """
    asks = path.name == "best" and not path.exists() and bool(versions_in(path.parent))
    return best_version(path.parent) if asks else path


def told_version(path: Path, folder: Path) -> str | None:
    """Which of several versions was taken, where the user has named none.

    Args:
        path: What the user named.
        folder: The run folder that it was taken for.

    Example:
        >>> import tempfile
        >>> runs = Path(tempfile.mkdtemp()) / "circles"
        >>> for number in range(3):
        ...     (runs / f"version_{number}").mkdir(parents=True)
        >>> told_version(runs, runs / "version_2").removeprefix(f"{runs}/").partition(";")[0]
        'version_2 of 3 is taken, the latest'
        >>> told_version(runs / "version_2", runs / "version_2")
    """
    parent = folder.parent
    versions = versions_in(parent)
    if path.resolve() == parent.resolve() or (path.name == "last" and not path.exists()):
        other = f"; pass {parent / 'best'} for the best on validation data" if len(versions) > 1 else ""
        return f"{folder} of {len(versions)} is taken, the latest{other}"
    if path.name == "best" and not path.exists() and path.parent.resolve() == parent.resolve():
        return f"{folder} of {len(versions)} is taken, the best on validation data"
    return None


def run_folder(ckpt_path: Path) -> Path:
    """The run folder that a checkpoint lies in, or the checkpoint's own folder where it was moved elsewhere."""
    above = ckpt_path.resolve().parent.parent
    if (above / "config.yaml").is_file():
        # Relative where the user's path is, so that messages stay readable.
        return ckpt_path.parent.parent if ckpt_path.parent.name else above
    return ckpt_path.parent


def find_run(path: Path) -> Path:
    """The run folder that ``path`` means: itself, the one it lies in, or the latest version below it.

    Args:
        path: A run folder, a file of a run such as a checkpoint, the folder of a run's versions, or ``best`` in it.

    Raises:
        InputError: If there is nothing at ``path``, or no run.

    Example:
        >>> import tempfile
        >>> runs = Path(tempfile.mkdtemp()) / "circles"
        >>> for number in (9, 10):
        ...     (runs / f"version_{number}").mkdir(parents=True)
        ...     _ = (runs / f"version_{number}" / "config.yaml").write_text("")
        >>> find_run(runs).name
        'version_10'
    """
    path = meant(path)
    if path.is_file():
        candidates = [path.parent, Path(os.path.normpath(path.parent / ".."))]
    elif path.is_dir():
        candidates = [path, *reversed(versions_in(path))]
    else:
        siblings = [child.name for child in path.parent.iterdir()] if path.parent.is_dir() else []
        near = nearest(path.name, siblings)
        fix = f"did you mean {path.parent / near}?" if near else "pass a run folder, as `litclf fit` prints it"
        raise InputError(str(path), "does not exist", fix)
    for candidate in candidates:
        if any((candidate / name).is_file() for name in ("config.yaml", "metrics.csv", "metrics.json")):
            return candidate
    rule = "holds no config.yaml, metrics.csv or metrics.json, so it is no run folder"
    raise InputError(str(path), rule, "pass a folder such as lightning_logs/circles/version_0")


def local_path(path: str | Path) -> Path:
    """The path of a local file; it need not exist.

    Raises:
        InputError: If it is an address, such as ``http://...`` or ``s3://...``, or no path at all.

    Example:
        >>> local_path("s3://bucket/best.ckpt")
        Traceback (most recent call last):
        litclf.utilities.errors.InputError: ckpt_path: s3://bucket/best.ckpt is no local file; fix: fetch it first, ...
    """
    if not isinstance(path, str | os.PathLike):
        raise InputError("ckpt_path", f"must be a path, got {type(path).__name__}", "pass the path of a .ckpt file")
    # A Path has lost one of the two slashes; one letter alone is a drive of Windows.
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", str(path)):
        raise InputError("ckpt_path", f"{path} is no local file", "fetch it first, and pass the path of the file")
    return Path(path)


def checkpoints_in(folder: Path) -> list[Path]:
    """The checkpoints in ``folder``, without what a killed process left of one that it was writing."""
    return [path for path in sorted(folder.glob("*.ckpt")) if not path.name.startswith(".")]


def find_tested(path: Path) -> Path:
    """The checkpoint that ``path`` means to who evaluates or predicts.

    Args:
        path: A checkpoint; a run folder, whose tested checkpoint is taken: the best, or the last where no best was
            kept; or the folder of all versions of a run, of which the latest with a checkpoint is taken, or by ``best``
            in it the best on validation data.

    Raises:
        InputError: If there is none.
    """
    path = meant(local_path(path))
    if path.is_file():
        return path
    if not path.is_dir():
        raise InputError("ckpt_path", f"there is no file {path}", "pass RUN/checkpoints/best.ckpt, or a run folder")
    for run in (path, *reversed(versions_in(path))):
        if checkpoints_in(run / "checkpoints"):
            return _tested(run)
    rule = f"{path} holds no run with a checkpoint"
    raise InputError("ckpt_path", rule, "pass a folder that `litclf fit` has made")


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


def find_latest(path: Path | str, parent: Path | None = None) -> list[Path]:
    """The checkpoints one of which ``path`` means to who goes on: that of the most steps, which only they can tell.

    Args:
        path: A checkpoint, a run folder, the folder of a run's versions, or ``last`` for the newest version in
            ``parent``.
        parent: Folder of the run's versions.

    Returns:
        At least one path; a file that is named is taken as it is, whether it is there or not.

    Raises:
        InputError: If there is no such run, or it has no checkpoint.
    """
    newest = str(path) == "last" and parent is not None and not Path(path).exists()
    path = cast(Path, parent) if newest else meant(Path(path))
    if not path.is_dir():
        if path.suffix == ".ckpt":
            return [path]
        raise InputError("ckpt_path", f"there is no run {path}", "pass a run folder or a .ckpt file, or start anew")
    folder = next(reversed(versions_in(path)), path)
    found = [*checkpoints_in(folder / "checkpoints"), *checkpoints_in(folder)]
    if not found:
        raise InputError("ckpt_path", f"there is no checkpoint in {folder}", "start a new run: it kept none")
    last = [path for path in found if path.name == "last.ckpt"]
    # Of what was written before the last one nothing has more steps, and need not be opened.
    return [path for path in found if path in last or not last or _written(path) >= _written(last[0])]


def _written(path: Path) -> int:
    return path.stat().st_mtime_ns
