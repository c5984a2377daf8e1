"""Imports run downward only: cli, parser -> run -> callbacks, data, models -> engines, nets, preparation -> checks.

``pictures`` draws from arrays and ``report`` from a run folder; neither knows of anything above ``checks``.
"""

import ast
from pathlib import Path

import pytest

import litclf

ROOT = Path(litclf.__file__).parent
FILES = sorted(path for path in ROOT.rglob("*.py") if path not in (ROOT / "__init__.py", ROOT / "__main__.py"))
BOTTOM = {"checks", "files"}
TOOL = BOTTOM | {"commands"}
GATE = {"hyperparameters", "saving"}
MIDDLE = BOTTOM | {"engines", "nets", "preparation"}
PARTS = MIDDLE | {"callbacks", "data", "models"}
LIGHT = BOTTOM | GATE | {"checkpoints", "decision", "nets", "preparation", "threads"}
TRAINED = LIGHT | {"inference", "rebuild"}
MAY_IMPORT = {
    "checks": set(),
    "files": {"checks"},
    "presets": BOTTOM,
    "hyperparameters": BOTTOM,
    "trust": BOTTOM,
    "saving": BOTTOM | {"hyperparameters"},
    "plugin": BOTTOM | GATE,
    "nets": BOTTOM | {"backbones"},
    "backbones": BOTTOM,
    "decision": BOTTOM,
    "preparation": BOTTOM | {"preparation"},
    "engines": BOTTOM | {"engines"},
    "loops": set(),
    "rng": set(),
    "signals": set(),
    "settings": BOTTOM,
    "folder": BOTTOM | {"checkpoints"},
    "resuming": BOTTOM | {"callbacks", "checkpoints", "folder", "record", "signals"},
    "callbacks": MIDDLE | {"callbacks", "loggers", "loops", "pictures", "rng", "signals"},
    "pictures": BOTTOM | {"pictures"},
    "report": TOOL | {"report"},
    "record": set(),
    "commands": BOTTOM | {"signals"},
    "dashboard": TOOL,
    "data": MIDDLE | GATE | {"data"},
    "models": MIDDLE | GATE | {"backbones", "decision", "models"},
    "loggers": BOTTOM,
    "threads": set(),
    "checkpoints": BOTTOM | {"saving"},
    "check_data": MIDDLE | {"check_data", "data", "parser"},
    "draft": TOOL | {"data", "draft", "preparation"},
    "calibration": PARTS | {"checkpoints", "decision", "saving"},
    "defaults": PARTS | {"loggers", "checkpoints", "plugin", "threads"},
    "run": PARTS
    | {"calibration", "check_data", "checkpoints", "decision", "defaults", "loggers", "record", "report"}
    | {"folder", "resuming", "settings", "signals"},
    "rebuild": PARTS | GATE | {"checkpoints"},
    "inference": LIGHT,
    "arguments": TOOL | {"inference"},
    "rows": BOTTOM | {"data"},
    "predict": TRAINED | {"arguments", "pictures", "rows"},
    "export": TRAINED | {"arguments", "data", "export", "models"},
    "serve": TRAINED | {"arguments", "serve"},
}
ABOVE = {"cli", "parser", "compare"}


def room(path):
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imported(source):
    """The rooms of litclf that a module imports, wherever in the file the import stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the whole path"
            module = (node.module or "").split(".")
            if module == ["litclf"]:
                yield from (alias.name for alias in node.names)
            elif module[0] == "litclf":
                yield module[1]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                module = alias.name.split(".")
                if module[0] == "litclf" and len(module) > 1:
                    yield module[1]


@pytest.mark.parametrize(
    ("source", "rooms"),
    [
        ("from litclf.data.base import Split", ["data"]),
        ("import litclf.models.classifier as b", ["models"]),
        ("def f():\n    from litclf import nets", ["nets"]),
        ("import litclf\nimport torch", []),
    ],
)
def test_the_walk_sees_every_kind_of_import(source, rooms):
    assert list(imported(source)) == rooms


def test_the_walk_sees_all_rooms():
    assert {room(path) for path in FILES} == MAY_IMPORT.keys() | ABOVE


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_downward(path):
    allowed = MAY_IMPORT.get(room(path), MAY_IMPORT.keys() | ABOVE | {"presets"})
    assert set(imported(path.read_text(encoding="utf-8"))) <= allowed
