"""Checkpoint: one file of a run, read and verified once, and handed on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litclf.runs.find import find_checkpoint, read_checkpoint, run_folder
from litclf.runs.folder import checkpoint_to_resume


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint whose content was read and verified.

    Attributes:
        path: The file.
        folder: The run folder it lies in, or its own folder where it was moved elsewhere.
        content: Weights, states and hyperparameters: tensors and plain values.
    """

    path: Path
    folder: Path
    content: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> Checkpoint:
        """The checkpoint in the file ``path``.

        Raises:
            InputError: If the file is missing, damaged or no checkpoint of a run.
        """
        return cls(path, run_folder(path), read_checkpoint(path))

    @classmethod
    def tested(cls, path: Path) -> Checkpoint:
        """The checkpoint that ``path`` means to who evaluates: a file, or the tested one of a run folder.

        Raises:
            InputError: As :func:`~litclf.runs.find.find_checkpoint` does, and as :meth:`read` does.
        """
        return cls.read(find_checkpoint(path))

    @classmethod
    def latest(cls, path: Path | str, parent: Path | None = None) -> Checkpoint:
        """The checkpoint that ``path`` means to who goes on: a file, the latest of a run folder, or ``last``.

        Raises:
            InputError: As :func:`~litclf.runs.folder.checkpoint_to_resume` does, and as :meth:`read` does.
        """
        return cls.read(checkpoint_to_resume(path, parent))
