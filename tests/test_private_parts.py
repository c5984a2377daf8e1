"""Private names of other libraries: where the code uses them, which must be listed here with the reason."""

import ast
import re
from pathlib import Path

import pytest
import torch

import litclf

ROOT = Path(litclf.__file__).parent
FILES = {str(path.relative_to(ROOT)): path for path in sorted(ROOT.rglob("*.py"))}
PUBLIC = {"_exit", "_asdict", "_replace", "_fields", "_make"}
"""Documented, the underscore notwithstanding: of ``os``, and of named tuples."""

INTERNALS = [f"utilities/lightning_{part}.py" for part in ("internals", "logging", "validation")]
"""Their names, each with its reason, are listed in their docstrings; their own tests hold them to that."""

OURS = {"_META", "_DESCRIBED", "_ZERO", "_told", "_TRANSFERS", "_MODES", "_looked_at", "_walks"}
"""What has no listing: private names that are the modules' own."""

ALLOWED = {
    # Numba has no public way to ask what it has compiled before.
    "engines/kernel/cache.py": {"_cache"},
    # PyTorch has no public way to ask for the hooks of a layer.
    "engines/kernel/engine.py": {"_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks"},
}


def is_private(name):
    return name.startswith("_") and not name.startswith("__") and name.strip("_") != ""


def defined(tree):
    """Names that a module makes: functions, classes, variables, attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and named(node.value, "self", "cls"):
            yield node.attr


def named(node, *names):
    return isinstance(node, ast.Name) and node.id in names


def used(tree):
    """Names that a module reads or sets on objects, imports, or names in strings, one or several of them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("litclf"):
            yield from (node.module or "").split(".")
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (part for alias in node.names for part in alias.name.split("."))
        elif isinstance(node, ast.Call) and named(node.func, "getattr", "hasattr", "setattr"):
            yield from (part.value for part in node.args if isinstance(part, ast.Constant))
        elif isinstance(node, ast.Tuple) and all(isinstance(part, ast.Constant) for part in node.elts):
            yield from (part.value for part in node.elts)


def of_others(sources):
    """Private names in each of ``sources`` that are no names of theirs: what other libraries keep for themselves.

    An attribute of ``self`` may come from a base class of another library: it is theirs where no module makes it.
    """
    trees = {name: ast.parse(text) for name, text in sources.items()}
    ours = {name for tree in trees.values() for name in defined(tree)}
    found = {}
    for file, tree in trees.items():
        private = {name for name in used(tree) if isinstance(name, str) and is_private(name)}
        if names := private - ours - PUBLIC:
            found[file] = names
    return found


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("trainer._logger_connector.metrics", {"_logger_connector"}),
        ("class A(B):\n    def f(self): return self._results", {"_results"}),
        ("class A:\n    def __init__(self): self._own = 1\n    def f(self): return self._own", set()),
        ("from lightning.pytorch.loops import _Loop", {"_Loop"}),
        ("import jsonargparse._util as util", {"_util"}),
        ("from jsonargparse._util import x", {"_util"}),
        ("getattr(strategy, '_checkpoint_io', None)", {"_checkpoint_io"}),
        ("hooks = ('_forward_hooks', '_backward_hooks')", {"_forward_hooks", "_backward_hooks"}),
        ("os._exit(1)\nrow._asdict()\nx.__dict__", set()),
        ("for _ in x: pass", set()),
    ],
)
def test_the_scan_sees_every_kind_of_use(source, names):
    assert of_others({"a.py": source}).get("a.py", set()) == names


def test_private_names_of_other_libraries_are_listed_with_their_reason():
    found = of_others({name: path.read_text(encoding="utf-8") for name, path in FILES.items()})
    assert all(found.pop(name) for name in INTERNALS)
    assert found == ALLOWED


@pytest.mark.parametrize("file", INTERNALS)
def test_the_list_is_what_the_code_uses_and_each_name_has_its_test(file):
    tree = ast.parse(FILES[file].read_text(encoding="utf-8"))
    named = re.findall(r"^- ((?:``\w+``(?:, )?)+)", ast.get_docstring(tree).replace(",\n  ", ", "), re.MULTILINE)
    listed = sorted(name for line in named for name in re.findall(r"``(\w+)``", line))
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    used |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    keys = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    used |= {part for key in keys for part in key.split(".") if part.isidentifier()}
    private = {name for name in used if name.startswith("_") and not name.startswith("__")}
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)} | OURS
    assert (private - own - set(listed), set(listed) - used) == (set(), set())
    files = (Path(__file__).parent / "utilities").glob("test_lightning_*.py")
    tests = [name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.MULTILINE)]
    assert [name for name in listed if not any(f"_{name.strip('_').lower()}_" in f"{test}_" for test in tests)] == []


def test_loops_of_the_trainer_are_named_there_alone():
    attributes = {
        name: {node.attr for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if hasattr(node, "attr")}
        for name, path in FILES.items()
    }
    assert [name for name, found in attributes.items() if "fit_loop" in found] == INTERNALS


@pytest.mark.parametrize("kind", ["forward", "forward_pre", "backward", "full_backward", "full_backward_pre"])
def test_hooks_of_layers_stand_where_pytorch_keeps_them(kind):
    layer = torch.nn.Linear(1, 1)
    getattr(layer, f"register_{kind}_hook")(lambda *_: None)
    names = [name for name in ALLOWED["engines/kernel/engine.py"] if getattr(layer, name)]
    assert names == [f"_{kind.removeprefix('full_')}_hooks"]
