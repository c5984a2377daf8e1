"""Run folder: where a run leaves what it makes, and which of its processes writes there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lightning.pytorch.utilities import rank_zero_only

from litclf.runs.versions import new_version
from litclf.utilities.errors import InputError


def is_first_process() -> bool:
    """Whether this is the process of a run that writes and tells; the only one where there are no others."""
    return not getattr(rank_zero_only, "rank", 0)


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run.

    Attributes:
        path: The folder. A new run's other processes do not know it, and have a name there that is never made.
        writes: Whether this process writes there.
    """

    path: Path
    writes: bool

    @classmethod
    def new(cls, parent: Path) -> RunFolder:
        """The next version below ``parent``, made by the first process.

        Example:
            >>> import tempfile
            >>> RunFolder.new(Path(tempfile.mkdtemp()) / "circles").path.name
            'version_0'
        """
        writes = is_first_process()
        return cls(new_version(parent) if writes else parent / "made by the first process", writes)

    @classmethod
    def at(cls, path: Path) -> RunFolder:
        """The folder of a run that goes on."""
        return cls(path, is_first_process())


@contextmanager
def removed_if_refused(folder: RunFolder | None) -> Iterator[None]:
    """Removes the folder of a run that is refused before it trains, when it has neither rows nor checkpoints."""
    try:
        yield
    except InputError:
        if folder is not None and not any((folder.path / name).exists() for name in ("metrics.csv", "checkpoints")):
            shutil.rmtree(folder.path, ignore_errors=True)
        raise
