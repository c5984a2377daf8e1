"""The rooms of ``docs/design.md``, held against the imports of the code; and every file, against its length."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import litclf

PROJECT = Path(__file__).parents[1]
ROOT = Path(litclf.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
ENTRANCES = {"__init__", "__main__"}
ROW = re.compile(r"^\| (\d) \| `(\w+)/` \| (.*?) \| (.*?) \|$", re.MULTILINE)


def rooms_of(page):
    """Floor, what it may import, and whether it is to come, of each room in the table of ``page``."""
    rows = {name: (int(floor), words, "to come" in holds) for floor, name, holds, words in ROW.findall(page)}
    floors = {name: floor for name, (floor, _, _) in rows.items()}
    rooms = {}
    for name, (floor, words, to_come) in rows.items():
        if words == "all":
            allowed = set(rows)
        elif words == "nothing of ours":
            allowed = set()
        elif range_of := re.fullmatch(r"floors 1 to (\d)", words):
            allowed = {other for other in rows if floors[other] <= int(range_of.group(1))}
        else:
            allowed = set(words.split(", "))
        rooms[name] = (floor, allowed - {name}, to_come)
    return rooms


ROOMS = rooms_of((PROJECT / "docs" / "design.md").read_text(encoding="utf-8"))


def module_of(path):
    return ".".join(("litclf", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


def imported(source):
    """The modules of litclf that a module imports, wherever in the file the import stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the whole path"
            if (node.module or "").split(".")[0] == "litclf":
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "litclf")


def inside(module, place):
    """Whether ``module`` lies in ``place``, such as ``litclf.engines.execution``."""
    return f"{module}.".startswith(f"{place}.")


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("from litclf.data.base import Split", ["litclf.data.base.Split"]),
        ("import litclf.models.base as b", ["litclf.models.base"]),
        ("def f():\n    from litclf import nets", ["litclf.nets"]),
        ("import litclf\nimport torch", ["litclf"]),
    ],
)
def test_the_walk_sees_every_kind_of_import(source, modules):
    assert list(imported(source)) == modules


def test_the_table_tells_floors_lists_and_single_files():
    page = (
        "| 1 | `a/` | x | nothing of ours |\n| 2 | `b/` | x | a, c.d |\n| 3 | `c/` | *to come:* x | floors 1 to 2 |\n"
        "| 4 | `e/` | x | all |\n"
    )
    assert rooms_of(page) == {
        "a": (1, set(), False),
        "b": (2, {"a", "c.d"}, False),
        "c": (3, {"a", "b"}, True),
        "e": (4, {"a", "b", "c"}, False),
    }


def test_the_top_holds_the_rooms_of_the_design_and_the_entrances_alone():
    there = {path.name for path in ROOT.iterdir() if path.name != "__pycache__"}
    built = {name for name, (_, _, to_come) in ROOMS.items() if not to_come}
    assert len(ROOMS) == 12
    assert there - ROOMS.keys() == {"__init__.py", "__main__.py", "py.typed", "configs"}
    assert built <= there


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_down_only(path):
    room = path.relative_to(ROOT).with_suffix("").parts[0]
    modules = set(imported(path.read_text(encoding="utf-8")))
    if room in ENTRANCES:
        return
    for module in modules:
        assert any(inside(module, f"litclf.{place}") for place in {room, *ROOMS[room][1]}), f"{path} imports {module}"


def test_what_the_table_allows_lies_below():
    for name, (floor, allowed, _) in ROOMS.items():
        assert all(ROOMS[place.split(".")[0]][0] < floor for place in allowed), name


def test_no_imports_run_in_a_circle():
    modules = {module_of(path) for path in FILES}
    graph = {}
    for path in FILES:
        found = set()
        for name in imported(path.read_text(encoding="utf-8")):
            # `from a.b import c` names a module or something in one.
            found.add(name if name in modules else name.rpartition(".")[0])
        graph[module_of(path)] = found & modules - {module_of(path)}
    graph["litclf"] = graph["litclf"] - {"litclf"}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize("folder", ["src", "tests", "scripts"])
def test_no_file_is_above_300_lines(folder):
    lengths = {path: len(path.read_bytes().splitlines()) for path in (PROJECT / folder).rglob("*.py")}
    assert {str(path): length for path, length in lengths.items() if length > 300} == {}


def test_a_module_begins_with_its_noun():
    firsts = {
        str(path.relative_to(ROOT)): ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))).split()[0]
        for path in FILES
        if path.parent != ROOT
    }
    others = {"A", "All", "An", "From", "How", "The", "What", "Where", "Whether", "Which", "Who"}
    assert {path: first for path, first in firsts.items() if first in others or not first[:1].isupper()} == {}
