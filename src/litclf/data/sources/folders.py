"""Folders of images in class folders: what lies in them, what is wrong with them, and how they are split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from litclf.data.sources.class_names import in_order, lookalikes
from litclf.data.sources.image_files import Problem, Tree
from litclf.data.sources.layouts import find_layout
from litclf.data.sources.stratified import lone_classes, stratified_rows
from litclf.preprocessing.image import EXTENSIONS
from litclf.utilities.errors import nearest
from litclf.utilities.text import listed


class Files(NamedTuple):
    """Image files, and the number of the class of each."""

    paths: list[Path]
    targets: list[int]


@dataclass
class ImageFolders:
    """What :func:`scan` found.

    Attributes:
        class_names: Names of the classes, those of the class folders with Unicode and spaces evened out: in the order
            of numbers where all are numbers, else of texts.
        files: The files of each split that has a folder; only ``train`` where class folders lie at the top.
        problems: What keeps the folder from being used, in the order it was found.
        notes: How the folder was understood, and what of it was passed over; a sentence each.
    """

    class_names: tuple[str, ...] = ()
    files: dict[str, Files] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def scan(path: str | Path) -> ImageFolders:
    """Lists the images below class folders, by split where there are folders for splits.

    How a folder is read is told in ``docs/own-data.md``.
    """
    root, found, tree = Path(path), ImageFolders(), Tree()
    if not root.is_dir():
        rule = "is a file, not a folder" if root.exists() else "does not exist"
        found.problems.append(Problem("no folder", root, rule, "pass a folder that holds a folder for each class"))
        return found
    layout = find_layout(root, tree)
    found.problems += layout.problems
    found.class_names = in_order(name for name, _ in layout.classes.get("train", ()))
    if len(found.class_names) < 2 and not layout.problems:
        found.problems.append(_one_class(root, layout.classes["train"], tree))
    for split, folders in layout.classes.items():
        found.files[split] = _files(split, folders, found, tree)
    found.problems += tree.problems()
    found.notes = [*layout.notes, *([] if found.problems else _about_classes(found)), *tree.notes()]
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


def split_anew(
    files: Mapping[str, Files], drawn: Sequence[str], rows: Mapping[str, NDArray[np.int64]]
) -> dict[str, Files]:
    """Other splits of the same files; a test that is not named is the one there is, unless that is drawn from.

    Args:
        files: The splits.
        drawn: Names of those whose files are drawn from, which are numbered one split after the other.
        rows: Numbers of the files of each new split.

    Example:
        >>> old = {"train": Files([Path("a"), Path("b")], [0, 1]), "test": Files([Path("c")], [0])}
        >>> split_anew(old, ["train"], {"train": np.array([1])})["train"], split_anew(old, ["train"], {})["test"]
        (Files(paths=[PosixPath('b')], targets=[1]), Files(paths=[PosixPath('c')], targets=[0]))
    """
    own = [files[split] for split in drawn]
    every = Files([path for one in own for path in one.paths], [target for one in own for target in one.targets])
    test = Files([], []) if "test" in drawn else files["test"]
    return {"test": test} | {split: _take(every, places) for split, places in rows.items()}


def _take(files: Files, rows: NDArray[np.int64]) -> Files:
    return Files([files.paths[row] for row in rows], [files.targets[row] for row in rows])


def _files(split: str, folders: list[tuple[str, Path]], found: ImageFolders, tree: Tree) -> Files:
    """The images of a split, class after class."""
    numbers = {name: number for number, name in enumerate(found.class_names)}
    files = Files([], [])
    for name, folder in sorted(folders, key=lambda named: (numbers.get(named[0], -1), named[1])):
        paths = tree.images(folder)
        if name not in numbers and paths:
            near = nearest(name, found.class_names)
            known = f"name it as one of those of train: {listed(found.class_names)}"
            fix = f"is it {near}? rename it" if near else known
            rule = "is a class that train does not have"
            found.problems.append(Problem("unknown class", folder, rule, f"{fix}; else add images of it to train"))
        elif split == "train" and not paths:
            fix = f"add some, with names that end in {listed(EXTENSIONS, most=9)}, or remove the folder"
            found.problems.append(Problem("empty class", folder, "holds no images", fix))
        elif paths:
            files.paths.extend(paths)
            files.targets.extend([numbers[name]] * len(paths))
    return files


def _one_class(root: Path, classes: list[tuple[str, Path]], tree: Tree) -> Problem:
    rule = f"must hold two class folders or more, got {len({name for name, _ in classes})}"
    fix = "sort the images into a folder for each class, such as cat/1.png and dog/1.png"
    for _, folder in classes:
        if len(below := tree.level(folder).folders) > 1:
            names = listed([place.name for place in below], most=3)
            fix = f"pass the folder {folder} if the classes are {names}, else {fix}"
    return Problem("one class", root, rule, fix)


def _about_classes(found: ImageFolders) -> list[str]:
    """What should be known of the classes: those that a split lacks, and those that are hardly told apart."""
    alike = lookalikes(found.class_names)
    notes = [f"classes {' and '.join(names)} look alike, and are not the same" for names in alike]
    for split, files in found.files.items():
        there = set(files.targets)
        lacking = [name for number, name in enumerate(found.class_names) if number not in there]
        if split != "train" and not there:
            notes.append(f"{split} holds no images: remove its folder, and some of train are drawn for it")
        elif split != "train" and lacking:
            notes.append(f"{split} has no image of class {listed(lacking, most=5)}")
    return notes


def drawn_notes(found: ImageFolders, files: Mapping[str, Files]) -> list[str]:
    """What is to be said of classes with too few images for the splits that were drawn."""
    targets = {split: own.targets for split, own in files.items()}
    drawn = [split for split in ("val", "test") if split not in found.files]
    return lone_classes(targets, found.class_names, drawn, "image")
