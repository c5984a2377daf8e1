"""Help of a fit: the settings of the model and the data at hand, then those of the run, told without PyTorch."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from shutil import get_terminal_size
from typing import Any

from litclf.cli.arguments import Arguments
from litclf.cli.diagnosis import describe
from litclf.cli.documented import arguments_documented, ready, summary_of
from litclf.cli.first_words import part_named
from litclf.cli.presets import presets
from litclf.cli.refusals import settings_of
from litclf.cli.short_names import SHORT_NAMES
from litclf.cli.signatures import OWN
from litclf.cli.sketches import default_of
from litclf.data.registry import DATAMODULES
from litclf.models.registry import MODELS

_PARTS = {"model": MODELS, "data": DATAMODULES}

_USAGE = (
    "usage: litclf fit -c PRESET_OR_FILE [settings]",
    "       litclf fit --model NAME --data NAME [settings]",
    "",
    "Trains a model, tests the best checkpoint, and leaves a run folder. Each setting is a flag, such as "
    "--model.lr 0.1, or stands in a YAML file for -c; what comes later counts more.",
)

_MORE = (
    ("-c, --config PRESET_OR_FILE", f"a preset ({', '.join(presets())}) or a YAML file; may be given several times"),
    ("--ckpt_path RUN", "go on with a run: its folder, a checkpoint, or last for the newest of the name"),
    ("--allow_classes MODULE", "let a config name classes of this module of yours; may be given several times"),
    ("--print_config", "print all settings as YAML, and train nothing"),
    ("--help-all", "all settings, with those of the Trainer (--trainer.*), which --trainer.NAME VALUE sets"),
)


def fit_help(given: Arguments) -> str:
    """What ``litclf fit --help`` prints, beside what else was given.

    Raises:
        InputError: If a config cannot be read.

    Example:
        >>> print(fit_help(Arguments("fit", ("-c", "circles", "--help"))))
        usage: litclf fit -c PRESET_OR_FILE [settings]
        ...
        model: BinaryClassifier, ...
          --model.lr 0.1
              Learning rate, positive; the peak of a schedule. A number; default 0.1.
        ...
    """
    asked = {part: flag.value or "" for part in _PARTS for flag in given.named(f"--{part}.help")}
    if asked:
        return "\n".join(line for part, name in asked.items() for line in _of_part(part, name, {}))
    settings = settings_of(given.without("-h", "--help"), {})
    lines = [line for text in _USAGE for line in textwrap.wrap(text, _columns(), drop_whitespace=False) or [""]]
    for part in _PARTS:
        lines += ["", *_of_part(part, *part_named(part, settings))]
    lines += ["", "short names:"]
    for short, told in SHORT_NAMES.items():
        lines += _entry(short, f"{told.words[0].upper()}{told.words[1:]}. Stands for {told.stands_for}.")
    lines += ["", "the run:"]
    for flag, own in OWN.items():
        lines += _entry(f"--{flag}", f"{own.words} {_type(own.hint, default_of(own))}")
    lines += ["", "more:"]
    for flag, words in _MORE:
        lines += _entry(flag, f"{words[0].upper()}{words[1:]}.")
    return "\n".join(lines)


def _of_part(part: str, name: str, given: Mapping[str, Any]) -> Iterator[str]:
    """The settings of the model or the data that is named, with the values at hand; else the names there are."""
    registry, name = _PARTS[part], "AutoClassifier" if name == "auto" else name
    known = name.rpartition(".")[2] if name.startswith("litclf.") else name
    if known not in registry:
        yield f"{part}: {f'{name}, whose settings --help-all has' if name else f'one of these, by --{part} NAME'}"
        for other in () if name else ready(registry):
            yield from _entry(other, summary_of(other))
        return
    yield from textwrap.wrap(f"{part}: {known}, {_lowered(summary_of(known))}", _columns(), subsequent_indent=" " * 6)
    for one in arguments_documented(known):
        value = given.get(one.name, one.default)
        shown = "VALUE" if value is None and one.name not in given else _written(value)
        yield from _entry(f"--{part}.{one.name} {shown}", f"{one.words} {_type(one.hint, one.default)}")


def _entry(head: str, words: str) -> Iterator[str]:
    yield f"  {head}"
    yield from textwrap.wrap(
        words, _columns(), initial_indent=" " * 6, subsequent_indent=" " * 6, break_on_hyphens=False
    )


def _columns() -> int:
    return min(get_terminal_size().columns, 120)


def _type(hint: Any, default: Any) -> str:
    """The kind of a value, where it is a plain one, and the default."""
    kind = "" if hint is Any else describe(hint)
    told = "" if default is None else f"default {_written(default)}"
    text = "; ".join(filter(None, (kind, told)))
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _written(value: Any) -> str:
    """A value as it is typed behind its flag."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
