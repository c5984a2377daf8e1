"""What is asked of a checkpoint before anything is built on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lightning.pytorch import LightningDataModule, LightningModule

from litclf.checks import InputError
from litclf.saving import read

_FREE = {"steps_per_execution", "data_dir", "engine", "path", "memory_budget", "num_workers"}
"""Arguments that change nothing about the weights, so that a resumed run may change them."""


def run_folder(ckpt_path: Path) -> Path:
    """The run folder that a checkpoint lies in, or the checkpoint's own folder where it was moved elsewhere."""
    above = ckpt_path.resolve().parent.parent
    if (above / "config.yaml").is_file():
        # Relative where the user's path is, so that messages stay readable.
        return ckpt_path.parent.parent if ckpt_path.parent.name else above
    return ckpt_path.parent


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Reads a checkpoint of a run, as :func:`litclf.saving.read` does: from a local file, plain values and tensors.

    Raises:
        InputError: If the file is missing, damaged, no checkpoint of a run, or holds more than plain values.
    """
    checkpoint = read(path)
    if not all(isinstance(checkpoint.get(key), dict) for key in ("state_dict", "hyper_parameters")):
        raise InputError("ckpt_path", f"{path} is not a checkpoint of a run", "pass a .ckpt file that litclf wrote")
    return checkpoint


def check_checkpoint(path: Path, model: LightningModule, data: LightningDataModule) -> None:
    """Refuses a checkpoint of another model, and settings that would silently lose against the checkpoint's.

    Raises:
        InputError: Naming the checkpoint or the setting.
    """
    checkpoint = read_checkpoint(path)
    theirs = checkpoint["hyper_parameters"]
    kind = theirs.get("model_class", type(model).__name__)
    if kind != type(model).__name__:
        rule = f"{path} is of {kind}, not of {type(model).__name__}"
        raise InputError("ckpt_path", rule, f"pass --model {kind}, or a checkpoint of {type(model).__name__}")
    for prefix, own, saved in (
        ("model", model.hparams, theirs),
        ("data", data.hparams, checkpoint.get("datamodule_hyper_parameters", {})),
    ):
        for name in own.keys() & saved.keys() - _FREE:
            if own[name] != saved[name]:
                rule = f"is {own[name]}, but {path} was made with {saved[name]}"
                raise InputError(
                    f"{prefix}.{name}", rule, "drop the setting, or start a new run without the checkpoint"
                )
    shapes = {name: tuple(value.shape) for name, value in checkpoint["state_dict"].items()}
    own_shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    if shapes != own_shapes:
        differing = sorted(
            name for name in shapes.keys() | own_shapes.keys() if shapes.get(name) != own_shapes.get(name)
        )
        rule = f"{path} does not fit the network: {differing[0]} is {shapes.get(differing[0], 'missing')} there"
        raise InputError("ckpt_path", rule, "pass a checkpoint of the same network")
