"""Checkpoint: one file of a run, read and verified once, and handed on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from litclf.runs.checkpoint_file import read
from litclf.runs.find import find_latest, find_tested, local_path, run_folder
from litclf.runs.hparams import count_members
from litclf.utilities.checks import whole
from litclf.utilities.errors import InputError
from litclf.utilities.files import link
from litclf.utilities.text import listed


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint whose content was read and verified.

    Attributes:
        path: The file.
        folder: The run folder it lies in, or its own folder where it was moved elsewhere.
        content: Weights, states and hyperparameters: tensors and plain values.

    Example:
        >>> checkpoint = Checkpoint(Path("last.ckpt"), Path(), {"global_step": 500, "state_dict": {}})
        >>> checkpoint.step, checkpoint.hparams
        (500, {})
    """

    path: Path
    folder: Path
    content: dict[str, Any]

    @classmethod
    def read(cls, path: str | Path) -> Checkpoint:
        """The checkpoint in the file ``path``.

        Raises:
            InputError: If the file is missing, damaged, no checkpoint of a run, or holds more than plain values.
        """
        path = local_path(path)
        content = read(path)
        if not isinstance(content.get("state_dict"), dict):
            raise InputError("ckpt_path", f"{path} is not a checkpoint of a run", "pass a .ckpt file that litclf wrote")
        return cls(path, run_folder(path), content)

    @classmethod
    def tested(cls, path: Path) -> Checkpoint:
        """The checkpoint that ``path`` means to who evaluates: a file, or the tested one of a run folder.

        Raises:
            InputError: As :func:`~litclf.runs.find.find_tested` does, and as :meth:`read` does; or if it is of folds,
                which are no one model.
        """
        checkpoint = cls.read(find_tested(path))
        if "folds" in checkpoint.data_hparams:
            rule = f"{checkpoint.path} is of a cross-validation, whose models each prepare inputs by rows of their own"
            final = checkpoint.folder.resolve().parent.name.removesuffix("_cv")
            fix = f"pass the final model, such as lightning_logs/{final}, which litclf cv --final trains on all rows"
            raise InputError("ckpt_path", rule, fix)
        return checkpoint

    @classmethod
    def latest(cls, path: Path | str, parent: Path | None = None) -> Checkpoint:
        """The checkpoint that ``path`` means to who goes on: a file, the latest of a run folder, or ``last``.

        Raises:
            InputError: As :func:`~litclf.runs.find.find_latest` does, and as :meth:`read` does.
        """
        found = map(cls.read, find_latest(path, parent))
        return max(found, key=lambda one: (one.is_whole, one.step, one.path.name == "last.ckpt"))

    @property
    def step(self) -> int:
        """Optimizer steps that the fit had done."""
        return int(self.content.get("global_step", 0))

    @property
    def is_whole(self) -> bool:
        """Whether it holds what a fit goes on from, and not the weights alone."""
        return "optimizer_states" in self.content

    @property
    def weights(self) -> dict[str, Any]:
        """The model's tensors by name."""
        return dict(self.content["state_dict"])

    @property
    def hparams(self) -> dict[str, Any]:
        """The model's hyperparameters."""
        return dict(self.content.get("hyper_parameters", {}))

    @property
    def data_hparams(self) -> dict[str, Any]:
        """The DataModule's hyperparameters."""
        return dict(self.content.get("datamodule_hyper_parameters", {}))

    def of_member(self, member: int) -> Checkpoint:
        """One of the networks that it holds, as a checkpoint of that alone, without what was calibrated for all.

        Args:
            member: Number of the member, from 0 on.

        Raises:
            InputError: If there is no such member, or it has diverged.
        """
        count = count_members(self.content, self.path)
        if not count:
            rule = f"{self.path} is of one network, without members"
            raise InputError("member", rule, "drop it, or pass a run of litclf fit --members 8")
        diverged = self.content["members"]["diverged"]
        alive = [number for number in range(count) if number not in diverged]
        whole("member", member, 0, count, example=next(iter(alive), 0))
        if member not in alive:
            rule = f"{member} of {self.path} has diverged"
            raise InputError(
                "member", rule, f"pass one of {listed(alive)}" if alive else "fit again, with a smaller lr"
            )
        own, every = f"network.members.{member}.", "network.members."
        weights = {
            f"network.{name.removeprefix(own)}" if name.startswith(own) else name: value
            for name, value in self.weights.items()
            if name.startswith(own) or not name.startswith(every)
        }
        hparams = {name: value for name, value in self.hparams.items() if name != "members"}
        others = {key: value for key, value in self.content.items() if key not in ("members", "calibration")}
        return replace(self, content=others | {"state_dict": weights, "hyper_parameters": hparams})

    def without_weights(self) -> Checkpoint:
        """What it tells of model and data, without the tensors of networks and optimizers, which take memory."""
        tensors = ("state_dict", "optimizer_states", "members")
        kept = {key: value for key, value in self.content.items() if key not in tensors}
        return replace(self, content=kept)

    def keep_as_last(self) -> None:
        """Makes the checkpoint that a run goes on from its last one, whatever later ones there were."""
        last = self.path.with_name("last.ckpt")
        if self.path.name == last.name:
            return
        link(self.path, last)
