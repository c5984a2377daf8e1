"""Site of the documentation: which pages of the repository it shows, and how the docstrings read there.

MkDocs calls :func:`on_config` and :func:`on_files`, and Griffe, which reads the docstrings, the extension
:class:`Docstrings`.
"""

import re
from pathlib import Path
from typing import Any

import griffe
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]

ROOMS = "src/litclf/**/README.md"
PAGES = ("*.md", "docs/**/*.md", "docs/**/*.png", "docs/**/*.json", "notebooks/*.ipynb", ROOMS)
"""What of the repository the site shows, under the very paths, so that a link works in both."""

ROLE = re.compile(r":(?:class|data|func|meth|mod):`~?([\w.]+)`")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Puts the pages of the rooms behind that of the design."""
    (design,) = (section["Design"] for section in config.nav if "Design" in section)
    design[1:1] = [path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob(ROOMS))]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The pages of the repository in place of those of ``docs`` alone, beside what the theme brings."""
    pages = sorted(path for pattern in PAGES for path in ROOT.glob(pattern))
    own = [
        File(path.relative_to(ROOT).as_posix(), str(ROOT), config.site_dir, config.use_directory_urls) for path in pages
    ]
    return Files([file for file in files if file.src_dir != config.docs_dir] + own)


class Docstrings(griffe.Extension):
    """Turns the roles of docstrings into links, where there is a page to link to, and examples into code."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Rewrites the docstring of ``obj`` before it is parsed."""
        if obj.docstring:
            text = re.sub(r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE)
            obj.docstring.value = ROLE.sub(_link, text)


def _link(role: re.Match[str]) -> str:
    name = role.group(1)
    return f'<autoref identifier="{name}" optional><code>{name.removeprefix("litclf.")}</code></autoref>'
