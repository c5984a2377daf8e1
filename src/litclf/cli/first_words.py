"""First words of a fit: what will be trained, on what, and where it will lie; said before PyTorch is loaded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from litclf.cli.arguments import Arguments
from litclf.cli.configs import CONFIG
from litclf.cli.diagnosis import Setting, named_by
from litclf.cli.presets import presets
from litclf.cli.refusals import settings_of
from litclf.runs.versions import next_version, runs_folder
from litclf.utilities.terminal import say
from litclf.utilities.text import short

_ASKS = ("-h", "--help", "--print_config")
_RANKS = ("RANK", "LOCAL_RANK", "SLURM_PROCID")
"""By which launchers tell the processes of one run apart."""


def announce(given: Arguments) -> None:
    """Says what a fit will train, on what, and where it will lie; nothing where something else was asked.

    Args:
        given: The command and its words, short names written out.

    Raises:
        InputError: If a config cannot be read.

    Example:
        >>> announce(Arguments("fit", ("-c", "circles", "--data.noise", "0.1", "--name", "example")))
        fit         circles: Two circles told apart by a small ReLU network, in
                    2000 full-batch steps.
        data        CirclesDataModule: num_samples 1000, noise 0.1, ...
        run folder  lightning_logs/example/version_0
    """
    asks = any(word.startswith(_ASKS) or word.partition("=")[0].endswith(".help") for word in given.words)
    asks = asks or any(flag.value is None for flag in given.named(*CONFIG))  # the fit says what is missing
    if asks or any(os.environ.get(rank, "0") != "0" for rank in _RANKS):
        return
    if given.command == "resume" and given.words:
        say("resume", given.words[0], whole=True)
    elif given.command == "cv" and given.words:
        _announce_folds(given)
    elif given.command == "fit":
        _announce_fit(given)


def _announce_folds(given: Arguments) -> None:
    source, name = given.words[0], given.value("--name") or Path(given.words[0]).stem
    folds, repeats = given.value("--folds") or "5", given.value("--repeats")
    say("cv", f"{source}, {folds} folds{f', {repeats} times' if repeats else ''}")
    parent = runs_folder(given.value("--trainer.default_root_dir"), f"{name}_cv")
    say("run folder", str(next_version(parent)), whole=True)


def _announce_fit(given: Arguments) -> None:
    settings = settings_of(given, {})
    config, path = given.value(*CONFIG), _last(settings, "ckpt_path")
    if config is not None:
        told = presets().get(config) or ""
        say("fit", f"{config}: {told}" if told else config)
    for part in ("data", "model"):
        if told := _told(part, settings):
            say(part, told)
    if path is not None:
        say("goes on", str(path), whole=True)
    elif _last(settings, "trainer.fast_dev_run") in (None, False):
        name = _last(settings, "name") or (Path(config).stem if config else "run")
        parent = runs_folder(_last(settings, "trainer.default_root_dir"), str(name))
        say("run folder", str(next_version(parent)), whole=True)


def part_named(part: str, settings: Sequence[Setting]) -> tuple[str, dict[str, Any]]:
    """The class that settings name for the model or the data, empty where they name none, and what it is given."""
    kind, arguments = "", dict[str, Any]()
    for one in settings:
        if one.name == part:
            for named, beside in named_by(one):
                kind, arguments = named, dict(beside)
        elif one.name.startswith(f"{part}."):
            arguments[one.name.removeprefix(f"{part}.")] = one.content
    return "AutoClassifier" if kind == "auto" else kind, arguments


def _told(part: str, settings: Sequence[Setting]) -> str:
    kind, arguments = part_named(part, settings)
    given = ", ".join(f"{name} {_as_yaml(value)}" for name, value in arguments.items())
    return f"{kind}: {given}" if kind and given else kind


def _as_yaml(value: Any) -> str:
    words = {None: "null", True: "true", False: "false"}
    return words[value] if value is None or isinstance(value, bool) else short(value).strip("'")


def _last(settings: Sequence[Setting], name: str) -> Any:
    return next((one.content for one in reversed(settings) if one.name == name), None)
