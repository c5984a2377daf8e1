"""Early refusals: files that are not there and settings that do not fit, told before PyTorch is loaded."""

from __future__ import annotations

import re
from pathlib import Path

from litclf.cli.arguments import Arguments
from litclf.cli.presets import preset_path
from litclf.data.sources.formats import PARQUET, TEXT, check_file
from litclf.models.seeds import Seeds
from litclf.utilities.errors import InputError
from litclf.utilities.text import shell_word

_READ_CONFIGS = ("fit", "validate", "test", "predict", "check-data")
_TAKE_A_SOURCE = ("check-data", "init", "cv")


def refuse_early(given: Arguments) -> None:
    """Refuses what needs no library to be seen wrong; what it does not know passes, for the command itself to judge.

    Args:
        given: The command and its words.

    Raises:
        InputError: The same that the command would raise some seconds later.

    Example:
        >>> refuse_early(Arguments("fit", ("-c", "circle")))
        Traceback (most recent call last):
        litclf.utilities.errors.InputError: -c: there is no preset and no file 'circle'; fix: did you mean circles?
    """
    if "--help" in given.words or "-h" in given.words:
        return
    for word in given.words[: given.words.index("--")] if "--" in given.words else given.words:
        if word.startswith("-") and len(word) > 2 and Path(word).exists():
            raise InputError(word, "begins with a dash, as flags do", f"pass {shell_word(f'./{word}')}")
    for flag in given.named("--data"):
        if flag.value and Path(flag.value).exists():
            way_out = f"litclf init {shell_word(flag.value)} drafts a config for such data"
            raise InputError("--data", f"must be the name of a class, got {flag.value}", way_out)
    for flag in given.named("-c", "--config") if given.command in _READ_CONFIGS else ():
        if flag.value is not None:
            preset_path(flag.value)
    path = given.value("--data.path")
    if path is not None and _is_missing_table(path):
        try:
            check_file(Path(path))
        except InputError as error:
            raise InputError("--data.path", f"{error.where} {error.what}", error.fix) from error
    if given.command in _TAKE_A_SOURCE and given.words and _is_missing_table(given.words[0]):
        check_file(Path(given.words[0]))
    if given.command == "fit":
        _check_members(given.value("--members") or "")
        from litclf.cli.refusals import early_refusal  # the others need no parser of settings yet

        if refusal := early_refusal(given):
            raise refusal


def _check_members(count: str) -> None:
    if re.fullmatch(r"-?\d+", count):
        try:
            Seeds.of(int(count), 0, "both")
        except InputError as error:
            raise InputError(f"--{error.where}", error.what, error.fix) from error


def _is_missing_table(word: str) -> bool:
    path = Path(word)
    return path.suffix.lower() in TEXT + PARQUET and not path.exists()
