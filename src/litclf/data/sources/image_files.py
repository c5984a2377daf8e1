"""Image files: which files below a folder are images, by their names; one rule for training, checks and prediction."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from litclf.preprocessing.image import EXTENSIONS
from litclf.utilities.text import listed

_OF_SYSTEMS = {
    *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "$recycle.bin", "system volume information"),
    *("__macosx", "icon\r", "resource.frk", "network trash folder", "temporary items", "lost+found", "__pycache__"),
    *("@eadir", "@tmp", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "recycler", "found.000"),
    *("node_modules", "venv", "cvs", "~snapshot", "onedrivetemp"),
    "_macosx",
    "_gsdata_",
}
"""What systems and programs leave in folders, lower case; names with a dot first come besides."""

_THUMBNAILS = {"thumbs", "thumbnail", "thumbnails"}
"""Folders of small copies, lower case and without underscores around."""

_THUMBNAIL = re.compile(
    r"(?:syno[a-z]+_)?thumb(?:nail)?[-_. ](?P<behind>.+)|(?P<before>.+)[-_. ]thumb(?:nail)?", re.IGNORECASE
)
"""The name of a small copy, without its ending, and within it that of the image it is of."""


class Problem(NamedTuple):
    """Something wrong with a folder of images.

    Attributes:
        kind: What it is, in a word or two.
        path: The file or folder at fault.
        rule: What is wrong with it.
        fix: The way out.
    """

    kind: str
    path: Path
    rule: str
    fix: str


@dataclass
class Level:
    """What lies in a folder itself, without what systems leave there.

    Attributes:
        folders: Its folders, links to folders among them, sorted.
        images: Its image files, sorted.
        others: Its files that are no images by their names.
        thumbnails: Small copies of images, and folders of them.
        problems: Links to nowhere, and what cannot be read.
    """

    folders: list[Path] = field(default_factory=list)
    images: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)
    thumbnails: list[Path] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class Tree:
    """Folders that are looked into, each once.

    Attributes:
        loops: Links that lead back to a folder they lie in, or to one that was there already; nothing follows them.

    Example:
        >>> import tempfile
        >>> root = Path(tempfile.mkdtemp())
        >>> for name in ("1.png", "notes.txt", "._1.png", "Thumbs.db"):
        ...     (root / name).touch()
        >>> tree = Tree()
        >>> [path.name for path in tree.images(root)], tree.notes()
        (['1.png'], ['passed over 1 file that is no image by its name (1 .txt)'])
    """

    def __init__(self) -> None:
        self.loops: list[Path] = []
        self._levels: dict[Path, Level] = {}

    def level(self, folder: Path) -> Level:
        """What lies in ``folder`` itself."""
        if folder not in self._levels:
            self._levels[folder] = _level(folder)
        return self._levels[folder]

    def images(self, folder: Path) -> list[Path]:
        """The image files at any depth below ``folder``, those of a folder before those of its folders.

        Links are followed, but no folder is gone into twice, nor one that ``folder`` lies in.
        """
        above = folder.resolve()
        seen = {_identity(place) for place in (above, *above.parents)}
        return list(self._below(folder, seen))

    def problems(self) -> list[Problem]:
        """What was wrong with the folders that were looked into."""
        return [problem for level in self._levels.values() for problem in level.problems]

    def notes(self) -> list[str]:
        """What was passed over in these folders, a sentence each."""
        others = [path for level in self._levels.values() for path in level.others]
        thumbnails = [str(path) for level in self._levels.values() for path in level.thumbnails]
        notes = []
        if others:
            endings = Counter(path.suffix.lower() or "no ending" for path in others).most_common()
            one = len(others) == 1
            what = "file that is no image by its name" if one else "files that are no images by their names"
            kinds = listed([f"{number} {ending}" for ending, number in endings], most=3)
            notes.append(f"passed over {len(others)} {what} ({kinds})")
        if thumbnails:
            notes.append(f"passed over what is named as small copies of images: {listed(thumbnails, most=3)}")
        if self.loops:
            notes.append(f"passed over links to folders that were there already: {listed(self.loops, most=3)}")
        return notes

    def _below(self, folder: Path, seen: set[tuple[int, int]]) -> list[Path]:
        level = self.level(folder)
        found = list(level.images)
        for below in level.folders:
            identity = _identity(below)
            if identity in seen:
                self.loops.append(below)
                continue
            seen.add(identity)
            found += self._below(below, seen)
        return found


def is_image(path: Path) -> bool:
    """Whether a file is an image by its name."""
    return path.suffix.lower() in EXTENSIONS


def _level(folder: Path) -> Level:
    level = Level()
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        rule = f"cannot be read: {error.strerror or error}"
        level.problems.append(Problem("closed", folder, rule, "mend its permissions, or move it elsewhere"))
        return level
    for entry in entries:
        if entry.name.startswith(".") or entry.name.lower() in _OF_SYSTEMS:
            continue
        path = folder / entry.name
        kind = _kind_of_link(path) if entry.is_symlink() else _kind(entry)
        if kind == "folder":
            small = entry.name.strip("_- ").lower() in _THUMBNAILS
            (level.thumbnails if small else level.folders).append(path)
        elif kind == "nothing":
            rule = f"is a link to {path.readlink()}, where nothing is found"
            level.problems.append(Problem("broken link", path, rule, "mend the link, or remove it"))
        elif kind == "file" and is_image(path):
            level.images.append(path)
        else:
            level.others.append(path)
    _part_thumbnails(level)
    return level


def _kind(entry: os.DirEntry[str]) -> str:
    return "folder" if entry.is_dir() else "file" if entry.is_file() else "other"


def _kind_of_link(path: Path) -> str:
    try:
        mode = path.stat().st_mode
    except OSError:  # it leads nowhere, in a circle, or where nobody may look
        return "nothing"
    return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "other"


def _part_thumbnails(level: Level) -> None:
    """Takes small copies out of the images where the image that they are of lies beside them."""
    names = {path.stem for path in level.images}
    small = []
    for path in level.images:
        named = _THUMBNAIL.fullmatch(path.stem)
        if named and (named["behind"] or named["before"]) in names:
            small.append(path)
    level.thumbnails += small
    level.images = [path for path in level.images if path not in set(small)]


def _identity(folder: Path) -> tuple[int, int]:
    known = folder.stat()
    return known.st_dev, known.st_ino
