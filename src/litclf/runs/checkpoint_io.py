"""Checkpoint IO: the Trainer's way to the disk, through the gate for checkpoints."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

from lightning.fabric.plugins import CheckpointIO

from litclf.runs.checkpoint import Checkpoint
from litclf.runs.checkpoint_file import read, save
from litclf.runs.find import local_path
from litclf.runs.hparams import check_loading
from litclf.utilities.errors import InputError


class SafeCheckpointIO(CheckpointIO):
    """Writes and reads the Trainer's checkpoints through the gate of :mod:`litclf.runs.checkpoint_file`.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "last.ckpt"
        >>> plugin = SafeCheckpointIO()
        >>> plugin.save_checkpoint({"epoch": 3}, path)
        >>> plugin.load_checkpoint(path)
        {'epoch': 3}
    """

    def __init__(self) -> None:
        self._folders: set[Path] = set()
        self._handed: dict[Path, dict[str, Any]] = {}

    def hand(self, checkpoint: Checkpoint) -> None:
        """Hands on what was read already: the next load of its path is given it, and opens nothing."""
        self._handed[checkpoint.path.absolute()] = checkpoint.content

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Replaces the file at ``path`` by a whole one, or leaves it as it was.

        Raises:
            InputError: If ``path`` is no local file, or ``storage_options`` are given.
            OSError: If it cannot be written; it names ``path``.
        """
        if storage_options is not None:
            raise InputError("storage_options", "does nothing for local files", "drop it")
        path = local_path(path)
        folder = path.parent.absolute()
        if folder not in self._folders:
            folder.mkdir(parents=True, exist_ok=True)
            self._folders.add(folder)
        elif not folder.is_dir():
            # Made anew it would hold less than the run believes it does.
            raise FileNotFoundError(errno.ENOENT, "its folder was removed during the run", str(path))
        save(checkpoint, path)

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """What was handed on, or the file as :func:`~litclf.runs.checkpoint_file.read` reads it.

        Args:
            path: The file.
            map_location: As :func:`torch.load` takes it; None is the CPU, where all lies that is handed on.
            weights_only: Always true; False is refused.

        Raises:
            InputError: As :func:`~litclf.runs.checkpoint_file.read` does, and if ``weights_only`` is False.
        """
        check_loading(None, weights_only)
        # Once only: the Trainer changes what it is given, and holds it as long as it needs it.
        handed = self._handed.pop(local_path(path).absolute(), None) if map_location is None else None
        # A new dict, which a Trainer of another version would note its number in.
        return read(path, map_location) if handed is None else dict(handed)

    def remove_checkpoint(self, path: str | Path) -> None:
        """Removes the file at ``path``, where there is one.

        Raises:
            InputError: If ``path`` is anything but a file in the folder it seems to lie in. A checkpoint holds such
                paths, so that a stranger's may name any.
        """
        path = local_path(path)
        if ".." in path.parts or path.is_symlink() or path.is_dir():
            raise InputError(str(path), "is no checkpoint of this run to remove", "start a new run")
        path.unlink(missing_ok=True)
