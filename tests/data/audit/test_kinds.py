import importlib
import pkgutil

from litclf.data.audit import images, kinds, table
from litclf.data.audit.kinds import useless

LISTS = {
    "target": table.IN_TARGET,
    "column": (useless, *table.IN_COLUMN),
    "rows": table.IN_ROWS,
    "files": images.IN_FILES,
    "images": images.IN_IMAGES,
}


def test_every_kind_stands_in_a_list_of_those_that_look():
    files = {
        importlib.import_module(f"{kinds.__name__}.{found.name}") for found in pkgutil.iter_modules(kinds.__path__)
    }
    assert files == {manager for managers in LISTS.values() for manager in managers}


def test_the_kinds_are_these_and_in_this_order():
    assert {name: [kind for manager in managers for kind in manager.KINDS] for name, managers in LISTS.items()} == {
        "target": ["no class", "measure", "one class"],
        "column": [
            *("useless", "mixed", "infinite", "row numbers", "sentinel", "measures", "alike"),
            "missing",
        ],
        "rows": ["leak", "straddle", "alike", "rare", "constant", "duplicate", "scale"],
        "files": [
            *("no folder", "one class", "empty class", "unknown class", "unknown split", "two splits", "no train"),
            *("no class", "broken link", "closed", "unreadable"),
        ],
        "images": ["two classes", "straddle", "duplicate", "rare", "blank", "odd size", "odd colour"],
    }
