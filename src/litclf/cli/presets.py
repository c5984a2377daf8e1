"""Presets that ship with the package: one commented YAML each, in ``configs/``; and the command that lists them."""

from __future__ import annotations

from pathlib import Path

from litclf.cli.arguments import ToolParser
from litclf.utilities.errors import InputError, nearest

_FOLDER = Path(__file__).parents[1] / "configs"


def main(args: list[str]) -> int:
    """``litclf presets``: lists the presets, with what each does.

    Raises:
        InputError: If anything else is given.
        SystemExit: For ``--help``.
    """
    ToolParser("presets", "List the presets that -c takes.").parse_args(args)
    width = max(map(len, presets()))
    for name, description in presets().items():
        print(f"{name:{width}}  {description}")
    return 0


def presets() -> dict[str, str]:
    """What each preset does, by its name.

    Example:
        >>> presets()["blobs"]
        'Four clusters told apart in 100 full-batch steps.'
    """
    descriptions = {}
    for path in sorted(_FOLDER.glob("*.yaml")):
        with path.open(encoding="utf-8") as file:
            descriptions[path.stem] = file.readline().removeprefix("#").strip()
    return descriptions


def preset_path(name: str) -> Path:
    """The file of preset ``name``, or ``name`` itself where it is a file.

    Raises:
        InputError: If it is neither.
    """
    path = _FOLDER / f"{name}.yaml"
    if "/" not in name and path.is_file():
        return path
    if Path(name).is_file():
        return Path(name)
    files = [f"{name}{ending}" for ending in (".yaml", ".yml") if Path(f"{name}{ending}").is_file()]
    near = files[0] if files else nearest(name, presets())
    fix = f"did you mean {near}?" if near else "see `litclf presets`, or pass the path of a YAML file"
    raise InputError("-c", f"there is no preset and no file {name!r}", fix)
