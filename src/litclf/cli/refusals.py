"""Refusals: what is wrong with the settings of a run, in one line; before PyTorch is there, where that is sure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from litclf.cli.arguments import Arguments
from litclf.cli.configs import CONFIG, read_config
from litclf.cli.diagnosis import Setting, find_wrong, named_by, setting, settings_in
from litclf.cli.presets import preset_path, presets
from litclf.cli.sketches import class_of, sketched_types
from litclf.cli.suggestions import HELP
from litclf.utilities.errors import InputError
from litclf.utilities.text import pasted, shell_word

_UNSURE = ("--ckpt_path", "--allow_classes", "--print_config")
"""Flags that have a command do something else, or know more than is known here."""


def refusal(given: Arguments, types: Mapping[str, Any]) -> InputError | None:
    """What is wrong with the arguments, where one of them alone is.

    Args:
        given: The command and its words.
        types: Types of the settings there are.
    """
    settings = settings_of(given, types)
    for word in given.surplus:
        return _surplus(word)
    return _wrong(settings, types)


def early_refusal(given: Arguments) -> InputError | None:
    """The same of a fit, told by the sources of the classes; None where not all is known that it is told by.

    Raises:
        InputError: If a config cannot be read.

    Example:
        >>> print(early_refusal(Arguments("fit", ("-c", "circles", "--model.lrr", "1"))))
        --model.lrr: is no setting; fix: did you mean --model.lr?
    """
    own = [flag for flag in given.flags if flag.name not in CONFIG or flag.value not in presets()]
    if not (own or given.surplus):
        return None
    if any(flag.value is None or flag.name.startswith(_UNSURE) or flag.name.endswith(".help") for flag in own):
        return None
    try:
        types = sketched_types()
    except (LookupError, OSError, SyntaxError):  # another Lightning, or no sources
        return None
    settings = settings_of(given, types)
    if not all(_is_known(one) for one in settings):
        return None
    for word in given.surplus:
        return _surplus(word)
    # The parser hands a null to constructors as it is.
    return _wrong([one for one in settings if one.content is not None or one.name in ("model", "data")], types)


def _is_known(one: Setting) -> bool:
    """Whether a setting is of classes that are sketched, and of a run that begins anew."""
    if one.name in ("model", "data"):
        names = [name for name, _ in named_by(one)]
        return one.content is None or (bool(names) and all(map(class_of, names)))
    return one.name != "ckpt_path"


def settings_of(given: Arguments, types: Mapping[str, Any]) -> list[Setting]:
    """The settings of the configs, then those of the flags.

    Args:
        given: The command and its words.
        types: Types of the settings there are; what is of none is as YAML has it.
    """
    configs = [read_config(preset_path(flag.value or ""), types) for flag in given.named(*CONFIG)]
    settings = [one for content in configs for one in settings_in(content, ("model", "data", "trainer"))]
    for flag in given.flags:
        name = flag.name.removeprefix("--")
        if flag.name not in CONFIG and not name.startswith("print_config"):
            settings.append(setting(name, flag.value))
    return settings


def _wrong(settings: list[Setting], types: Mapping[str, Any]) -> InputError | None:
    hints = dict(types)
    hints |= {f"trainer.{name}": hint for name, hint in hints.pop("trainer").items()}
    return find_wrong(settings, hints, ["model"])


def _surplus(word: str) -> InputError:
    """What is said of a word that belongs to no flag: perhaps it is the config or the data."""
    if word in presets():
        return InputError(word, "is no setting", f"a preset is passed by -c {word}")
    if "=" in word:
        return InputError(word, "is no setting", f"one begins with two dashes: {shell_word(f'--{word}')}")
    file = Path(word)
    if file.suffix in (".yaml", ".yml"):
        return InputError(word, "is no setting", f"a config is passed by {pasted('-c', word)}")
    if file.exists():
        return InputError(word, "is no setting", f"litclf init {shell_word(word)} drafts a config for such data")
    return InputError(word, "is no setting", HELP)
