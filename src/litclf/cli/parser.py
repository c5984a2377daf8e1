"""The argument parser of the command line: presets by name, and one line for what was asked wrongly."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from lightning.pytorch.cli import LightningArgumentParser

from litclf.cli.arguments import Arguments
from litclf.cli.presets import preset_path
from litclf.cli.trust import FLAG, HELP, allow_classes, check_kinds, check_name
from litclf.data.registry import DATAMODULES
from litclf.models.registry import MODELS
from litclf.runs.checkpoint import Checkpoint
from litclf.runs.find import run_folder
from litclf.runs.hparams import DEEPEST, MOST_VALUES, is_small
from litclf.utilities.errors import InputError, nearest

_KINDS = {
    "<class 'int'>": "a whole number",
    "<class 'float'>": "a number",
    "<class 'bool'>": "true or false",
    "<class 'str'>": "text",
    "<class 'NoneType'>": "null",
}


class Parser(LightningArgumentParser):
    """An argument parser that takes no abbreviations, names trusted classes only, and whose errors are one line."""

    def format_help(self, *args: Any, **kwargs: Any) -> str:
        """The help, with what is taken before a config is read."""
        text: str = super().format_help(*args, **kwargs)
        return text + HELP if "--config" in text else text

    def error(self, message: str, ex: Exception | None = None) -> Any:
        """Turns what jsonargparse found wrong into one line.

        Raises:
            InputError: Always.
        """
        raise _refusal(message, self) from ex

    def parse_args(self, *args: Any, **kwargs: Any) -> Any:
        """Settings as :class:`jsonargparse.ArgumentParser` parses them, of what a run is made of only.

        Raises:
            InputError: If something else is named.
        """
        settings = super().parse_args(*args, **kwargs)
        check_kinds(settings)
        return settings


def with_config(args: list[str]) -> tuple[list[str], str]:
    """Replaces presets by their files, and takes the config from the checkpoint's run where none is given.

    Allows the modules that ``--allow_classes`` names.

    Args:
        args: The arguments, the subcommand first.

    Returns:
        The arguments, and the name of new run folders.

    Raises:
        InputError: If a preset, file or checkpoint does not exist or cannot be read.

    Example:
        >>> with_config(["fit", "-c", "blobs"])
        (['fit', '-c', '...blobs.yaml'], 'blobs')
    """
    given = Arguments.of(args)
    allow_classes(flag.value or "" for flag in given.named(FLAG))
    args, name, ckpt_path, configured = [given.command, *given.without(FLAG).words], "run", None, False
    for position, arg in enumerate(args):
        flag, equals, value = arg.partition("=")
        if flag in ("-c", "--config"):
            if not equals and position + 1 == len(args):
                raise InputError(flag, "needs a preset or a file", "pass -c circles; `litclf presets` lists them")
            path = _config_file(value if equals else args[position + 1])
            args[position + (not equals)] = f"{flag}={path}" if equals else str(path)
            name, configured = path.stem, True
        elif flag == "--ckpt_path" and (equals or position + 1 < len(args)):
            ckpt_path = _checkpoint_file(value if equals else args[position + 1], args[0])
            args[position + (not equals)] = f"{flag}={ckpt_path}" if equals else str(ckpt_path)
        elif flag in ("--model", "--data"):
            configured = True
            if (value if equals else "".join(args[position + 1 : position + 2])) == "auto":
                args[position + (not equals)] = f"{flag}=AutoClassifier" if equals else "AutoClassifier"
    if ckpt_path and not configured:
        config = run_folder(ckpt_path) / "config.yaml"
        if not config.is_file():
            raise InputError("--ckpt_path", f"there is no {config} beside it", "pass -c with the config of its run")
        args[1:1] = ["--config", str(config)]
    return args, name


def _checkpoint_file(given: str, command: str) -> Path:
    try:
        # A fit goes on from a checkpoint that is named; the other commands also take the one that a run has tested.
        checkpoint = Checkpoint.read(Path(given)) if command == "fit" else Checkpoint.tested(Path(given))
    except InputError as error:
        raise InputError("--ckpt_path", error.what, error.fix) from error
    return checkpoint.path


def _config_file(name: str) -> Path:
    path = preset_path(name)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
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
    return path


def _refusal(message: str, parser: LightningArgumentParser) -> InputError:
    """What jsonargparse reports over many lines, as the flag, the rule and the way out."""
    text = " ".join(message.split())
    help_line = "see litclf fit --help"
    if required := re.search(r"arguments are required: ([\w., ]+)", text):
        flag = "--" + required.group(1).split(", ")[0].split(".", 1)[-1]
        return InputError(flag, "is missing", f"pass -c PRESET (see `litclf presets`), or {flag}")
    keys = re.findall(r'^\s*Parser key "([\w.]+)"', message, re.MULTILINE)
    flag = "--" + keys[0].removeprefix("fit.").replace(".init_args", "") if keys else ""
    # The parser of a class's own arguments fails first, with a line of this function inside the outer message.
    if inner := re.search(r"- ((?:--)?[\w.]+): (.*?); fix: (.*)$", message, re.MULTILINE):
        where, what, fix = inner.groups()
        return _nearest_fix(InputError(f"{flag}.{where.removeprefix('--')}", what, fix))
    if denied := re.search(r"Importing '(\S+)' is not allowed", text):
        try:
            check_name(denied.group(1))
        except InputError as error:
            return InputError(flag, error.what, error.fix)
    if unknown := re.search(r"[Uu]nrecognized arguments: (\S+)|Option '([\w.]+)'|Key '([\w.]+)' is not expected", text):
        name = next(filter(None, unknown.groups())).partition("=")[0]
        return _nearest_fix(InputError(f"{flag}.{name}" if flag else name, "is no setting", help_line), parser)
    expected = list(dict.fromkeys(re.findall(r"Expected (?:an? )?(.+?)(?:\. Got value.*)?$", message, re.MULTILINE)))
    given = re.search(r"(?:Got|Given) value: (.*)$", message, re.MULTILINE)
    value = given.group(1) if given else ""
    if nested := re.search(r"val='(.*)'\)$", value):
        value = nested.group(1)
    if any("dot import path" in kind for kind in expected):
        return _nearest_fix(InputError(flag, f"is no class that litclf knows: {value}", help_line), value=value)
    if not expected:
        return InputError(flag or "arguments", text.rstrip("."), help_line)
    kinds = [described for kind in expected if (described := _described_kind(kind)) != "null"] or ["null"]
    choices = [choice for kind in kinds for choice in kind.removeprefix("one of ").split(", ") if kind != choice]
    near = nearest(value, choices)
    return InputError(
        flag, f"must be {' or '.join(kinds)}, got {value}", f"did you mean {near}?" if near else help_line
    )


def _described_kind(kind: str) -> str:
    if choices := re.match(r"typing\.Literal\[(.*)\]", kind):
        return "one of " + choices.group(1).replace("'", "")
    return _KINDS.get(kind, kind)


def _nearest_fix(error: InputError, parser: LightningArgumentParser | None = None, value: str = "") -> InputError:
    """The error with the nearest valid flag or class as its way out, where one is near."""
    if value:
        near = nearest(value, [*MODELS, *DATAMODULES])
    elif "is no setting" in error.what:
        known = set(re.findall(r"--[\w.]+", parser.format_help())) if parser else set()
        near = nearest(error.where, known | set(_module_flags()))
    else:
        return error
    return InputError(error.where, error.what, f"did you mean {near}?") if near else error


def _module_flags() -> Iterator[str]:
    """Flags of all models and data of litclf, which jsonargparse knows only once a class is chosen."""
    for prefix, registry in (("--model", MODELS), ("--data", DATAMODULES)):
        for kind in registry.load_all():
            yield from (f"{prefix}.{argument}" for argument in inspect.signature(kind).parameters)
