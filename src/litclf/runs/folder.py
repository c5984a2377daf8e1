"""The run folder: which one a run takes, who may write into it, and which checkpoint a run goes on from."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.pytorch.utilities import rank_zero_only

from litclf.runs.find import checkpoints_in, read_checkpoint
from litclf.utilities.errors import InputError
from litclf.utilities.files import replacing

LOCK = ".lock"


def new_folder(parent: Path) -> Path:
    """Makes ``version_N`` below ``parent`` with the next free number; any number of processes may ask at once.

    Example:
        >>> import tempfile
        >>> parent = Path(tempfile.mkdtemp()) / "circles"
        >>> new_folder(parent).name, new_folder(parent).name
        ('version_0', 'version_1')
    """
    parent.mkdir(parents=True, exist_ok=True)
    number = max((number for number, _ in _versions(parent)), default=-1) + 1
    while True:
        folder = parent / f"version_{number}"
        try:
            folder.mkdir()  # fails where another run took the number in the meantime
        except FileExistsError:
            number += 1
        else:
            return folder


def runs_folder(trainer_args: dict[str, Any], name: str) -> Path:
    """The folder of the versions of runs called ``name``."""
    return Path(trainer_args.get("default_root_dir") or ".") / "lightning_logs" / name


@contextmanager
def removed_if_refused(folder: Path | None) -> Iterator[None]:
    """Removes the folder of a run that is refused before it trains, when it has neither rows nor checkpoints."""
    try:
        yield
    except InputError:
        if folder is not None and not any((folder / name).exists() for name in ("metrics.csv", "checkpoints")):
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _versions(parent: Path) -> list[tuple[int, Path]]:
    return sorted((int(path.name[8:]), path) for path in parent.glob("version_*") if path.name[8:].isdigit())


def checkpoint_to_resume(path: Path | str, parent: Path | None = None) -> Path:
    """The checkpoint that ``path`` means: itself, the latest of a run folder, or that of the newest run of a name.

    Args:
        path: A checkpoint, a run folder, the folder of a run's versions, or ``last`` for the newest version in
            ``parent``.
        parent: Folder of the run's versions.

    Raises:
        InputError: If there is no such run, or it has no checkpoint.
    """
    path = parent if str(path) == "last" and parent is not None and not Path(path).exists() else Path(path)
    if not path.is_dir():
        if path.suffix == ".ckpt":
            return path  # whether it is there is asked when it is read
        raise InputError("ckpt_path", f"there is no run {path}", "pass a run folder or a .ckpt file, or start anew")
    versions = _versions(path)
    folder = versions[-1][1] if versions else path
    found = [*checkpoints_in(folder / "checkpoints"), *checkpoints_in(folder)]
    if not found:
        raise InputError("ckpt_path", f"there is no checkpoint in {folder}", "start a new run: it kept none")
    if len(found) == 1:
        return found[0]
    return max(found, key=lambda file: (read_checkpoint(file).get("global_step", 0), file.name == "last.ckpt"))


def keep_as_last(path: Path) -> None:
    """Makes the checkpoint that a run goes on from its last one, whatever later ones there were."""
    last = path.with_name("last.ckpt")
    if path.name != last.name:
        with replacing(last) as beside:
            shutil.copyfile(path, beside)


@contextmanager
def locked(folder: Path | None) -> Iterator[None]:
    """Keeps other processes from running into ``folder``; ends with this one, however it ends.

    Raises:
        InputError: If another process runs into the folder.
    """
    if folder is None or vars(rank_zero_only).get("rank"):
        yield
        return
    path = folder / LOCK
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not path.exists() or os.fstat(file).st_ino != path.stat().st_ino:
                raise BlockingIOError("another process has just ended, and removed the file")
        except OSError as error:
            holder = os.pread(file, 20, 0).decode() or "another"
            rule = f"{folder} is being trained by process {holder}"
            raise InputError("ckpt_path", rule, "wait for it, or stop it first") from error
        os.truncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
    finally:
        os.close(file)
