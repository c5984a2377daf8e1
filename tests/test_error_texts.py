"""Errors of other libraries: known by their types and by facts, since what they say changes with their releases."""

import ast
from pathlib import Path

import pytest

import litclf

ROOT = Path(litclf.__file__).parent
SEARCHING = {"split", "rsplit", "partition", "rpartition", "startswith", "endswith", "find", "rfind", "index", "rindex"}
SEARCHING |= {"count", "replace", "removeprefix", "removesuffix"}
"""Methods of a text that look for the text they are given."""

IN_WORDS_ALONE = {"utilities/memory.py"}
"""PyTorch and NumPy tell how much memory they lack in words alone; in other words, the size goes untold."""

TOLD = {"args", "msg", "message", "problem"}
"""Attributes by which errors hold what they say."""


def searched(tree):
    """Lines of a module where what an error says, or a part of it, is looked through for words."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.ExceptHandler):
            texts = texts_in(function)
            for node in ast.walk(function):
                if any(holds_text(part, function, texts) for part in looked_through(node)):
                    yield node.lineno


def looked_through(node):
    """What an expression looks through for words: the text, or all that a regular expression is given."""
    if isinstance(node, ast.Compare) and any(isinstance(kind, ast.In | ast.NotIn) for kind in node.ops):
        yield from node.comparators
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "re":
            yield from node.args
        elif node.func.attr in SEARCHING and any(isinstance(part, ast.Constant) for part in node.args):
            yield node.func.value
        elif node.func.attr in ("search", "match", "fullmatch", "findall", "finditer", "sub"):
            yield from node.args


def errors_of(function):
    """Names that errors have in a function or in a handler of some."""
    if isinstance(function, ast.ExceptHandler):
        return {function.name}
    kinds = {one.arg: ast.unparse(one.annotation or ast.Constant(0)) for one in function.args.args}
    return {name for name, kind in kinds.items() if "Error" in kind or "Exception" in kind}


def holds_text(node, function, texts):
    """Whether an expression holds what an error says: itself, by one of its attributes, or by a name given to it."""
    errors = errors_of(function)
    for part in ast.walk(node):
        match part:
            case ast.Name(id=name) if name in texts:
                return True
            case ast.Call(func=ast.Name(id="str" | "repr" | "format"), args=[ast.Name(id=name), *_]) if name in errors:
                return True
            case ast.FormattedValue(value=ast.Name(id=name)) if name in errors:
                return True
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in errors and attribute in TOLD:
                return True
    return False


def texts_in(function):
    """Names that what an error says is given in a function."""
    texts = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and holds_text(node.value, function, texts):
            texts |= {name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    return texts


@pytest.mark.parametrize(
    "line",
    [
        're.search("a", str(error))',
        'PATTERN.search(f"{error}")',
        '"a" in str(error)',
        'a = "a" not in error.args[0]',
        'str(error).startswith("a")',
        'lines = str(error).splitlines(); reason = lines[0].split("a")[0]',
        'text = " ".join(str(error).split()); found = re.match("a", text.lower())',
    ],
)
@pytest.mark.parametrize("where", ["try: f()\nexcept ValueError as error: {}", "def f(error: OSError): {}"])
def test_the_walk_sees_every_kind_of_search(where, line):
    assert list(searched(ast.parse(where.format(line))))


@pytest.mark.parametrize(
    "line",
    [
        'raise InputError("a", " ".join(str(error).split()), "b") from error',
        "first = str(error).splitlines()[0]",
        'part = error.where.partition(".")[0]',
        'found = error.errno in (1, 2) and re.search("a", text)',
    ],
)
def test_what_an_error_says_may_be_told_on(line):
    assert list(searched(ast.parse(f"try: f()\nexcept ValueError as error: {line}"))) == []


def test_nothing_that_an_error_says_is_looked_through():
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ROOT.rglob("*.py"))}
    found = {str(path.relative_to(ROOT)): list(searched(tree)) for path, tree in trees.items()}
    assert {path for path, lines in found.items() if lines} == IN_WORDS_ALONE
