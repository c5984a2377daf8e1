"""Pages: every link leads somewhere, every file that is named is there, and the site shows all of them."""

import inspect
import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml
from lightning.pytorch import Trainer

import litclf
from litclf.data.registry import DATAMODULES
from litclf.models.registry import MODELS

PROJECT = Path(__file__).parents[1]
ENDINGS = "ckpt|css|csv|gif|html|ini|ipynb|js|json|md|onnx|png|py|sh|toml|txt|yaml|yml"
FILE = re.compile(rf"[\w./*<>-]*[\w*]\.(?:{ENDINGS})|[\w./-]+/")
"""What a span of code must look like in whole to be the path of a file or, by the slash at its end, of a folder."""

FENCE = re.compile(r"^( *)```.*?^\1```$", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
FLAG = re.compile(r"(?<![\w-])--(?:(model|data|trainer)\.)?([a-z]\w+(?:-\w+)*)")
LINK = re.compile(r"\]\(([^)\s]+)\)")


def listed():
    """The files of the repository; of a source archive, which knows no history, those that it holds."""
    if not (PROJECT / ".git").exists():
        return [path.relative_to(PROJECT).as_posix() for path in PROJECT.rglob("*") if "__pycache__" not in path.parts]
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    return subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout.splitlines()


FILES = [path for path in listed() if (PROJECT / path).is_file()]
PAGES = [path for path in FILES if path.endswith(".md")]
PLACES = {f"/{parent}/" for path in FILES for parent in Path(path).parents} | {f"/{path}" for path in FILES}


def read(page):
    return (PROJECT / page).read_text(encoding="utf-8")


def prose(page):
    """The text of a page without its blocks of code."""
    return FENCE.sub("", read(page))


def code_of(page):
    """Spans of code, and the lines of blocks that call litclf."""
    return SPAN.findall(prose(page)) + re.findall(r"^.*litclf .*$", read(page), re.MULTILINE)


def anchors(page):
    """What the headings of a page are called in links, in the repository's view as on the site."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def not_in_a_clone():
    """What the page on runs says a run makes, what git ignores, and the rooms that the design calls to come."""
    table = read("docs/runs.md").split("## Where results lie")[1].split("\n## ")[0]
    made = [name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in SPAN.findall(row)]
    ignored = [line.lstrip("/") for line in read(".gitignore").split()]
    return {*made, *ignored, *re.findall(r"`(\w+/)` \| \*to come", read("docs/design.md"))}


def is_there(name, page, elsewhere):
    """Whether ``name``, in a span of code of ``page``, is a file or folder of the repository, or is ``elsewhere``."""
    for other in elsewhere:
        within = f"{other}*" if other.endswith("/") else other
        if fnmatch(f"/{other}", f"*/{name}") or fnmatch(f"/{name}", f"*/{within}"):
            return True
    return (PROJECT / page).parent.joinpath(name).exists() or any(fnmatch(place, f"*/{name}") for place in PLACES)


def named(page):
    return [span for span in SPAN.findall(prose(page)) if FILE.fullmatch(span) and not re.search("[<>]", span)]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_or_heading(page):
    for target in LINK.findall(prose(page)):
        if re.match(r"[a-z]+://", target):
            continue
        path, _, anchor = target.partition("#")
        place = ((PROJECT / page).parent / path).resolve() if path else PROJECT / page
        relative = place.relative_to(PROJECT).as_posix()
        assert relative in FILES, f"{page}: {target}"
        assert not anchor or anchor in anchors(relative), f"{page}: {target}"


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_is_named_is_there(page):
    elsewhere = not_in_a_clone()
    assert [name for name in named(page) if not is_there(name, page, elsewhere)] == []


def test_a_name_that_is_nowhere_is_found_out():
    elsewhere = not_in_a_clone()
    for name in ("config.yaml", "last.ckpt", "cli/", "lightning_logs/circles/", "docs/design.md", "scripts/fit_*.py"):
        assert is_there(name, "README.md", elsewhere), name
    for name in ("nets.py", "docs/nowhere.md", "callback/", "fit_everything.py", "src/cli/"):
        assert FILE.fullmatch(name)
        assert not is_there(name, "README.md", elsewhere), name
    assert not any(map(FILE.fullmatch, ("(x, y)", "litclf.fit", "val/loss", "torch.nn", "--ckpt_path last|RUN|FILE")))


def test_the_reference_has_a_page_for_each_room_and_names_each_public_name():
    rooms = {path.parent.name for path in Path(litclf.__file__).parent.glob("*/__init__.py")}
    reference = [page for page in PAGES if page.startswith("docs/reference/")]
    shown = [name for page in reference for name in re.findall(r"^::: litclf\.(\w+)$", read(page), re.MULTILINE)]
    assert sorted(shown) == sorted(rooms)
    assert set(re.findall(r"`litclf\.(\w+)`", read("docs/reference/README.md"))) == set(litclf.__all__) - {
        "__version__"
    }


def test_the_site_shows_every_page():
    config = yaml.safe_load(read("mkdocs.yml"))

    def pages(entry):
        if isinstance(entry, str):
            return [entry]
        return [page for part in (entry.values() if isinstance(entry, dict) else entry) for page in pages(part)]

    # The pages of rooms are found when the site is built.
    assert sorted(pages(config["nav"])) == sorted(page for page in PAGES if not page.startswith("src/"))


def test_every_flag_that_is_named_is_one():
    parts = {"model": map(MODELS.load, MODELS), "data": map(DATAMODULES.load, DATAMODULES), "trainer": [Trainer]}
    taken = {
        part: {name for kind in kinds for name in inspect.signature(kind).parameters} for part, kinds in parts.items()
    }
    # Those of Lightning's command line, and those of our commands and scripts, wherever they are declared.
    taken[""] = {"ckpt_path", "data", "model", "print_config", "trainer"}
    for path in (*Path(litclf.__file__).parent.rglob("*.py"), *(PROJECT / "scripts").rglob("*.py")):
        taken[""] |= set(re.findall(r"\"--([\w-]+)\"", path.read_text(encoding="utf-8")))
    pages = [page for page in PAGES if not page.startswith(("RELIABILITY", "CONTRIBUTING"))]
    # What stands before `-m litclf` is the launcher's.
    ours = [(page, code.rpartition("-m litclf ")[2]) for page in pages for code in code_of(page)]
    named = {(page, *flag) for page, code in ours for flag in FLAG.findall(code)}
    assert len(named) > 20
    assert {(page, part, name) for page, part, name in named if name not in taken[part]} == set()
