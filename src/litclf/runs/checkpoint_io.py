"""Checkpoint IO: the Trainer's way to the disk, through the gate for checkpoints."""

from __future__ import annotations

import copy
import errno
import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.fabric.plugins import CheckpointIO
from torch import Tensor

from litclf.runs.checkpoint import Checkpoint
from litclf.runs.checkpoint_file import check_saved, read, save
from litclf.runs.find import local_path
from litclf.runs.hparams import check_loading
from litclf.utilities.errors import InputError
from litclf.utilities.files import link

_FIXED = frozenset({str, bytes, int, float, bool, type(None)})
"""What nothing changes once it is made; most of what a checkpoint holds is of these."""


class SafeCheckpointIO(CheckpointIO):
    """Writes and reads the Trainer's checkpoints through the gate of :mod:`litclf.runs.checkpoint_file`.

    What is saved within :meth:`holding` waits in memory. It is written before anything newer is, and at the end of the
    fit, so that the files never tell of another that is not there.

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
        self._held: dict[Path, dict[str, Any]] = {}
        self._holding, self._fresh = False, frozenset[str]()
        self._trying = False
        self._written_at = -math.inf

    def hand(self, checkpoint: Checkpoint) -> None:
        """Hands on what was read already: the next load of its path is given it, and opens nothing."""
        self._handed[checkpoint.path.absolute()] = checkpoint.content

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Replaces the file at ``path`` by a whole one, or leaves it as it was; within :meth:`holding` it only waits.

        Raises:
            InputError: If ``path`` is no local file, or ``storage_options`` are given.
            OSError: If it cannot be written; it names ``path``.
        """
        if storage_options is not None:
            raise InputError("storage_options", "does nothing for local files", "drop it")
        path = local_path(path)
        if self._trying:
            check_saved(checkpoint)
            return
        if self._holding:
            own = {key: value if key in self._fresh else _copied(value) for key, value in checkpoint.items()}
            self._held[path.absolute()] = own
            return
        self._held.pop(path.absolute(), None)
        self.write_held()
        self._write(checkpoint, path)

    @contextmanager
    def holding(self, fresh: Iterable[str] = ()) -> Iterator[None]:
        """Within it, what is saved is kept in memory as it is now: of a path, the latest.

        Args:
            fresh: Entries that are made anew for each save, and so need no copy.
        """
        self._holding, self._fresh = True, frozenset(fresh)
        try:
            yield
        finally:
            self._holding = False

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Within it, nothing is written: what is saved is refused where it would not be read again."""
        self._trying = True
        try:
            yield
        finally:
            self._trying = False

    def holds(self, path: str | Path) -> bool:
        """Whether a checkpoint for ``path`` waits in memory."""
        return Path(path).absolute() in self._held

    def write_held(self, also: str | Path | None = None) -> None:
        """Writes what waits in memory.

        Args:
            also: Another name for what is written last.

        Raises:
            OSError: If it cannot be written; it names the path, and what was to be written waits no more.
        """
        while self._held:
            path = next(iter(self._held))
            self._write(self._held.pop(path), path)
            if also is not None and not self._held:
                link(path, Path(also))

    def _write(self, checkpoint: dict[str, Any], path: Path) -> None:
        folder = path.parent.absolute()
        if folder not in self._folders:
            folder.mkdir(parents=True, exist_ok=True)
            self._folders.add(folder)
        elif not folder.is_dir():
            # Made anew it would hold less than the run believes it does.
            raise FileNotFoundError(errno.ENOENT, "its folder was removed during the run", str(path))
        save(checkpoint, path)
        self._written_at = time.monotonic()

    @property
    def idle_seconds(self) -> float:
        """Seconds since the latest write; infinite before the first."""
        return time.monotonic() - self._written_at

    def teardown(self) -> None:
        """Writes what waits in memory: the Trainer calls it however a fit ends."""
        self.write_held()

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
        self._held.pop(path.absolute(), None)
        path.unlink(missing_ok=True)


def _copied(value: Any) -> Any:
    """``value`` as it is now: with tensors of its own, on the CPU, and the classes of its dicts and lists."""
    if type(value) in _FIXED:
        return value
    if isinstance(value, Tensor):
        return value.detach().clone() if value.device.type == "cpu" else value.detach().cpu()
    if type(value) is dict:
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, dict):
        own = copy.copy(value)  # of its class, with the attributes that a state_dict has
        for key in own:
            own[key] = _copied(own[key])
        return own
    if type(value) in (list, tuple):
        return type(value)(map(_copied, value))
    return copy.deepcopy(value)
