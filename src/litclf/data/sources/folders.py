"""Folders of images in class folders: what lies in them, what is wrong with them, and how they are split."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from litclf.data.sources.stratified import stratified_rows
from litclf.preprocessing.image import EXTENSIONS

SPLIT_NAMES = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
"""Names of split folders, and the splits they hold."""

_LEFT_BY_SYSTEMS = {"thumbs.db", "desktop.ini"}


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


class Files(NamedTuple):
    """Image files, and the number of the class of each."""

    paths: list[Path]
    targets: list[int]


@dataclass
class ImageFolders:
    """What :func:`scan` found.

    Attributes:
        class_names: Names of the class folders in sorted order, composed as Unicode's NFC.
        files: The files of each split that has a folder; only ``train`` where class folders lie at the top.
        problems: What keeps the folder from being used, in the order it was found.
    """

    class_names: tuple[str, ...] = ()
    files: dict[str, Files] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def scan(path: str | Path) -> ImageFolders:
    """Lists the images below class folders, as torchvision's ImageFolder does, by split where there are split folders.

    Class folders lie in ``train`` and in ``val`` (or ``valid``, ``validation``) and ``test`` beside it, or at the top.
    Hidden files are passed over.
    """
    root, found = Path(path), ImageFolders()
    if not root.is_dir():
        rule = "is a file, not a folder" if root.exists() else "does not exist"
        found.problems.append(Problem("no folder", root, rule, "pass a folder that holds a folder for each class"))
        return found
    classes = {split: _class_folders(folder, found) for split, folder in _split_folders(root, found).items()}
    found.class_names = tuple(sorted({_name(folder) for folder in classes["train"]}))
    if len(found.class_names) < 2:
        rule = f"must hold two class folders or more, got {len(found.class_names)}"
        fix = "sort the images into a folder for each class, such as cat/1.png and dog/1.png"
        found.problems.append(Problem("one class", root, rule, fix))
    numbers = {name: number for number, name in enumerate(found.class_names)}
    for split, folders in classes.items():
        files = found.files.setdefault(split, Files([], []))
        for folder in sorted(folders, key=_name):
            if _name(folder) not in numbers:
                fix = f"name it as one of the class folders of train: {', '.join(found.class_names)}"
                found.problems.append(Problem("unknown class", folder, "is a class that train does not have", fix))
                continue
            paths = list(_images(folder, found))
            files.paths.extend(paths)
            files.targets.extend([numbers[_name(folder)]] * len(paths))
    return found


def split_files(found: ImageFolders, val_size: float, test_size: float, seed: int) -> dict[str, Files]:
    """The splits ``train``, ``val`` and ``test``: those with a folder as they are, the others carved out of ``train``.

    Carving keeps the shares of the classes; see :func:`~litclf.data.sources.stratified.stratified_rows`.

    Args:
        found: A folder without problems.
        val_size: Share of the images of ``train`` for validation; does nothing where there is a folder for it.
        test_size: Share of the images of ``train`` for the test; does nothing where there is a folder for it.
        seed: Seed of the draw.

    Raises:
        InputError: If the shares leave a split or a class without images.
    """
    train, targets = found.files["train"], np.array(found.files["train"].targets, dtype=np.int64)
    val_size, test_size = 0.0 if "val" in found.files else val_size, 0.0 if "test" in found.files else test_size
    rows = stratified_rows(targets, found.class_names, val_size, test_size, seed, sample="file")
    return {
        split: _take(train, chosen) if split == "train" else found.files.get(split, _take(train, chosen))
        for split, chosen in rows.items()
    }


def _take(files: Files, rows: NDArray[np.int64]) -> Files:
    return Files([files.paths[row] for row in rows], [files.targets[row] for row in rows])


def _split_folders(root: Path, found: ImageFolders) -> dict[str, Path]:
    """The folder of each split; the top itself is ``train`` where ``train`` is missing, or a class called so."""
    train = root / "train"
    if not train.is_dir() or (not _folders(train) and any(_is_image(entry) for entry in train.iterdir())):
        return {"train": root}
    folders: dict[str, Path] = {}
    for folder in _folders(root):
        split = SPLIT_NAMES.get(folder.name)
        if split is None:
            fix = "move it elsewhere, or into train where it is a class"
            found.problems.append(Problem("unknown split", folder, "is neither train, val, valid nor test", fix))
        elif split in folders:
            rule = f"and {folders[split].name} beside it are both for validation"
            found.problems.append(Problem("two splits", folder, rule, "keep one of them"))
        else:
            folders[split] = folder
    return folders


def _class_folders(folder: Path, found: ImageFolders) -> list[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.is_file() and _is_image(entry):
            found.problems.append(Problem("no class", entry, "lies in no class folder", "move it into one"))
    return _folders(folder)


def _folders(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _images(folder: Path, found: ImageFolders) -> Iterator[Path]:
    """The image files at any depth below a class folder."""
    empty = True
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(where, name)
            if name.startswith(".") or name.lower() in _LEFT_BY_SYSTEMS:
                continue
            if _is_image(path):
                empty = False
                yield path
            else:
                rule = f"is no image: none of {', '.join(EXTENSIONS)}"
                found.problems.append(Problem("no image", path, rule, "convert it, or move it elsewhere"))
    if empty:
        found.problems.append(Problem("empty class", folder, "holds no images", "add some, or remove the folder"))


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in EXTENSIONS and not path.name.startswith(".")


def _name(folder: Path) -> str:
    """Name of a class. macOS takes Korean syllables apart in the names of folders, which then are equal to no text."""
    return unicodedata.normalize("NFC", folder.name)
