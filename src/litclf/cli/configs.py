"""Configs: the file of a preset, the user's own, or that of the run that a checkpoint lies in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from jsonargparse import get_loader

from litclf.cli.arguments import Arguments, Flag
from litclf.cli.presets import preset_path
from litclf.cli.texts import config_as_typed
from litclf.runs.find import told_version
from litclf.utilities.checks import DEEPEST, MOST_VALUES, is_small
from litclf.utilities.errors import InputError
from litclf.utilities.notes import tell

if TYPE_CHECKING:
    from litclf.runs.checkpoint import Checkpoint

CONFIG = ("-c", "--config")


def ckpt_path(given: Arguments) -> str | None:
    """What ``--ckpt_path`` or else a config names; None where neither does.

    Raises:
        InputError: If the flag has no value, or a config cannot be read.
    """
    for flag in given.named("--ckpt_path"):
        if flag.value is None:
            raise InputError(flag.name, "needs a value", "pass a run folder or a checkpoint")
    paths = [read_config(config_file(flag)).get("ckpt_path") for flag in given.named(*CONFIG)]
    named = [path for path in (*paths, given.value("--ckpt_path")) if path is not None]
    return str(named[-1]) if named else None


def with_config(given: Arguments, checkpoint: Checkpoint | None = None) -> Arguments:
    """The arguments with presets replaced by their files, and with the config of the checkpoint's run where none is.

    Raises:
        InputError: If a preset or file does not exist or cannot be read.

    Example:
        >>> with_config(Arguments("fit", ("-c", "blobs"))).words
        ('-c', '...blobs.yaml')
    """
    for flag in given.named(*CONFIG):
        given = given.with_value(flag, str(config_file(flag)))
    if checkpoint is not None and not given.named(*CONFIG, "--model", "--data"):
        config = checkpoint.folder / "config.yaml"
        if not config.is_file():
            raise InputError("--ckpt_path", f"there is no {config} beside it", "pass -c with the config of its run")
        read_config(config)
        given = Arguments(given.command, ("--config", str(config), *given.words))
    return given


def config_file(flag: Flag) -> Path:
    """The file that ``-c`` names, after its content was looked at.

    Raises:
        InputError: If there is none, or it holds no settings.
    """
    if flag.value is None:
        raise InputError(flag.name, "needs a preset or a file", "pass -c circles; `litclf presets` lists them")
    path = preset_path(flag.value)
    read_config(path)
    return path


def read_config(path: Path, types: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The settings in a config, texts as they were typed.

    Args:
        path: The file.
        types: Types of the settings it may hold; None asks the classes.

    Raises:
        InputError: If it is no YAML, holds no settings, or too many of them.
    """
    # A command that is given no config answers without the classes that one may name.
    from litclf.cli.signatures import setting_types

    try:
        text = path.read_text(encoding="utf-8")
        content = get_loader("yaml")(text)
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            str(path), f"is no YAML: {reason}", "mend that line; `litclf presets` lists examples"
        ) from error
    if not is_small(content):
        rule = f"holds more than {MOST_VALUES} values, or nests them deeper than {DEEPEST}"
        raise InputError(str(path), rule, "write them out, without aliases")
    if not isinstance(content, dict):
        raise InputError(str(path), "holds no settings", "start from a preset: litclf fit -c circles --print_config")
    if not isinstance(content.get("trainer") or {}, dict):
        rule = f"trainer must hold settings by name, got {content['trainer']}"
        raise InputError(str(path), rule, "write trainer: {max_epochs: 3}, for example")
    for name in ("model", "data"):
        if isinstance(content.get(name), list):
            rule = f"{name} must be one class, got {content[name]}"
            raise InputError(str(path), rule, "write data: CirclesDataModule, for example")
    if (odd := _odd_arguments(content)) is not None:
        rule = f"init_args must hold settings by name, got {odd}"
        raise InputError(str(path), rule, "write init_args: {lr: 0.1}, for example, or leave it out")
    return config_as_typed(content, text, setting_types() if types is None else types)


def _odd_arguments(content: Any) -> Any:
    """What stands for the arguments of a class, and holds none by name; None where all do."""
    if isinstance(content, list):
        return next((odd for one in content if (odd := _odd_arguments(one)) is not None), None)
    if not isinstance(content, dict):
        return None
    if "class_path" in content and not isinstance(content.get("init_args") or {}, dict):
        return content["init_args"]
    return _odd_arguments(list(content.values()))


def found(read: Callable[..., Checkpoint], *where: Any) -> Checkpoint:
    """A checkpoint, and which run it is of where several may be meant; what is wrong with it is told of its flag.

    Raises:
        InputError: If there is none, or it is damaged.
    """
    try:
        checkpoint = read(*where)
    except InputError as error:
        raise InputError("--ckpt_path", error.what, error.fix) from error
    if told := told_version(Path(where[0]), checkpoint.folder):
        tell(told)
    return checkpoint
