"""Command ``litclf completion``: has a shell complete commands, flags, presets, choices and runs; loads no PyTorch."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from litclf.cli.arguments import Arguments, ToolParser
from litclf.cli.documented import arguments_documented, ready
from litclf.cli.first_words import part_named
from litclf.cli.presets import presets
from litclf.cli.refusals import settings_of
from litclf.cli.short_names import SHORT_NAMES
from litclf.cli.signatures import OWN_TYPES
from litclf.data.registry import DATAMODULES
from litclf.models.registry import MODELS
from litclf.runs.versions import versions_in
from litclf.utilities.errors import InputError

_SCRIPTS = {
    "bash": """\
_litclf() {
    local IFS=$'\\n'
    COMPREPLY=($(printf '%s\\n' "${COMP_WORDS[@]:1:COMP_CWORD}" | litclf completion words 2>/dev/null))
}
complete -o default -F _litclf litclf
""",
    "zsh": """\
_litclf() {
    local -a found
    found=("${(@f)$(print -rl -- "${(@)words[2,CURRENT]}" | litclf completion words 2>/dev/null)}")
    compadd -- ${found:#} || _files
}
compdef _litclf litclf
""",
    "fish": """\
function __litclf
    set -l before (commandline -opc)
    printf '%s\\n' $before[2..-1] (commandline -ct | string collect --allow-empty) | litclf completion words 2>/dev/null
end
complete -c litclf -a '(__litclf)'
""",
}

_TRAINS = ("fit", "cv", "resume")
_RUN = ("resume", "report", "compare", "dashboard")
_MOST_RUNS = 100


def main(args: list[str]) -> int:
    """``litclf completion bash``: prints what a shell is to be given; ``words``: what the last of words may become.

    Args:
        args: The shell, or ``words``, which are read from standard input, one a line.

    Returns:
        The exit code, 0.

    Raises:
        InputError: If there is no such shell.
        SystemExit: For ``--help``.
    """
    parser = ToolParser("completion", "Has a shell complete commands, flags, presets and runs by the tabulator.")
    parser.add_argument("shell", choices=[*_SCRIPTS, "words"], help="bash, zsh or fish; words is for their scripts")
    parser.epilog = (
        'bash: eval "$(litclf completion bash)" in ~/.bashrc; zsh: the same with zsh in ~/.zshrc, below compinit; '
        "fish: litclf completion fish > ~/.config/fish/completions/litclf.fish"
    )
    shell = parser.parse_args(args).shell
    if shell in _SCRIPTS:
        print(_SCRIPTS[shell], end="")
    else:
        print(*completed(sys.stdin.read().split("\n")[:-1]), sep="\n")
    return 0


def completed(words: Sequence[str]) -> list[str]:
    """What the last of the words behind ``litclf`` may become.

    Example:
        >>> completed(["pres"]), completed(["fit", "-c", "circ"]), completed(["fit", "--ep"])
        (['presets'], ['circles-linear', 'circles'], ['--epochs'])
        >>> completed(["fit", "-c", "circles", "--model.optimizer", ""])
        ['sgd', 'adam', 'adamw']
    """
    from litclf.cli.main import COMMANDS  # which has a row for this

    command, *others = words or [""]
    if not others:
        found: Iterable[str] = [one.name for one in COMMANDS]
        return [name for name in found if name.startswith(command)]
    if command not in [one.name for one in COMMANDS]:
        return []
    *before, current = (word for word in others if word != "=")  # bash parts words there
    flag, equals, start = current.partition("=")
    head = f"{flag}=" if equals and flag.startswith("-") else ""
    if head or (before and before[-1].startswith("-")):
        asked = flag if head else before[-1]
        given = Arguments(command, tuple(before if head else before[:-1]))
        found, current = _values(asked, given), start if head else current
    elif current.startswith("-"):
        module = next(one.module for one in COMMANDS if one.name == command)
        found = _flags(Arguments(command, tuple(before)), module)
    else:
        found = [*(presets() if command == "cv" else ()), *(_runs() if command in _RUN else ())]
    return list(dict.fromkeys(f"{head}{value}" for value in found if value.startswith(current)))


def _flags(given: Arguments, module: str) -> list[str]:
    """The flags of a command."""
    own = _declared(module)
    if given.command not in _TRAINS:
        return own
    flags = [*SHORT_NAMES, "-c", "--config", "--model", "--data", *(f"--{name}" for name in OWN_TYPES)]
    flags += [flag for flag, _ in _settings(given)]
    return [*own, *flags, "--ckpt_path", "--allow_classes", "--print_config", "--help", "--help-all"]


def _declared(module: str) -> list[str]:
    """The flags that a command declares itself, or that it shares with others."""
    folder = Path(__file__).parent
    text = (folder / f"{module.rpartition('.')[2]}.py").read_text(encoding="utf-8")
    for shared in ("evaluate", "trained"):
        if f"from litclf.cli.{shared} import" in text:
            text += (folder / f"{shared}.py").read_text(encoding="utf-8")
    return re.findall(r"add_argument\(\s*\"(--[\w-]+)\"", text)


def _settings(given: Arguments) -> list[tuple[str, Any]]:
    """Flags of the model and the data at hand and of the Trainer, and the types of their values."""
    try:
        settings = settings_of(given, {})
    except InputError:  # a config that is not there yet
        settings = []
    named = {part: part_named(part, settings)[0].rpartition(".")[2] for part in ("model", "data")}
    known = {part: name for part, name in named.items() if name in MODELS or name in DATAMODULES}
    parts = {**known, "trainer": "Trainer"}
    return [(f"--{part}.{one.name}", one.hint) for part, name in parts.items() for one in arguments_documented(name)]


def _values(flag: str, given: Arguments) -> list[str]:
    """What may stand behind a flag; nothing where only the user can know, or the shell, of files."""
    if flag in ("-c", "--config", "--presets"):
        return [*presets(), *(path.name for path in sorted(Path().glob("*.y*ml")))]
    if flag == "--ckpt_path":
        return _runs()
    if flag in ("--model", "--data"):
        return ["auto", *ready(MODELS)] if flag == "--model" else ready(DATAMODULES)
    flag = next((short.stands_for for name, short in SHORT_NAMES.items() if name == flag), flag)
    types = {**{f"--{name}": hint for name, hint in OWN_TYPES.items()}, **dict(_settings(given))}
    return _choices(types.get(flag.rstrip("+")))


def _choices(hint: Any) -> list[str]:
    if hint is bool:
        return ["true", "false"]
    inner = get_args(hint)
    return list(map(str, inner)) if get_origin(hint) is Literal else [word for kind in inner for word in _choices(kind)]


def _runs() -> list[str]:
    """Run folders below this one, those of several versions, and the best of them."""
    found: list[Path] = []
    for parent in sorted(Path("lightning_logs").glob("*")):
        versions = versions_in(parent)
        found += [parent, *([parent / "best"] if len(versions) > 1 else []), *versions] if versions else []
    return [str(path) for path in found[:_MOST_RUNS]]
